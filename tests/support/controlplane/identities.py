"""Who may talk to the plane: static tokens, and a kubeconfig file for each identity.

The API server reads its token file once, when it starts, so all identities are named before. For more of them later,
ask for a service account's token or impersonate as the admin.
"""

import base64
import csv
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Identity:
    """A user name and its groups, as RBAC sees them; the token is what the user shows."""

    name: str
    groups: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


ADMIN = "admin"
CONTROLLER_MANAGER = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"


def make_own_identities() -> list[Identity]:
    """Return the admin and the two components; Kubernetes' bootstrap roles bind the latter by name."""
    return [Identity(ADMIN, ("system:masters",)), Identity(CONTROLLER_MANAGER), Identity(SCHEDULER)]


def write_tokens(path: Path, identities: Iterable[Identity]) -> None:
    """Write the API server's ``--token-auth-file``: token, user, uid, groups."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([who.token, who.name, who.name, ",".join(who.groups)] for who in identities)


def write_kubeconfig(directory: Path, who: Identity, *, server: str, ca: Path, namespace: str) -> Path:
    """Write a file with everything inside, so that it may be copied; JSON, which is YAML too."""
    path = directory / f"{who.name.replace(':', '_').replace('/', '_')}.{namespace}.kubeconfig"
    if not path.exists():
        # Renamed into place: another thread's kubectl may be about to read it.
        unfinished = path.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.write_text(json.dumps(_render_kubeconfig(who, server, ca, namespace), indent=1))
        unfinished.rename(path)
    return path


def _render_kubeconfig(who: Identity, server: str, ca: Path, namespace: str) -> dict[str, Any]:
    authority = base64.b64encode(ca.read_bytes()).decode()
    context = {"cluster": "controlplane", "user": who.name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "controlplane", "cluster": {"server": server, "certificate-authority-data": authority}},
        ],
        "users": [{"name": who.name, "user": {"token": who.token}}],
        "contexts": [{"name": "controlplane", "context": context}],
        "current-context": "controlplane",
    }
