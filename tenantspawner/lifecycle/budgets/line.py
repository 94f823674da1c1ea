"""The line for a team's budget: first come, first served, one line a tenant in this process.

Every start of a team that queues passes through it, also where there is enough. A start passes when there is enough for it and
for all before it: who comes later takes nothing that an earlier one needs, so a large request is not starved by small ones
behind it, and who needs no GPU does not wait for those who wait for one. The ledger is looked at by the head, and by others
only when the watch has shown that they could pass; so waiting costs no requests. Who has passed keeps a claim until the
ledger has their grant, so that two do not take the same. A second hub has a line of its own: who loses to it comes back to their old
place. Nothing of a line outlives the process: after a restart nobody waits.
"""

import asyncio
import logging
from bisect import insort
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeGuard

from tenantspawner.budget import (
    NOTHING,
    Amounts,
    Ask,
    Cause,
    Grant,
    Ledger,
    Nonce,
    Shortage,
    SpawnId,
    in_line,
    lease_name,
    refusal,
    shortage,
    total,
    waited_in_vain,
)
from tenantspawner.cluster import Deadline
from tenantspawner.cluster.deadline import now
from tenantspawner.errors import BudgetExhausted, ClusterTrouble, DeadlinePassed, TooManyWaiting
from tenantspawner.lifecycle.budgets.budgetdoor import Queueing, Team
from tenantspawner.lifecycle.budgets.grants import Held
from tenantspawner.tenancy.durations import spoken

log = logging.getLogger(__name__)

LOOK_WITHIN = 30.0  # seconds for one look at the ledger
_AFTER_TROUBLE = 2.0
_PERCENT = 2
_QUICKER = 5  # times somebody else may be quicker
_SHARE = 0.8  # of the time left may be waited for it
Say = Callable[[str, int], None]
Room = Callable[[], bool]
Take = Callable[[Deadline], AbstractAsyncContextManager[Held]]


@dataclass(slots=True, eq=False)
class Place:
    """Somebody's place. `waits` once it is certain that they have to."""

    number: int
    team: Team
    ask: Ask
    waits: bool = False


@dataclass(slots=True)
class Line:
    """One tenant's line: who waits in order of arrival, and who has passed but has no grant in the ledger yet."""

    places: list[Place] = field(default_factory=list)
    passed: dict[SpawnId, Ask] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(place.waits for place in self.places)

    def short(self, ask: Ask, ledger: Ledger, ahead: Amounts = NOTHING) -> Shortage | None:
        """What is missing for an ask, those counted in who have passed before; `ahead` is set aside for others."""
        for other in self.passed.values():
            ledger = ledger.with_grant(Grant(other.namespace, other.spawn, other.holder, Nonce(""), other.need))
        return shortage(replace(ask, budget=ask.budget - ahead), ledger)

    def may_pass(self, place: Place, ledger: Ledger) -> bool:
        """Whether there is enough for a place and all before it."""
        if _lacks_budget(self.short(place.ask, ledger)):
            return False  # without a sum over everybody for everybody
        ahead = total(other.ask.need for other in self.places[: self.places.index(place)])
        return not _lacks_budget(self.short(place.ask, ledger, ahead))

    def wake(self) -> None:
        """Let everybody look again."""
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass(slots=True)
class Turn:
    """Leave to take a grant. `waited` in seconds; `leave` gives the claim up, once the ledger has it or nothing comes of it."""

    line: Line
    place: Place
    waited: float

    def leave(self) -> None:
        """Let those behind count without us."""
        if self.line.passed.pop(self.place.ask.spawn, None) is not None:
            self.line.wake()


class Lines:
    """The lines of one hub.

    Parameters
    ----------
    teams
        The teams of this moment: an edit of the budget reaches those who wait.
    seen
        A tenant's ledger as the watch has it; None while that is not known.
    read
        Reads it.
    """

    def __init__(
        self,
        teams: Callable[[], Mapping[str, Team]],
        seen: Callable[[str], Ledger | None],
        read: Callable[[Team, Deadline], Awaitable[Ledger]],
    ) -> None:
        self._teams = teams
        self._seen = seen
        self._read = read
        self._lines: dict[str, Line] = {}
        self._numbers = count()

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait, by tenant."""
        return {tenant_id: line.waiting for tenant_id, line in self._lines.items()}

    def wake(self, lease: str | None = None) -> None:
        """Let those look again who wait for this ledger, or all."""
        for tenant_id, line in self._lines.items():
            if lease in {None, lease_name(tenant_id)}:
                line.wake()

    async def wait(self, team: Team, ask: Ask, queueing: Queueing, say: Say, *, room: Room = lambda: True) -> Turn:
        """Wait until it is this spawn's turn and its team can afford it.

        Parameters
        ----------
        say
            Is told the place, and who would free what.
        room
            Whether the hub bears one more who waits, in whatever way.

        Raises
        ------
        BudgetExhausted
            It was not in time, or never can be.
        OverOwnQuota
            It is the person's own ceiling that does not suffice: nobody waits for that.
        TooManyWaiting
            The line is full.
        """
        line = self._lines.setdefault(team.tenant_id, Line())
        place, begun = Place(next(self._numbers), team, ask), now()
        await self._stand(line, place, Deadline.after(queueing.max_wait), say, self._check(line, queueing, room))
        return Turn(line, place, now() - begun if place.waits else 0.0)

    async def again(self, turn: Turn, until: Deadline, say: Say) -> None:
        """Go back to one's old place, after somebody else was quicker."""
        turn.leave()
        await self._stand(turn.line, turn.place, until, say, lambda: None)

    @asynccontextmanager
    async def take(self, turn: Turn, take: Take, say: Say, deadline: Deadline) -> AsyncIterator[Held]:
        """Hold what a turn is for; whoever was quicker all the same is waited for at the old place.

        A turn of another line, from before an edit of the tenancy, is worth nothing here: what cannot be had is refused.
        """
        ours = self._lines.get(turn.place.team.tenant_id) is turn.line
        async with AsyncExitStack() as stack:
            for left in reversed(range(_QUICKER)):
                try:
                    held = await stack.enter_async_context(take(deadline))
                except BudgetExhausted:
                    if not (left and ours):
                        raise
                    await self.again(turn, deadline.shorter(deadline.remaining() * _SHARE), say)
                else:
                    break
            yield held

    @staticmethod
    def _check(line: Line, queueing: Queueing, room: Room) -> Callable[[], None]:
        def check() -> None:
            speech = line.places[0].team.speech
            if line.waiting >= queueing.max_length:
                raise TooManyWaiting(
                    f"{line.waiting} others wait in line for the budget of {speech.tenant} already, and no more can. "
                    f"{speech.ask}, or try again later."
                )
            if not room():
                raise TooManyWaiting(
                    "So many people wait in line on this hub that it could start nothing else. Try again in a few minutes."
                )

        return check

    async def _stand(self, line: Line, place: Place, until: Deadline, say: Say, room: Callable[[], None]) -> None:
        """Stand in line until the place has passed; leaves it in any case."""
        insort(line.places, place, key=lambda one: one.number)
        begun = now()
        try:
            while True:
                changed = line.changed
                passes, short = await self._look(line, place)
                if passes:
                    line.passed[place.ask.spawn] = place.ask
                    return
                if line.places[0] is place or line.places[0].waits:
                    self._must_wait(line, place, room)
                    say(in_line(line.places.index(place) + 1, short, place.team.speech), _PERCENT)
                if not await _in_time(changed, until):
                    seen = self._seen(place.team.tenant_id)
                    lacking = line.short(place.ask, seen) if seen is not None else None
                    raise waited_in_vain(spoken(now() - begun), lacking, place.team.speech)
        finally:
            line.places.remove(place)
            line.wake()

    def _must_wait(self, line: Line, place: Place, room: Callable[[], None]) -> None:
        if place.waits:
            return
        room()
        place.waits = True
        if line.places[0] is place:
            line.wake()  # those behind know now that they have to wait, too

    async def _look(self, line: Line, place: Place) -> tuple[bool, Shortage | None]:
        """Whether a place may pass by what the ledger has, and what is missing for it as far as it is known."""
        team = self._teams().get(place.team.tenant_id)
        if team is not None and team.keys == place.ask.keys:
            place.team, place.ask = team, replace(place.ask, budget=team.total)
        seen = self._seen(place.team.tenant_id)
        looks = self._should_read(line, place, seen)
        if looks:
            seen = await self._read_anew(place)
        short = line.short(place.ask, seen) if seen is not None else None
        if _lacks_budget(short):
            if not place.ask.need.within(place.ask.budget):
                raise refusal(short, place.team.speech)
            return False, short
        if short is not None and looks:
            raise refusal(short, place.team.speech)
        return looks and seen is not None and line.may_pass(place, seen), None

    @staticmethod
    def _should_read(line: Line, place: Place, seen: Ledger | None) -> bool:
        """The head reads unless it waits in vain as far as is seen; whoever is behind it, when they are seen to be able to pass."""
        could = line.may_pass(place, seen) if seen is not None else line.places[0] is place
        return could or (line.places[0] is place and not place.waits)

    async def _read_anew(self, place: Place) -> Ledger:
        while True:
            try:
                return await self._read(place.team, Deadline.after(LOOK_WITHIN))
            except ClusterTrouble as trouble:
                if not place.waits:
                    raise
                log.warning("The head of a line cannot see the ledger: %s", trouble.detail)
                await asyncio.sleep(_AFTER_TROUBLE)


def _lacks_budget(short: Shortage | None) -> TypeGuard[Shortage]:
    """Whether it is the team's budget that does not suffice, which one can wait for."""
    return short is not None and short.cause is Cause.BUDGET


async def _in_time(changed: asyncio.Event, until: Deadline) -> bool:
    with suppress(DeadlinePassed):
        async with until.timeout():
            await changed.wait()
            return True
    return False
