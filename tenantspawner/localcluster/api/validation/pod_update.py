"""What may change of a pod that is there: images, deadlines, more tolerations, fewer scheduling gates.

Source: ``ValidatePodUpdate`` of Kubernetes 1.36. It adds a diff in Go's own format to its words, which is left out here.
"""

from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_MAY = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)
_COUNTED = ("containers", "initContainers")


def problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change that way."""
    spec, before = new["spec"], old["spec"]
    for key in _COUNTED:
        if len(spec.get(key, [])) != len(before.get(key, [])):
            yield FieldProblem.forbidden(f"spec.{key}", "pod updates may not add or remove containers")
            return
    yield from _deadline(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    if any(toleration not in spec.get("tolerations", []) for toleration in before.get("tolerations", [])):
        words = "existing toleration can not be modified except its tolerationSeconds"
        yield FieldProblem.forbidden("spec.tolerations", words)
    gates = before.get("schedulingGates", [])
    for index, gate in enumerate(spec.get("schedulingGates", [])):
        if gate not in gates:
            where = f"spec.schedulingGates[{index}].name"
            yield FieldProblem.forbidden(
                where, "only deletion is allowed, but found new scheduling gate '" + gate["name"] + "'"
            )
    if _fixed(spec, gated=bool(gates)) != _fixed(before, gated=bool(gates)):
        yield FieldProblem.forbidden("spec", _MAY)


def _deadline(new: int | None, old: int | None) -> Iterator[FieldProblem]:
    if old is None:
        return
    if new is None:
        words = "must not update from a positive integer to nil value"
        yield FieldProblem.invalid("spec.activeDeadlineSeconds", None, words)
    elif new > old:
        yield FieldProblem.invalid("spec.activeDeadlineSeconds", new, "must be less than or equal to previous value")


def _fixed(spec: Object, *, gated: bool) -> Object:
    """Return the part of a spec that stays as it is; a gated pod's place may still be narrowed."""
    free = {"activeDeadlineSeconds", "tolerations", "schedulingGates"} | (
        {"nodeSelector", "affinity"} if gated else set()
    )
    fixed = {key: value for key, value in spec.items() if key not in free and value not in ([], {})}
    for key in _COUNTED:
        if key in fixed:
            fixed[key] = [{name: part for name, part in one.items() if name != "image"} for one in fixed[key]]
    return fixed


def status_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a pod's status."""
    before, now = (obj.get("status", {}).get("qosClass") for obj in (old, new))
    if before and now != before:
        yield FieldProblem.invalid("status.qosClass", now, "field is immutable")
