"""tenantspawner: a JupyterHub spawner for Kubernetes that manages many tenants.

Importing this package is cheap: the spawner itself is loaded when it is first asked for,
because the pure packages are also used by the command line tool, which needs no hub.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantspawner.spawner import TenantSpawner

__version__ = "0.1.0.dev0"
__all__ = ["TenantSpawner", "__version__"]


def __getattr__(name: str) -> object:
    if name == "TenantSpawner":
        from tenantspawner.spawner import TenantSpawner

        return TenantSpawner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
