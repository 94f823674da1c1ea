"""The cluster's own certificate authority and the server's certificate, made anew for each cluster."""

import ssl
from pathlib import Path

import trustme

HOSTS = ("localhost", "127.0.0.1", "::1", "kubernetes.default.svc")


def make_certificates(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the server's TLS context and the file that holds the authority's certificate."""
    authority = trustme.CA(organization_name="tenantspawner embedded cluster")
    certificate = authority.issue_cert(*HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca_file = directory / "ca.crt"
    authority.cert_pem.write_to_path(ca_file)
    return context, ca_file
