"""People in line for a team's budget, on either cluster: hubs without JupyterHub whose starts pass through the line."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tenantspawner.cluster import Deadline
from tenantspawner.kube import labels
from tenantspawner.kube.names import label_value
from tenantspawner.lifecycle import Journal, Manner, Started, lease_of, spawn
from tenantspawner.policy import Identity, Username, entitle
from tests.support.budgets import GPU, Ground, broken, document
from tests.support.hubs import eventually
from tests.support.lifehubs import LifeHub

BUDGET = 4
WAITING = 200
QUEUED = document(BUDGET) + "    onExhausted: {queue: {maxWait: 30m, maxLength: 300}}\n"
ONE_START = 60
"""Requests that a start in a new namespace, a stop and a return may take together, generously."""


@dataclass
class Waiter:
    """Somebody whose start stands in line, or has left it."""

    name: str
    task: "asyncio.Task[Started]"
    journal: Journal

    @property
    def told(self) -> str:
        return self.journal.steps[-1].text if self.journal.steps else ""


@dataclass
class Queue:
    """The line of one hub; `asked` gives what the hub has asked the API server so far."""

    ground: Ground
    hub: LifeHub
    asked: Callable[[], Sequence[Any]]
    people: list[Waiter] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        assert self.hub.run.treasury is not None
        return self.hub.run.treasury.waiting.get("physics", 0)

    def come(self, name: str, size: int = 1) -> Waiter:
        journal = Journal()
        one = Waiter(name, asyncio.create_task(start_in_line(self.hub, name, size, journal)), journal)
        self.people.append(one)
        return one

    def started(self) -> list[str]:
        """Whose servers have started; raises what a start has failed with."""
        ended = [one for one in self.people if one.task.done() and not one.task.cancelled()]
        return [one.name for one in ended if one.task.result().address]

    async def starts(self, *names: str) -> None:
        """Wait until just these have started since the beginning."""
        await eventually(lambda: len(self.started()) >= len(names), 60, f"{names} do not start")
        assert sorted(self.started()) == sorted(names)

    async def quiet_for(self, seconds: float) -> None:
        """Nothing is asked meanwhile; a watch may be opened again, as it is once in some minutes."""
        before = len(self.asked())
        await asyncio.sleep(seconds)
        asked = [row for row in self.asked()[before:] if row.verb != "watch"]
        assert asked == [], [str(row) for row in asked][:5]

    async def free(self, granted: int) -> None:
        await eventually(lambda: self.ground.ledger().granted[GPU] == granted, 30, "a grant is not back")


async def start_in_line(hub: LifeHub, person: str, size: int, journal: Journal) -> Started:
    """Start somebody's server as the spawner does where a team queues: wait in line, then take what it needs."""
    deadline = Deadline.after(120)
    plan = await hub.plan(person, deadline, f"g{size}")
    feed, treasury = hub.run.feed, hub.run.treasury
    assert feed is not None
    assert treasury is not None
    who = Identity(Username(person), frozenset())
    entitlement = entitle(feed.tenancy(), who, datetime.now(UTC).date(), {}).tenants[0]
    lease = lease_of(hub.run.teams().get("physics"), entitlement, plan)
    assert lease is not None
    assert lease.team.queueing is not None
    lease, turn = await treasury.in_line(lease, lease.team.queueing, journal.say, room=lambda: True)
    hub.servers[person] = plan
    selector = f"{labels.HUB}={label_value(hub.hub_id)}"

    async def nothing(_: object) -> None:
        """The database is the test's affair."""

    try:
        return await spawn(
            hub.run.cluster,
            lambda limit: hub.run.sight.pods(plan.namespace, selector, limit),
            plan,
            Deadline(deadline.at + turn.waited),
            journal,
            manner=Manner(events=False),
            turns=hub.run.turns,
            on_made=nothing,
            hold=partial(treasury.take_in_turn, lease, turn, journal.say),
        )
    finally:
        turn.leave()


async def two_hundred_wait(queue: Queue) -> None:
    """Two hundred wait, one of them for everything: what that costs, who is next, and that nobody overtakes."""
    have = [f"r{number}" for number in range(BUDGET)]
    for name in have:
        await queue.come(name).task
    names = [f"w{number:03}" for number in range(WAITING)]
    waiters = {name: queue.come(name, BUDGET if name == "w001" else 1) for name in names}
    await eventually(lambda: queue.waiting == WAITING, 60, "not all wait")
    assert waiters["w199"].told.startswith("You are number 200 in line for the budget of Physics. You wait for 1 GPU")
    await queue.quiet_for(2)

    before = len(queue.asked())
    await queue.hub.stop("r0")
    await queue.starts(*have, "w000")
    await queue.free(BUDGET)
    assert queue.waiting == WAITING - 1
    assert len(queue.asked()) - before <= ONE_START
    await queue.quiet_for(1)

    before = len(queue.asked())
    for left, name in ((3, "r1"), (2, "r2"), (1, "r3")):  # enough for those behind, not for the one who is first
        await queue.hub.stop(name)
        await queue.free(left)
    await queue.quiet_for(0.5)
    assert queue.started() == [*have, "w000"]
    assert len(queue.asked()) - before <= ONE_START
    await queue.hub.stop("w000")
    await queue.starts(*have, "w000", "w001")
    await queue.free(BUDGET)

    before = len(queue.asked())
    waiters["w002"].task.cancel()
    await eventually(lambda: waiters["w003"].told.startswith("You are number 1 in line"), 10, "nobody moves up")
    assert [row for row in queue.asked()[before:] if row.verb != "watch"] == []

    before = len(queue.asked())
    await queue.hub.stop("w001")
    now_running = ["w003", "w004", "w005", "w006"]
    await queue.starts(*have, "w000", "w001", *now_running)
    await queue.free(BUDGET)
    assert queue.waiting == WAITING - 7
    assert len(queue.asked()) - before <= BUDGET * ONE_START
    await _home(queue, now_running)


async def _home(queue: Queue, running: Sequence[str]) -> None:
    """Everybody leaves; and the budget has held throughout."""
    left = [one for one in queue.people if not one.task.done()]
    for one in left:
        one.task.cancel()
    await asyncio.gather(*(one.task for one in left), return_exceptions=True)
    assert queue.waiting == 0
    await asyncio.gather(*(queue.hub.stop(name) for name in running))
    await queue.free(0)
    assert (wrong := broken(await queue.ground.versions(), BUDGET)) == [], wrong[:5]
