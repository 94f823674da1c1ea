"""Resource quotas, the last word of admission: an object is charged before it exists.

Only ``status.hard`` counts, not ``spec.hard``: a quota the controller has not looked at yet limits
nothing. All quotas of the namespace are asked first; only when all agree is ``status.used``
written, before the object itself. Whatever refuses the object after that leaves it charged, until the
controller counts afresh.
"""

from collections.abc import Iterator
from typing import Any

from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SERVICE
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.admission.resources import has_pod_level_resources
from tenantspawner.localcluster.admission.scopes import in_scope
from tenantspawner.localcluster.admission.usage import Evaluator, container_charges, evaluator
from tenantspawner.localcluster.amounts import ZERO, Amount, Amounts, only, read, total, write
from tenantspawner.localcluster.attributes import Attributes
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
_MUST_BE_SET = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"},
)


def charge(attributes: Attributes, store: Store) -> None:
    """Charge the object to every quota that counts it, or refuse it and charge nothing."""
    how = _evaluator(attributes)
    obj = attributes.object
    if how is None or obj is None:
        return
    quotas = [q for q in store.list(RESOURCE_QUOTA, attributes.namespace) if _concerns(q, how, obj)]
    for quota in quotas:
        _require_complete(quota, how, obj, attributes)
    usage = how.usage(obj)
    negative = sorted(name for name, amount in usage.items() if amount.value < 0)
    if negative:
        raise forbidden(attributes, f"quota usage is negative for resource(s): {','.join(negative)}")
    charged = [(quota, used) for quota in quotas if (used := _afterwards(quota, how, usage, attributes))]
    if attributes.dry_run:
        return
    for quota, used in charged:
        status = {**quota["status"], "used": write(used)}
        store.put(RESOURCE_QUOTA, {**quota, "status": status})


def _evaluator(attributes: Attributes) -> Evaluator | None:
    """How this write is charged, if it is."""
    if attributes.subresource or attributes.operation not in {"CREATE", "UPDATE"}:
        return None
    if attributes.operation == "UPDATE" and not _may_cost_more(attributes):
        return None
    return evaluator(attributes.kind)


def _may_cost_more(attributes: Attributes) -> bool:
    if attributes.kind in {SERVICE, PERSISTENT_VOLUME_CLAIM}:
        return True
    if attributes.kind != POD:
        return False
    new, old = attributes.object or {}, attributes.old_object or {}
    return _has_deadline(new) != _has_deadline(old)


def _has_deadline(pod: Json) -> bool:
    return (pod.get("spec") or {}).get("activeDeadlineSeconds") is not None


def _hard(quota: Json) -> Amounts:
    return read((quota.get("status") or {}).get("hard"))


def _used(quota: Json) -> Amounts:
    return read((quota.get("status") or {}).get("used"))


def _concerns(quota: Json, how: Evaluator, obj: Json) -> bool:
    return bool(how.matching(_hard(quota))) and in_scope(quota, how.kind, obj)


def _require_complete(quota: Json, how: Evaluator, obj: Json, attributes: Attributes) -> None:
    """Refuse a pod that does not say what the quota counts, and a quota that has not been counted."""
    name = quota["metadata"]["name"]
    limited = how.matching(_hard(quota))
    silent = "; ".join(_unspecified(obj, _MUST_BE_SET.intersection(limited))) if attributes.kind == POD else ""
    if silent:
        raise forbidden(attributes, f"failed quota: {name}: must specify {silent}")
    if not set(limited) <= _used(quota).keys():
        raise forbidden(attributes, f"status unknown for quota: {name}, resources: {','.join(sorted(limited))}")


def _unspecified(pod: Json, required: frozenset[str]) -> Iterator[str]:
    if has_pod_level_resources(pod):
        return
    said = {}
    for container in (*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())):
        resources = container.get("resources") or {}
        said[container["name"]] = container_charges(read(resources.get("requests")), read(resources.get("limits")))
    for resource in sorted(required):
        silent = sorted(name for name, charges in said.items() if resource not in charges)
        if silent:
            yield f"{resource} for: {','.join(silent)}"


def _afterwards(quota: Json, how: Evaluator, usage: Amounts, attributes: Attributes) -> Amounts | None:
    """What would be used with the object; None when nothing changes.

    Raises
    ------
    Refusal
        The quota would be exceeded.
    """
    old = attributes.old_object
    if attributes.operation == "UPDATE" and old is not None and in_scope(quota, how.kind, old):
        usage = _more(usage, how.usage(old))
    hard, used = _hard(quota), _used(quota)
    asked = only({name: amount for name, amount in usage.items() if amount.value}, hard)
    if not asked:
        return None
    after = total([used, asked])
    over = sorted(name for name in asked if after[name].value > hard[name].value)
    if over:
        words = [f"{label}: {_listed(amounts, over)}" for label, amounts in _sides(asked, used, hard)]
        raise forbidden(attributes, f"exceeded quota: {quota['metadata']['name']}, {', '.join(words)}")
    return after


def _sides(asked: Amounts, used: Amounts, hard: Amounts) -> tuple[tuple[str, Amounts], ...]:
    return ("requested", asked), ("used", used), ("limited", hard)


def _more(new: Amounts, old: Amounts) -> Amounts:
    return {name: _at_least_zero(amount, old.get(name, ZERO)) for name, amount in new.items()}


def _at_least_zero(new: Amount, old: Amount) -> Amount:
    return Amount(max(new.value - old.value, ZERO.value), new.notation)


def _listed(amounts: Amounts, names: list[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names if name in amounts)
