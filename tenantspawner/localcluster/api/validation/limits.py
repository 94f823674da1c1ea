"""Quotas, limit ranges and leases."""

from collections.abc import Iterator
from typing import Any

from tenantspawner.kube import quantities
from tenantspawner.localcluster.api.names import qualified
from tenantspawner.localcluster.api.validation.amounts import COMPUTE, is_extended, quota_resource_problems
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_SCOPES = {
    "BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass", "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
}  # fmt: skip
_OF_PODS = COMPUTE | {f"{kind}.{name}" for kind in ("requests", "limits") for name in COMPUTE}


def quota_problems(quota: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a quota."""
    spec = quota.get("spec", {})
    yield from quota_resource_problems(spec.get("hard", {}), "spec.hard")
    scopes = spec.get("scopes", [])
    if not set(scopes) <= _SCOPES:
        yield FieldProblem.invalid("spec.scopes", scopes, "unsupported scope")
    elif scopes and not all(_is_scoped(name, scopes) for name in spec.get("hard", {})):
        yield FieldProblem.invalid("spec.scopes", scopes, "unsupported scope applied to resource")


def _is_scoped(name: str, scopes: list[str]) -> bool:
    """Whether a scope can be said of a resource: all of pods, but only their number where none of them asks for any."""
    if name in {"pods", "count/pods"}:
        return True
    return "BestEffort" not in scopes and (name in _OF_PODS or is_extended(name.removeprefix("requests.")))


def quota_update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a quota."""
    scopes = new.get("spec", {}).get("scopes", [])
    if scopes != old.get("spec", {}).get("scopes", []):
        yield FieldProblem.invalid("spec.scopes", scopes, "field is immutable")


def limit_range_problems(limits: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a limit range: bounds and defaults that contradict each other."""
    seen: set[str] = set()
    for index, item in enumerate(limits.get("spec", {}).get("limits", [])):
        where = f"spec.limits[{index}]"
        kind = item.get("type", "")
        for words in qualified(kind):
            yield FieldProblem.invalid(f"{where}.type", kind, words)
        if kind in seen:
            yield FieldProblem.duplicate(f"{where}.type", kind)
        seen.add(kind)
        if kind == "Pod":
            for key in ("default", "defaultRequest"):
                if item.get(key):
                    yield FieldProblem.forbidden(f"{where}.{key}", "may not be specified when `type` is 'Pod'")
        names = {name for key in ("max", "min", "default", "defaultRequest") for name in item.get(key, {})}
        for name in sorted(names):
            yield from _contradictions(item, name, where)


def _contradictions(item: Object, name: str, where: str) -> Iterator[FieldProblem]:
    texts = {key: item.get(key, {}).get(name) for key in ("max", "min", "default", "defaultRequest")}
    amounts = {key: quantities.parse(text) for key, text in texts.items() if text is not None}

    def above(one: str, other: str) -> bool:
        return one in amounts and other in amounts and amounts[one] > amounts[other]

    if above("min", "max"):
        words = f"min value {texts['min']} is greater than max value {texts['max']}"
        yield FieldProblem.invalid(f"{where}.min[{name}]", texts["min"], words)
    request, default = f"{where}.defaultRequest[{name}]", f"{where}.default[{name}]"
    if above("min", "defaultRequest"):
        words = f"min value {texts['min']} is greater than default request value {texts['defaultRequest']}"
        yield FieldProblem.invalid(request, texts["defaultRequest"], words)
    if above("defaultRequest", "max"):
        words = f"default request value {texts['defaultRequest']} is greater than max value {texts['max']}"
        yield FieldProblem.invalid(request, texts["defaultRequest"], words)
    if above("defaultRequest", "default"):
        words = (
            f"default request value {texts['defaultRequest']} is greater than default limit value {texts['default']}"
        )
        yield FieldProblem.invalid(request, texts["defaultRequest"], words)
    if above("min", "default"):
        words = f"min value {texts['min']} is greater than default value {texts['default']}"
        yield FieldProblem.invalid(default, texts["min"], words)
    if above("default", "max"):
        words = f"default value {texts['default']} is greater than max value {texts['max']}"
        yield FieldProblem.invalid(default, texts["max"], words)


def lease_problems(lease: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a lease."""
    spec = lease.get("spec", {})
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield FieldProblem.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    transitions = spec.get("leaseTransitions")
    if transitions is not None and transitions < 0:
        yield FieldProblem.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")
