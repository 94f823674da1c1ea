"""What the API server charges a pod for, computed as it does it, in exact decimal arithmetic.

First its defaults: amounts are rounded up to thousandths, a request that is missing is the limit, and a pod that says
as a whole what it is limited to requests that too. Then the namespace's limit ranges fill what is still open. Then the sum: the
containers run together; an init container runs alone before them, beside the sidecars (init containers that restart
always) started so far; the larger of the two counts. Amounts for the whole pod stand in for the sum, and the overhead
comes on top, for limits where there is one. A container that is being resized counts with the largest of what is asked,
allocated and in use; a resize found infeasible counts all the same, which errs towards less being free.

Source: Kubernetes 1.36, k8s.io/component-helpers/resource/helpers.go, pkg/apis/core/v1/defaults.go and
pkg/quota/v1/evaluator/core/pods.go. A test compares with a real API server's ``status.used``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Context, Decimal
from typing import Any

from tenantspawner.kube.limitranges import container_defaults
from tenantspawner.kube.quantities import parse

Amounts = dict[str, Decimal]
_PARTS = ("limits", "requests")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_ENDED = ("Succeeded", "Failed")
_NOTHING = Decimal(0)
_ONE = Decimal(1)
_MILLI = Decimal("0.001")
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one container, or the pod as a whole, asks for."""

    name: str
    sidecar: bool
    amounts: Mapping[str, Amounts]  # by part

    def filled(self, defaults: Mapping[str, Amounts]) -> "_Asked":
        filled = {part: {**defaults.get(part, {}), **self.amounts[part]} for part in _PARTS}
        return _Asked(self.name, self.sidecar, filled)


def charge(spec: Mapping[str, Any], limit_ranges: Iterable[Mapping[str, Any]] = ()) -> Amounts:
    """What a pod's spec counts for: ``limits.<resource>`` and ``requests.<resource>``, for every resource it names.

    Parameters
    ----------
    limit_ranges
        The LimitRange objects of the namespace, whose defaults are applied first; none for a pod that exists.

    Raises
    ------
    ValueError
        An amount is no quantity.
    """
    return _charge(spec, {}, limit_ranges)


def in_quota(pod: Mapping[str, Any], limit_ranges: Iterable[Mapping[str, Any]] = ()) -> Amounts:
    """What a pod counts for under each key a ResourceQuota may have for it.

    A pod that has ended counts only as ``count/pods``. One that is being deleted counts until it is gone, although the
    API server lets go of it once its grace period is over: that errs towards less being free.

    Raises
    ------
    ValueError
        An amount is no quantity.
    """
    status = pod.get("status") or {}
    counted = {"count/pods": _ONE}
    if status.get("phase") in _ENDED:
        return counted
    charged = _charge(pod.get("spec") or {}, status, limit_ranges)
    return counted | {"pods": _ONE} | {key: amount for name, amount in charged.items() for key in _quota_keys(name)}


def of_containers(
    spec: Mapping[str, Any], limit_ranges: Iterable[Mapping[str, Any]] = ()
) -> list[Mapping[str, Amounts]]:
    """What each container asks for by ``limits`` and ``requests``, defaults included; those that run first, then init containers."""
    found = [_read(container) for key in ("containers", "initContainers") for container in spec.get(key) or ()]
    for defaults in map(container_defaults, limit_ranges):
        amounts = {part: _rounded(values) for part, values in defaults.items()}
        found = [container.filled(amounts) for container in found]
    return [container.amounts for container in found]


def is_extended(resource: str) -> bool:
    """Whether a resource is a device or other extended resource, which quotas count only by its requests."""
    return "/" in resource and ("kubernetes.io/" not in resource or resource.startswith("deviceclass.resource."))


def _quota_keys(charged: str) -> tuple[str, ...]:
    part, _, resource = charged.partition(".")
    if resource in _COMPUTE:
        return (charged, resource) if part == "requests" else (charged,)
    if part == "requests" and resource.startswith("hugepages-"):
        return charged, resource
    return (charged,) if part == "requests" and is_extended(resource) else ()


def _charge(spec: Mapping[str, Any], status: Mapping[str, Any], limit_ranges: Iterable[Mapping[str, Any]]) -> Amounts:
    running = [_read(container) for container in spec.get("containers") or ()]
    before = [_read(container) for container in spec.get("initContainers") or ()]
    whole = _whole(spec, before, running)
    for defaults in map(container_defaults, limit_ranges):
        amounts = {part: _rounded(values) for part, values in defaults.items()}
        running = [container.filled(amounts) for container in running]
        before = [container.filled(amounts) for container in before]
    used = _resizing(status)
    overhead = _rounded(spec.get("overhead") or {})
    charged: Amounts = {}
    for part in _PARTS:
        total = _together(before, running, part, used.get(part, {})) | whole[part]
        extra = {name: amount for name, amount in overhead.items() if part == "requests" or total.get(name)}
        charged |= {f"{part}.{name}": amount for name, amount in _sum((total, extra)).items()}
    return charged


def _read(container: Mapping[str, Any]) -> _Asked:
    resources = container.get("resources") or {}
    limits = _rounded(resources.get("limits") or {})
    requests = {**limits, **_rounded(resources.get("requests") or {})}
    sidecar = container.get("restartPolicy") == "Always"
    return _Asked(str(container.get("name", "")), sidecar, {"limits": limits, "requests": requests})


def _rounded(values: Mapping[str, Any]) -> Amounts:
    read = {str(name): parse(str(amount)) for name, amount in values.items() if amount is not None}
    return {name: amount if amount == int(amount) else _up(amount) for name, amount in read.items()}


def _up(amount: Decimal) -> Decimal:
    return amount.quantize(_MILLI, rounding=ROUND_UP, context=_EXACT).normalize(_EXACT)


def _whole(spec: Mapping[str, Any], before: list[_Asked], running: list[_Asked]) -> Mapping[str, Amounts]:
    """What the pod says for all its containers together, with the API server's defaults."""
    resources = spec.get("resources") or {}
    limits, requests = (_rounded(resources.get(part) or {}) for part in _PARTS)
    if not limits and not requests:
        return {"limits": {}, "requests": {}}
    for name, amount in _together(before, running, "limits", {}).items():
        if name.startswith("hugepages-") and name not in requests:
            limits.setdefault(name, amount)
    if limits:
        for name, amount in _together(before, running, "requests", {}).items():
            if name in {"cpu", "memory"}:
                requests.setdefault(name, amount)
        requests = {**limits, **requests}
    return {"limits": _for_pods(limits), "requests": _for_pods(requests)}


def _for_pods(amounts: Amounts) -> Amounts:
    return {
        name: amount for name, amount in amounts.items() if name in {"cpu", "memory"} or name.startswith("hugepages-")
    }


def _together(before: list[_Asked], running: list[_Asked], part: str, used: Mapping[str, Amounts]) -> Amounts:
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in before:
        amounts = container.amounts[part]
        if container.sidecar:
            sidecars = _sum((sidecars, _most(amounts, used.get(container.name, {}))))
            peak = _most(peak, sidecars)
        else:
            peak = _most(peak, _sum((sidecars, amounts)))
    asked = (_most(item.amounts[part], used.get(item.name, {})) for item in running)
    return _most(peak, _sum((sidecars, *asked)))


def _resizing(status: Mapping[str, Any]) -> Mapping[str, Mapping[str, Amounts]]:
    """What containers have by the kubelet's word, by part and container; it differs from what is asked in a resize."""
    found: dict[str, dict[str, Amounts]] = {part: {} for part in _PARTS}
    for container in _statuses(status):
        name, resources = str(container.get("name", "")), container["resources"]
        for part in _PARTS:
            found[part][name] = _rounded(resources.get(part) or {})
        allocated = _rounded(container.get("allocatedResources") or {})
        found["requests"][name] = _most(found["requests"][name], allocated)
    return found


def _statuses(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(key) or ():
            if container.get("resources"):
                yield container


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, _NOTHING) + amount
    return total


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {key: max(one.get(key, _NOTHING), other.get(key, _NOTHING)) for key in one.keys() | other.keys()}
