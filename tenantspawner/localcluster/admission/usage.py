"""What one object costs in the currency of quotas, and which of a quota's resources it touches.

One evaluator for pods, claims and services each; every other kind is counted (``count/…``, some also by
an older short name). Used twice, by admission before an object exists and by the quota controller
when it counts afresh, so that both always agree.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from tenantspawner.kube.kinds import (
    CONFIG_MAP,
    EVENT,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RESOURCE_QUOTA,
    SECRET,
    SERVICE,
    Kind,
)
from tenantspawner.localcluster.admission.resources import pod_limits, pod_requests
from tenantspawner.localcluster.amounts import ONE, ZERO, Amount, Amounts
from tenantspawner.localcluster.attributes import resource_name

Json = dict[str, Any]
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_RESOURCES = frozenset(
    {"count/pods", "pods", *_COMPUTE, *(f"{part}.{name}" for part in ("requests", "limits") for name in _COMPUTE)}
)
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"
_BY_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_CLAIM_RESOURCES = ("persistentvolumeclaims", "requests.storage")
_SERVICE_RESOURCES = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})
_SHORT_NAMES = {CONFIG_MAP: "configmaps", SECRET: "secrets", RESOURCE_QUOTA: "resourcequotas"}


@dataclass(frozen=True, slots=True)
class Evaluator:
    """How one kind is charged: `touches` says which resource names it concerns, `usage` what an object costs."""

    kind: Kind
    touches: Callable[[str], bool]
    usage: Callable[[Json], Amounts]

    def matching(self, names: Iterable[str]) -> list[str]:
        """Return those of the resource names that this kind is charged to."""
        return [name for name in names if self.touches(name)]


def evaluator(kind: Kind) -> Evaluator | None:
    """Return how a kind is charged; None for what no quota counts (events, what is not namespaced)."""
    if kind == EVENT or not kind.namespaced:
        return None
    if kind in _SPECIAL:
        return _SPECIAL[kind]
    counted = {f"count/{resource_name(kind)}", _SHORT_NAMES.get(kind, "")} - {""}
    return Evaluator(kind, counted.__contains__, lambda _: dict.fromkeys(counted, ONE))


def is_charged(pod: Json, now: float | None = None) -> bool:
    """Whether a pod's resources count: not once it has ended, nor when its grace period is over."""
    if (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
        return False
    metadata = pod["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("deletionGracePeriodSeconds") is None:
        return True
    due = datetime.fromisoformat(metadata["deletionTimestamp"]).timestamp() + metadata["deletionGracePeriodSeconds"]
    return bool((time.time() if now is None else now) <= due)


def container_charges(requests: Amounts, limits: Amounts) -> Amounts:
    """Return requests and limits under all the names a quota may use for them."""
    charges = {"pods": ONE}
    for name in _COMPUTE:
        if name in requests:
            charges[name] = charges[f"requests.{name}"] = requests[name]
        if name in limits:
            charges[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            charges[name] = charges[f"requests.{name}"] = amount
        elif _is_extended(name):
            charges[f"requests.{name}"] = amount
    return charges


def _pod_usage(pod: Json) -> Amounts:
    usage = {"count/pods": ONE}
    return usage | container_charges(pod_requests(pod), pod_limits(pod)) if is_charged(pod) else usage


def _touches_pod(name: str) -> bool:
    extended = name.removeprefix("requests.") if name.startswith("requests.") else ""
    return name in _POD_RESOURCES or name.startswith(_HUGE_PAGES) or _is_extended(extended)


def _is_extended(name: str) -> bool:
    return name.startswith(_DEVICE_CLASS) or ("/" in name and "kubernetes.io/" not in name)


def _claim_usage(claim: Json) -> Amounts:
    usage = {"persistentvolumeclaims": ONE, "count/persistentvolumeclaims": ONE}
    spec = claim["spec"]
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is not None:
        amount = Amount.read(str(asked))
        usage["requests.storage"] = Amount(amount.value.to_integral_value(ROUND_CEILING), amount.notation)
    if spec.get("storageClassName"):
        prefix = f"{spec['storageClassName']}{_BY_STORAGE_CLASS}"
        usage |= {prefix + name: usage[name] for name in _CLAIM_RESOURCES if name in usage}
    return usage


def _touches_claim(name: str) -> bool:
    resource = name.rpartition(_BY_STORAGE_CLASS)[2]
    return name == "count/persistentvolumeclaims" or resource in _CLAIM_RESOURCES


def _service_usage(service: Json) -> Amounts:
    spec = service.get("spec") or {}
    ports, kind = spec.get("ports") or (), spec.get("type", "ClusterIP")
    balanced = kind == "LoadBalancer"
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    return {
        "services": ONE,
        "count/services": ONE,
        "services.loadbalancers": ONE if balanced else ZERO,
        "services.nodeports": Amount(Decimal(len(ports))) if balanced or kind == "NodePort" else ZERO,
    }


_SPECIAL = {
    POD: Evaluator(POD, _touches_pod, _pod_usage),
    PERSISTENT_VOLUME_CLAIM: Evaluator(PERSISTENT_VOLUME_CLAIM, _touches_claim, _claim_usage),
    SERVICE: Evaluator(SERVICE, _SERVICE_RESOURCES.__contains__, _service_usage),
}
