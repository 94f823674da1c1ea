"""Events are forgotten after a while: an hour, as in a real cluster."""

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime

from tenantspawner.kube.kinds import EVENT
from tenantspawner.localcluster.controllers.objects import Json
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.store import StoreEvent

_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp")
_SHORTEST, _LONGEST = 0.05, 30.0
"""Seconds between two looks."""


class EventController(Controller):
    """Removes events older than ``settings.event_ttl``, counted from when they last happened."""

    def existing(self) -> Iterable[Hashable]:
        """Return the one thing this controller does."""
        return ("sweep",)

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Nothing: only time matters."""
        del event
        return ()

    def reconcile(self, key: Hashable) -> float | None:
        """Remove what is too old; come back soon enough to be a quarter late at most."""
        del key
        oldest = datetime.now(UTC).timestamp() - self.settings.event_ttl
        for event in self.store.list(EVENT):
            if _time(event) < oldest:
                self.store.remove(EVENT, event["metadata"]["namespace"], event["metadata"]["name"])
        return min(max(self.settings.event_ttl / 4, _SHORTEST), _LONGEST)


def _time(event: Json) -> float:
    series = (event.get("series") or {}).get("lastObservedTime")
    times = [series, *(event.get(key) for key in _TIMES), event["metadata"].get("creationTimestamp")]
    return max((datetime.fromisoformat(text).timestamp() for text in times if text), default=0.0)
