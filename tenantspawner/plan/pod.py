"""The pod of one server, as plain JSON.

For the same settings it is KubeSpawner's pod, field by field: what the API server would get from it,
it gets from us. A test renders both and compares. Template fields are filled here, once.
"""

from typing import Any

from tenantspawner.plan.settings import PodSettings, ServerContext


def pod(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the manifest of the pod of `server`.

    Raises
    ------
    Misconfigured
        Names the setting whose value cannot be used.
    """
    raise NotImplementedError
