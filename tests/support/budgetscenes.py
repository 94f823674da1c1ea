"""What happens to a team's budget, the same on both clusters."""

import asyncio
import random
from collections.abc import Sequence

from tenantspawner.errors import BudgetExhausted
from tenantspawner.policy import Username
from tests.support.budgets import BUDGET, Ground, broken, click
from tests.support.hubs import eventually
from tests.support.lifehubs import LifeHub


async def a_crowd(ground: Ground, hub: LifeHub, *, rounds: int, seed: int, people: int = 50) -> None:
    """Fifty people click at once, whoever runs goes on, some stop: each time exactly what is free starts."""
    dice, everybody = random.Random(seed), [f"p{number:02}" for number in range(people)]
    running: set[str] = set()
    for _ in range(rounds):
        idle = [person for person in everybody if person not in running]
        came = await asyncio.gather(*(click(hub, person) for person in idle), return_exceptions=True)
        refused = [one for one in came if isinstance(one, BudgetExhausted)]
        other = [one for one in came if isinstance(one, BaseException) and not isinstance(one, BudgetExhausted)]
        assert other == [], other[:3]
        assert len(refused) == people - BUDGET, len(refused)
        assert all("Physics has 0 of 10 GPUs free. In use: p" in one.sentence for one in refused[-5:])
        running |= {who for who, one in zip(idle, came, strict=True) if not isinstance(one, BaseException)}
        assert (len(running), len(ground.pods())) == (BUDGET, BUDGET), (len(running), len(ground.pods()))
        stopped = dice.sample(sorted(running), dice.randint(1, BUDGET))
        await asyncio.gather(*(hub.stop(person) for person in stopped))
        running -= set(stopped)
        await ground.exact()
    await asyncio.gather(*(hub.stop(person) for person in running))
    await eventually(lambda: ground.ledger().grants == (), 15, "grants are left")
    await ground.exact()
    assert ground.allowed() == 0
    assert (wrong := broken(await ground.versions())) == [], wrong[:5]


async def mixed_sizes(ground: Ground, hubs: Sequence[LifeHub], *, people: int, seed: int) -> None:
    """People start and stop servers of 1, 2 and 4 through several hubs of one id at once."""
    dice = random.Random(seed)
    started = 0

    async def live(person: str) -> None:
        nonlocal started
        for _ in range(3):
            hub = dice.choice(hubs)
            await asyncio.sleep(dice.random() / 2)
            try:
                await click(hub, person, dice.choice((1, 2, 4)))
            except BudgetExhausted:
                continue
            started += 1
            await asyncio.sleep(dice.random() / 2)
            assert Username(person) in hub.people
            assert await hub.stop(person)

    await asyncio.gather(*(live(f"p{number:02}") for number in range(people)))
    assert started >= BUDGET // 4
    await eventually(lambda: ground.ledger().grants == (), 15, "grants are left")
    await ground.exact()
    assert (wrong := broken(await ground.versions())) == [], wrong[:5]
