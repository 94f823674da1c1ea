"""Amounts of a pod under a tenancy: as Kubernetes writes them, and with room for what is asked for.

Settings hold numbers (bytes, cores); in the pod they are quantities, exact and in their shortest form. Where the
namespace's default limit would be below a container's request, the container gets a limit of its own: the API server
would refuse the pod as "must be less than or equal to cpu limit", in words nobody understands.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from tenantspawner.kube.limitranges import container_defaults
from tenantspawner.kube.quantities import format as written
from tenantspawner.plan.containers import amount, each_container
from tenantspawner.plan.models import Manifest


def with_written_amounts(pod: Manifest) -> Manifest:
    """Return the pod with every amount as a quantity: ``4Gi``, ``250m``."""
    return {**pod, "spec": each_container(pod["spec"], _written)}


def with_room(pod: Manifest, limit_range: Manifest) -> Manifest:
    """Return the pod with a limit wherever the default of `limit_range` is less than what is requested."""
    defaults = container_defaults(limit_range)["limits"]
    return {**pod, "spec": each_container(pod["spec"], partial(_with_room, defaults=defaults))}


def _written(container: Manifest) -> Manifest:
    said = container.get("resources") or {}
    parts = {
        key: {name: _text(value) for name, value in said[key].items()}
        for key in ("requests", "limits")
        if said.get(key)
    }
    return {**container, "resources": {**said, **parts}} if parts else container


def _text(quantity: Any) -> str:
    value = amount(quantity)
    return str(quantity) if value is None else written(value)


def _with_room(container: Manifest, defaults: Mapping[str, Any]) -> Manifest:
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    zero = Decimal(0)
    raised = {
        name: requests[name]
        for name, default in defaults.items()
        if name in requests and name not in limits and (amount(requests[name]) or zero) > (amount(default) or zero)
    }
    return {**container, "resources": {**resources, "limits": {**limits, **raised}}} if raised else container
