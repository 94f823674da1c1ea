"""Where an object differs from what the plan says of it, and who has changed it.

Compared is what the plan owns: its labels and annotations among others' own, and the object's body as the API server
stores it, with the few defaults that it fills in. Empty lists are as good as none. Amounts are compared as quantities.
A body is compared whole: one peer more in a network policy is a difference too.

Source: SetDefaults_LimitRangeItem and SetDefaults_NetworkPolicyPort, kubernetes/pkg/apis (1.36).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tenantspawner.kube.kinds import LIMIT_RANGE, NETWORK_POLICY, RESOURCE_QUOTA
from tenantspawner.kube.labels import FIELD_MANAGER
from tenantspawner.kube.quantities import parse

Json = Mapping[str, Any]

BODY = ("spec", "roleRef", "subjects", "automountServiceAccountToken")
_COUNTED = {RESOURCE_QUOTA.kind, LIMIT_RANGE.kind}
_CONTROLLERS = {"kube-controller-manager", "kube-apiserver"}


def differences(wanted: Json, seen: Json, leased: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Name the fields of `wanted` that an object as read does not have; of a quota's keys that are `leased` only the absence counts."""
    return (*_marks(wanted["metadata"], seen.get("metadata") or {}), *_body(wanted, seen, leased))


def other_hands(seen: Json) -> str:
    """Say who else than we and Kubernetes itself has written an object last, as in ``kubectl-edit``; empty when nobody."""
    entries = (seen.get("metadata") or {}).get("managedFields") or ()
    others = [entry for entry in entries if entry.get("manager") not in {FIELD_MANAGER, *_CONTROLLERS}]
    last = max(others, key=lambda entry: str(entry.get("time", "")), default=None)
    return f"{last.get('manager', '')} at {last.get('time', 'an unknown time')}" if last else ""


def _marks(wanted: Json, seen: Json) -> Iterator[str]:
    for group in ("labels", "annotations"):
        there = seen.get(group) or {}
        for key, value in (wanted.get(group) or {}).items():
            if there.get(key) != value:
                yield f"metadata.{group}[{key}]"


def _body(wanted: Json, seen: Json, leased: frozenset[str]) -> Iterator[str]:
    kind = wanted["kind"]
    expected = _defaulted(wanted)
    for field in BODY:
        if field not in wanted:
            continue
        mine, theirs = expected[field], seen.get(field)
        if kind == RESOURCE_QUOTA.kind:
            yield from (f"{field}.hard[{key}]" for key in sorted(leased - set((theirs or {}).get("hard") or {})))
            mine, theirs = _without(mine, leased), _without(theirs or {}, leased)
        yield from _unequal(field, mine, theirs, counted=kind in _COUNTED)


def _without(spec: Json, leased: frozenset[str]) -> Json:
    return {**spec, "hard": {key: value for key, value in (spec.get("hard") or {}).items() if key not in leased}}


def _unequal(path: str, mine: Any, theirs: Any, *, counted: bool) -> Iterator[str]:
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        for key in [*mine, *(key for key in theirs if key not in mine)]:
            yield from _unequal(f"{path}.{key}", mine.get(key), theirs.get(key), counted=counted)
    elif isinstance(mine, list | tuple) and isinstance(theirs, list | tuple) and len(mine) == len(theirs):
        for place, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _unequal(f"{path}[{place}]", one, other, counted=counted)
    elif not (_same(mine, theirs, counted=counted) or (_nothing(mine) and _nothing(theirs))):
        yield path


def _nothing(value: Any) -> bool:
    return value is None or value == []


def _same(one: Any, other: Any, *, counted: bool) -> bool:
    if one == other or not counted:
        return bool(one == other)
    try:
        return parse(str(one)) == parse(str(other))
    except ValueError:
        return False


def _defaulted(wanted: Json) -> Json:
    """Fill in what the API server would."""
    if wanted["kind"] == LIMIT_RANGE.kind:
        return {**wanted, "spec": {"limits": [_limits(item) for item in wanted["spec"]["limits"]]}}
    if wanted["kind"] == NETWORK_POLICY.kind:
        return {**wanted, "spec": _with_protocols(wanted["spec"])}
    return wanted


def _limits(item: Json) -> Json:
    filled = {key: value for key, value in item.items() if value}
    if item.get("type") != "Container":
        return filled
    default = {**item.get("max", {}), **item.get("default", {})}
    request = {**item.get("min", {}), **default, **item.get("defaultRequest", {})}
    return {**filled, **({"default": default} if default else {}), **({"defaultRequest": request} if request else {})}


def _with_protocols(spec: Json) -> Json:
    filled = dict(spec)
    for direction in ("ingress", "egress"):
        if direction in spec:
            filled[direction] = [_rule(rule) for rule in spec[direction] or ()]
    return filled


def _rule(rule: Json) -> Json:
    ports = rule.get("ports")
    return {**rule, "ports": [{"protocol": "TCP", **port} for port in ports]} if ports else rule
