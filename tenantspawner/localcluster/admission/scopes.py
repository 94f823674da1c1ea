"""Which pods a quota with scopes counts.

A quota without scopes counts everything; one with scopes only pods that fit all of them.
A scope nobody here knows fits nothing.
"""

from collections.abc import Callable
from typing import Any

from tenantspawner.kube.kinds import POD, Kind

Json = dict[str, Any]


def in_scope(quota: Json, kind: Kind, obj: Json) -> bool:
    """Whether the quota counts this object, going by its scopes."""
    wanted = [{"scopeName": name, "operator": "Exists"} for name in quota["spec"].get("scopes") or ()]
    wanted += (quota["spec"].get("scopeSelector") or {}).get("matchExpressions") or ()
    return not wanted or (kind == POD and all(_fits(selector, obj) for selector in wanted))


def _fits(selector: Json, pod: Json) -> bool:
    name = selector["scopeName"]
    if name == "PriorityClass":
        return _fits_class(selector, pod["spec"].get("priorityClassName") or "")
    test = _SCOPES.get(name)
    return test is not None and test(pod)


def _fits_class(selector: Json, name: str) -> bool:
    match selector["operator"]:
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
        case "In":
            return name in (selector.get("values") or ())
        case _:
            return name not in (selector.get("values") or ())


def _terminating(pod: Json) -> bool:
    return (pod["spec"].get("activeDeadlineSeconds") or -1) >= 0


def _best_effort(pod: Json) -> bool:
    spec = pod["spec"]
    for holder in (spec, *(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = holder.get("resources") or {}
        for part in ("requests", "limits"):
            if any(str((resources.get(part) or {}).get(name) or "0") != "0" for name in ("cpu", "memory")):
                return False
    return True


_SCOPES: dict[str, Callable[[Json], bool]] = {
    "Terminating": _terminating,
    "NotTerminating": lambda pod: not _terminating(pod),
    "BestEffort": _best_effort,
    "NotBestEffort": lambda pod: not _best_effort(pod),
}
