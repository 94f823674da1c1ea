"""Room for what a container asks for: a limit of its own where the namespace's default would be below its request.

The API server would refuse such a pod as "must be less than or equal to cpu limit", in words nobody understands.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tenantspawner.kube.limitranges import container_defaults
from tenantspawner.kube.quantities import parse
from tenantspawner.plan.harden import each_container
from tenantspawner.plan.models import Manifest


def with_room(pod: Manifest, limit_range: Manifest) -> Manifest:
    """Return the pod with a limit wherever the default of `limit_range` is less than what is requested."""
    defaults = container_defaults(limit_range)["limits"]
    return {**pod, "spec": each_container(pod["spec"], partial(_with_room, defaults=defaults))}


def _with_room(container: Manifest, defaults: Mapping[str, Any]) -> Manifest:
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    raised = {
        name: requests[name]
        for name, default in defaults.items()
        if name in requests and name not in limits and _amount(requests[name]) > _amount(default)
    }
    return {**container, "resources": {**resources, "limits": {**limits, **raised}}} if raised else container


def _amount(quantity: Any) -> Any:
    return parse(str(quantity))
