"""What the API server charges a pod for: the sum of its containers, or an init container where that is more.

A sidecar (an init container with ``restartPolicy: Always``) runs beside everything after it, so it counts with the
containers and with each later init container. Overhead comes on top. A missing request is the limit, as the API
server defaults it. Exact decimal arithmetic throughout.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tenantspawner.kube.quantities import parse

Amounts = dict[str, Decimal]
_NOTHING = Decimal(0)


def charge(spec: Mapping[str, Any]) -> Amounts:
    """What a pod's spec counts for in a ResourceQuota: ``limits.<resource>`` and ``requests.<resource>``.

    Raises
    ------
    ValueError
        An amount is no quantity.
    """
    charged: Amounts = {}
    for kind in ("limits", "requests"):
        total = _total(spec, kind)
        charged.update({f"{kind}.{resource}": amount for resource, amount in total.items()})
    return charged


def _total(spec: Mapping[str, Any], kind: str) -> Amounts:
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        asked = _asked(container, kind)
        if container.get("restartPolicy") == "Always":
            sidecars = _sum((sidecars, asked))
            peak = _most(peak, sidecars)
        else:
            peak = _most(peak, _sum((sidecars, asked)))
    running = _sum((sidecars, *(_asked(container, kind) for container in spec.get("containers") or ())))
    overhead = {resource: parse(str(amount)) for resource, amount in (spec.get("overhead") or {}).items()}
    return _sum((_most(peak, running), overhead))


def _asked(container: Mapping[str, Any], kind: str) -> Amounts:
    resources = container.get("resources") or {}
    said = dict(resources.get(kind) or {})
    if kind == "requests":
        said = {**(resources.get("limits") or {}), **said}
    return {resource: parse(str(amount)) for resource, amount in said.items() if amount is not None}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, _NOTHING) + amount
    return total


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {key: max(one.get(key, _NOTHING), other.get(key, _NOTHING)) for key in one.keys() | other.keys()}
