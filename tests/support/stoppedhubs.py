"""Two hub processes of one id, either of them stopped (SIGSTOP) for five seconds at random moments; the same on both clusters."""

import asyncio
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from tenantspawner.cluster import Deadline
from tests.support.budgets import Ground, broken, hubs_of
from tests.support.clickers import Clicker, a_clicker
from tests.support.hubs import eventually

PAUSE = 5.0  # seconds
PAUSES = 4
BETWEEN = 2.0  # seconds at most


async def two_hubs_one_of_them_stopped(ground: Ground, folder: Path) -> None:
    """Let people start and stop servers while hubs are stopped and go on; then end all, sweep, and replay every version."""
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    async with AsyncExitStack() as stack:
        hubs = [
            await stack.enter_async_context(a_clicker(ground.kubeconfig, ground.home, name, seed=seed, folder=folder))
            for seed, name in ((seed, "left"), (seed + 1, "right"))
        ]
        for hub in hubs:
            await eventually(lambda hub=hub: len(hub.outcomes()) >= 10, 60, "the hub does not begin")
        paused = [hubs[number % 2] for number in range(PAUSES)]
        dice.shuffle(paused)
        for hub in paused:
            await asyncio.sleep(dice.random() * BETWEEN)
            await _stopped(hub, next(other for other in hubs if other is not hub))
        await asyncio.gather(*(hub.end() for hub in hubs))
        tally = {hub.name: Counter(hub.outcomes()) for hub in hubs}
    print(f"outcomes {tally}")
    for outcomes in tally.values():
        assert outcomes["started"] >= 10, tally
        assert outcomes["BudgetExhausted"] >= 10, tally
    async with hubs_of(ground) as (sweeping,):
        await sweeping.run.feed.settled(Deadline.after(30))
        for _ in range(2):
            await sweeping.run.treasury.sweep(0)
        assert ground.pods() == []
        assert (ground.ledger().grants, ground.allowed()) == ((), 0), seed
    versions = await ground.versions()
    assert (wrong := broken(versions)) == [], (seed, wrong[:5])
    print(f"{len(versions)} versions replayed")


async def _stopped(hub: Clicker, other: Clicker) -> None:
    """Stop a hub for the while, in which the other one goes on."""
    before = len(other.outcomes())
    hub.send(signal.SIGSTOP)
    asleep = len(hub.outcomes())
    try:
        await asyncio.sleep(PAUSE)
        assert len(hub.outcomes()) == asleep, "it was not stopped"
    finally:
        hub.send(signal.SIGCONT)
    assert len(other.outcomes()) > before, "the other hub stood still as well"
