"""What reconciling has come to: counts that anybody may read, and the lines in the log that tell of them."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tenantspawner.cluster.deadline import now
from tenantspawner.errors import TenantSpawnerError
from tenantspawner.lifecycle.upkeep.align import Came

log = logging.getLogger(__name__)

TOLD_EVERY = 2.0  # seconds between two lines of progress
SHOWN = 5  # failures that are told in words at each pass, and namespaces in an Event


@dataclass(frozen=True, slots=True)
class ReconcileState:
    """How far it is. `namespaces`, `waiting`, `closed`, `failed` are of the last whole pass, the rest since the hub started."""

    namespaces: int = 0
    waiting: int = 0  # not looked at yet in the pass under way
    closed: int = 0  # at zero: their tenant or person is no more
    failed: int = 0
    changed: int = 0  # edits carried to a namespace
    repaired: int = 0  # changes of others put back
    passes: int = 0
    finished: datetime | None = None
    blind: tuple[str, ...] = ()  # kinds that are not watched, for want of a right


@dataclass(slots=True)
class Tally:
    """The counts of one pass over `total` namespaces."""

    total: int
    begun: float = field(default_factory=now)
    told: float = field(default_factory=now)
    came: Counter[Came] = field(default_factory=Counter)
    closed: dict[str, str] = field(default_factory=dict)  # namespace -> why
    failed: int = 0

    def fail(self, namespace: str, trouble: TenantSpawnerError) -> None:
        """Count a failure; the first few are told in words."""
        self.failed += 1
        if self.failed <= SHOWN:
            log.warning("Namespace %s could not be brought in line: %s", namespace, trouble.detail)

    def tell_progress(self, left: int) -> None:
        """Tell how far the pass is, every few seconds."""
        if now() - self.told >= TOLD_EVERY:
            self.told = now()
            log.info(
                "Brought %d of %d namespaces in line so far; %d are still to be looked at",
                self.came[Came.CHANGED], self.total, left,
            )  # fmt: skip

    def tell_end(self) -> None:
        """Tell what a pass has come to, when anything has."""
        if not (self.failed or self.came[Came.CHANGED] or self.came[Came.REPAIRED] or self.came[Came.CLOSED]):
            return
        log.info(
            "Brought %d of %d namespaces in line with the tenancy in %.1f s; %d repaired, %d set to zero, %d failed",
            self.came[Came.CHANGED], self.total, now() - self.begun,
            self.came[Came.REPAIRED], self.came[Came.CLOSED], self.failed,
        )  # fmt: skip


class Closures:
    """Which namespaces have been reported as set to zero, so that each is reported once."""

    def __init__(self) -> None:
        self._reported: dict[str, str] = {}

    def tell(self, closed: dict[str, str]) -> str:
        """Tell of those that are new to the log, and return a sentence about them; empty when there is none."""
        new = {name: why for name, why in closed.items() if self._reported.get(name) != why}
        self._reported = dict(closed)
        for name, why in new.items():
            log.warning("Namespace %s is set to zero: %s. Servers in it run on, nothing is deleted.", name, why)
        few = "; ".join(f"{name} ({why})" for name, why in [*new.items()][:SHOWN])
        more = f" and {len(new) - SHOWN} more" if len(new) > SHOWN else ""
        return f"Set to zero, servers run on and nothing is deleted: {few}{more}." if new else ""
