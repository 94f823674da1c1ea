"""Services and network policies."""

from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICY_TYPES = ("Ingress", "Egress")
_LAST_PORT = 65535


def service_problems(service: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a service."""
    spec = service.get("spec", {})
    ports = spec.get("ports", [])
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield FieldProblem.required("spec.ports")
    if spec.get("type") not in _TYPES:
        yield FieldProblem.not_supported("spec.type", spec.get("type", ""), _TYPES)
    seen: set[str] = set()
    for index, port in enumerate(ports):
        where = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield FieldProblem.required(f"{where}.name")
        elif name in seen:
            yield FieldProblem.duplicate(f"{where}.name", name)
        seen.add(name)
        if not 0 < port.get("port", 0) <= _LAST_PORT:
            words = "must be between 1 and 65535, inclusive"
            yield FieldProblem.invalid(f"{where}.port", port.get("port", 0), words)


def service_update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield that a service keeps its address."""
    address, before = new["spec"].get("clusterIP", ""), old["spec"].get("clusterIP", "")
    if before and address != before:
        addresses = [address]
        yield FieldProblem.invalid("spec.clusterIPs[0]", addresses, "may not change once set")


def policy_problems(policy: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a network policy."""
    spec = policy.get("spec", {})
    for index, kind in enumerate(spec.get("policyTypes", [])):
        if kind not in _POLICY_TYPES:
            yield FieldProblem.not_supported(f"spec.policyTypes[{index}]", kind, _POLICY_TYPES)
