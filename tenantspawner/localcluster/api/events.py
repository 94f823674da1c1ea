"""Events in their two wordings: the core group's and that of ``events.k8s.io``. Stored is the core one."""

from typing import Any

Object = dict[str, Any]

# the core word, then the other
_NAMES = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("source", "deprecatedSource"),
)
_TO_NEW = dict(_NAMES)
_TO_CORE = {new: core for core, new in _NAMES}


def to_events_v1(event: Object) -> Object:
    """Return a core event in the words of ``events.k8s.io/v1``."""
    empty = {"reportingComponent", "reportingInstance"}
    shown = {key: value for key, value in event.items() if value or key not in empty}
    return {_TO_NEW.get(key, key): value for key, value in shown.items()} | {"apiVersion": "events.k8s.io/v1"}


def to_core(event: Object) -> Object:
    """Return an event of ``events.k8s.io/v1`` in the words of the core group."""
    return {_TO_CORE.get(key, key): value for key, value in event.items()} | {"apiVersion": "v1"}
