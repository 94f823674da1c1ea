"""One deadline for a whole piece of work, made at its start and handed down every call.

It is a point on the clock of the running event loop, so that tests run in virtual time by giving the loop another
clock, and nothing here has to be patched. A deadline can only be shortened on its way down, never stretched.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tenantspawner.errors import DeadlinePassed


def now() -> float:
    """Seconds on the running loop's clock."""
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, `at`, in seconds of the running loop's clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Make the deadline that many seconds from now. Needs a running event loop."""
        return cls(now() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - now())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return now() >= self.at

    def shorter(self, seconds: float) -> "Deadline":
        """Return the earlier of this and `seconds` from now."""
        return Deadline(min(self.at, now() + seconds))

    def check(self, doing: str = "") -> None:
        """Raise `DeadlinePassed` when no time is left."""
        if self.passed:
            raise passed(doing)

    @asynccontextmanager
    async def timeout(self, doing: str = "") -> AsyncIterator[None]:
        """Cancel the block when the deadline passes, and raise `DeadlinePassed` in its place."""
        try:
            async with asyncio.timeout_at(self.at) as limit:
                yield
        except TimeoutError as error:
            if limit.expired():
                raise passed(doing) from error
            raise


def passed(doing: str = "") -> DeadlinePassed:
    """Build the error that says which step had no time left."""
    step = f" (the step was: {doing})" if doing else ""
    return DeadlinePassed(f"The time given to this was over before it was done{step}. Try again.")
