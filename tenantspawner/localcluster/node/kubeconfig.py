"""A kubeconfig file, read into an `Access`: server, CA, and a token or a client certificate.

Inline certificates are written into a directory of the caller's, readable for nobody else, because TLS wants
files. Plugins that fetch credentials are not run.
"""

import base64
from pathlib import Path
from typing import Any

import yaml

from tenantspawner.localcluster.node.client import Access


def read_kubeconfig(file: Path, keep_in: Path, context: str | None = None) -> Access:
    """Read the access of one context, the current one unless named.

    Raises
    ------
    ValueError
        A part is missing, with a sentence that names it.
    """
    try:
        return _access(_read(file), file, keep_in, context)
    except KeyError as missing:
        raise ValueError(f"{file}: it lacks {missing}") from None
    except (TypeError, AttributeError):
        raise ValueError(f"{file}: its parts are not as kubeconfigs are") from None


def _access(config: dict[str, Any], file: Path, keep_in: Path, context: str | None) -> Access:
    chosen = _named(config, "contexts", "context", context or config.get("current-context", ""))
    cluster = _named(config, "clusters", "cluster", chosen["cluster"])
    user = _named(config, "users", "user", chosen["user"])
    if "exec" in user or "auth-provider" in user:
        raise ValueError(f"{file}: the user {chosen['user']} needs a plugin; give a token or a client certificate")
    files = {
        name: _file(entry, name, file, keep_in)
        for entry, name in (
            (cluster, "certificate-authority"),
            (user, "client-certificate"),
            (user, "client-key"),
        )
    }
    certificate, key = files["client-certificate"], files["client-key"]
    token = user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else "")
    return Access(
        url=cluster["server"].rstrip("/"),
        token=token,
        ca_file=files["certificate-authority"],
        client_cert=(certificate, key) if certificate and key else None,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )


def _read(file: Path) -> dict[str, Any]:
    """Read the file; the loader's own texts hold lines of it, and so perhaps a token."""
    try:
        config = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        config = None
    if not isinstance(config, dict):
        raise ValueError(f"{file} is not a kubeconfig")  # noqa: TRY004  # as for any other part that is missing
    return config


def _named(config: dict[str, Any], many: str, one: str, name: str) -> dict[str, Any]:
    for entry in config.get(many) or ():
        if entry["name"] == name:
            return dict(entry[one])
    raise ValueError(f"the kubeconfig has no {one} named {name!r}")


def _file(entry: dict[str, Any], name: str, kubeconfig: Path, keep_in: Path) -> Path | None:
    if data := entry.get(f"{name}-data"):
        keep_in.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = keep_in / f"{name}.pem"
        target.touch(mode=0o600)
        target.write_bytes(base64.b64decode(data))
        return target
    return (kubeconfig.parent / entry[name]) if name in entry else None
