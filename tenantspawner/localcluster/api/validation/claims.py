"""Volume claims: what is asked for, and that it stays so once bound."""

from collections.abc import Iterator
from typing import Any

from tenantspawner.kube import quantities
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def problems(claim: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a claim."""
    spec = claim.get("spec", {})
    if not spec.get("accessModes"):
        yield FieldProblem.required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes", []):
        if mode not in _MODES:
            yield FieldProblem.not_supported("spec.accessModes", mode, _MODES)
    storage = spec.get("resources", {}).get("requests", {}).get("storage")
    if storage is None:
        yield FieldProblem.required("spec.resources[storage]")
    elif quantities.parse(storage) <= 0:
        yield FieldProblem.invalid("spec.resources[storage]", storage, "must be greater than zero")


def update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a claim: a bound one may grow, and an unbound one may be bound."""
    bound = old.get("status", {}).get("phase") == "Bound"
    if _fixed(new, old, bound=bound) != _fixed(old, old, bound=bound):
        yield FieldProblem.forbidden("spec", _FIXED)
    size, before = (obj["spec"].get("resources", {}).get("requests", {}).get("storage") for obj in (new, old))
    if bound and size and before and quantities.parse(size) < quantities.parse(before):
        words = "field can not be less than status.capacity"
        yield FieldProblem.forbidden("spec.resources.requests.storage", words)


def _fixed(claim: Object, old: Object, *, bound: bool) -> Object:
    free = {"resources"} if bound else set()
    if not old["spec"].get("volumeName"):
        free.add("volumeName")
    if not old["spec"].get("storageClassName"):
        free.add("storageClassName")
    return {key: value for key, value in claim["spec"].items() if key not in free}
