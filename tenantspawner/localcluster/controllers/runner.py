"""How a controller runs: it notes what changed, and makes each thing right once its time has come.

A controller is level-based: it is told which things may need it, never what happened to them, and looks at
the store when it acts. Notes taken while it is paused or slow are kept, each once. What fails is
logged and tried again.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from time import monotonic

from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store, StoreEvent

_LOOK_AT_SETTINGS = 0.05
"""Seconds between looks at settings that may have changed, while something waits for them."""
_AFTER_FAILURE = 1.0
log = logging.getLogger(__name__)


class Controller(ABC):
    """One job. Keys are whatever names a thing to be made right."""

    def __init__(self, store: Store, settings: ClusterSettings) -> None:
        self.store = store
        self.settings = settings

    @property
    def delay(self) -> float | None:
        """Seconds between a note and the deed; None holds all deeds back."""
        return 0.0

    @abstractmethod
    def existing(self) -> Iterable[Hashable]:
        """Return the keys to look at when the controller starts."""

    @abstractmethod
    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the keys that may need attention after a change. Must not write."""

    @abstractmethod
    def reconcile(self, key: Hashable) -> float | None:
        """Make one thing right; return the seconds until it wants to be looked at again, None for not by itself."""


class Runner:
    """Runs one controller until it is closed."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self._notes: dict[Hashable, float] = {}  # when it was noted
        self._again: dict[Hashable, float] = {}  # when it is due, whatever the delay
        self._wake = asyncio.Event()
        self._paused = False
        for key in controller.existing():
            self._note(key)
        self._unsubscribe = controller.store.subscribe(self._see)
        self._task = asyncio.create_task(self._run(), name=type(controller).__name__)

    def pause(self) -> None:
        """Do nothing until `resume`, as a stopped process."""
        self._paused = True

    def resume(self) -> None:
        """Go on with what was noted meanwhile."""
        self._paused = False
        self._wake.set()

    async def close(self) -> None:
        """Stop for good."""
        self._unsubscribe()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def _see(self, event: StoreEvent) -> None:
        for key in self.controller.concerned(event):
            self._note(key)

    def _note(self, key: Hashable) -> None:
        self._notes.setdefault(key, monotonic())
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            while not self._paused and (key := self._due()) is not None:
                self._act(key)
                await asyncio.sleep(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause_length())

    def _act(self, key: Hashable) -> None:
        self._notes.pop(key, None)
        self._again.pop(key, None)
        try:
            again = self.controller.reconcile(key)
        except Exception:  # one bad object must not end the controller
            log.exception("%s failed and will try again", type(self.controller).__name__)
            again = _AFTER_FAILURE
        if again is not None:
            self._again[key] = monotonic() + again

    def _due(self) -> Hashable | None:
        now, delay = monotonic(), self.controller.delay
        if delay is None:
            return None
        for key, noted in self._notes.items():
            if noted + delay <= now:
                return key
        return next((key for key, due in self._again.items() if due <= now), None)

    def _pause_length(self) -> float | None:
        """Seconds to sleep; None until something is noted."""
        if self._paused or not (self._notes or self._again):
            return None
        delay = self.controller.delay
        if delay is None:
            return _LOOK_AT_SETTINGS
        next_due = min([*(noted + delay for noted in self._notes.values()), *self._again.values()])
        return min(max(next_due - monotonic(), 0.0), _LOOK_AT_SETTINGS)
