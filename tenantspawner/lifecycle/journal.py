"""What has happened so far in one start, for whoever watches its progress page.

Written by the verbs, in plain words; read by any number of people, each from the beginning. Percentages only grow.
Saying something never fails and never waits.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

_MOST = 500  # lines kept; a pod that crashes for an hour must not fill the memory


@dataclass(frozen=True, slots=True)
class Step:
    """One line of progress; `percent` from 0 to 100."""

    percent: int
    text: str
    alarming: bool = False


class Journal:
    """The lines of one start. Ends with `close`."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.closed = False
        self._changed = asyncio.Event()

    def say(self, text: str, percent: int | None = None, *, alarming: bool = False) -> None:
        """Add a line; the same line twice in a row is said once."""
        last = self.steps[-1] if self.steps else Step(0, "")
        if self.closed or len(self.steps) >= _MOST or text == last.text:
            return
        self.steps.append(Step(max(percent or 0, last.percent), text, alarming))
        self._wake()

    def close(self) -> None:
        """Say that nothing more will come."""
        self.closed = True
        self._wake()

    async def follow(self) -> AsyncIterator[Step]:
        """Yield every line from the first one on, until the journal is closed."""
        shown = 0
        while True:
            changed = self._changed
            while shown < len(self.steps):
                yield self.steps[shown]
                shown += 1
            if self.closed:
                return
            await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
