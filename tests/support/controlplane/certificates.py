"""The plane's own certificate authority, the API server's certificate, and the key that signs service account tokens.

Everything is new with each plane and lies in its directory. The API server would make a self-signed certificate, but
clients should verify as they do in production: against a CA file.
"""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# The names and the service address that pods use, and what we use ourselves.
SERVER_NAMES = ("localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1")


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files."""

    ca: Path
    server: Path
    server_key: Path
    accounts_key: Path
    accounts_public: Path


def write_certificates(directory: Path) -> Certificates:
    """Make all of them in a new directory."""
    directory.mkdir()
    files = Certificates(*(directory / f"{name}.pem" for name in ("ca", "server", "server-key", "sa", "sa-pub")))
    authority = trustme.CA(organization_name="tenantspawner tests")
    server = authority.issue_cert(*SERVER_NAMES)
    authority.cert_pem.write_to_path(files.ca)
    server.private_key_pem.write_to_path(files.server_key)
    for block in server.cert_chain_pems:
        block.write_to_path(files.server, append=True)
    _write_accounts_key(files)
    return files


def _write_accounts_key(files: Certificates) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.TraditionalOpenSSL
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    files.accounts_key.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()))
    files.accounts_public.write_bytes(key.public_key().public_bytes(pem, public))
