"""The example university: seven people with one password, and where its tenancy document is.

The groups are what a real authenticator would bring; here they stand in the hub's configuration.
"""

from importlib.resources import files
from pathlib import Path

PASSWORD = "university"  # noqa: S105 - everybody's, printed at the start, on this machine only

GROUPS = {
    "physics": ["alice", "bob"],
    "physics-leads": ["prof"],
    "biology": ["carol", "dave"],
    "humanities": ["dave", "erin", "frank"],
}
PEOPLE = {
    "alice": "Physics, up to 4 GPUs of her own",
    "bob": "Physics, GPUs within the department's budget",
    "prof": "Physics, leads the department",
    "carol": "Biology, one GPU at a time",
    "dave": "Biology and Humanities: chooses the department in the form",
    "erin": "Humanities, no GPUs",
    "frank": "Humanities, no GPUs",
}

HUB_CONFIG = f"""
from jupyterhub.auth import DummyAuthenticator
c.JupyterHub.authenticator_class = DummyAuthenticator
c.DummyAuthenticator.password = {PASSWORD!r}
c.TenantSpawner.hub_cluster_role = "tenantspawner-hub-namespace"
c.Authenticator.allowed_users = {sorted(PEOPLE)!r}
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in {GROUPS!r}.items()}}
c.JupyterHub.template_vars = {{"announcement_login": "This is a demo. Everybody's password is {PASSWORD}."}}
"""


def data_file(name: str) -> Path:
    """A file of ``profiles/`` or ``rbac/``: from the wheel's data, or from the source tree."""
    package = Path(str(files("tenantspawner")))
    for root in (package / "data", package.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is neither in the installed package nor in the source tree")


def university() -> str:
    """The tenancy document of the example."""
    return data_file("profiles/university.yaml").read_text()
