"""Covers team budgets with whole starts on the embedded cluster: crowds, two hubs, kubectl, failures, edits, crashes.

Nothing is asked of the code that grants: every version of every object is replayed.
"""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from tenantspawner.cluster import Deadline
from tenantspawner.errors import BudgetExhausted, PodFailed
from tenantspawner.kube import kinds
from tenantspawner.lifecycle import Care, Pace
from tests.support.budgets import GPU, HUB, click, document, embedded, hubs_of
from tests.support.budgetscenes import a_crowd, mixed_sizes
from tests.support.hubs import eventually
from tests.support.lifehubs import TENANCY

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

WRITES = {"create", "update", "patch", "delete", "deletecollection"}


@asynccontextmanager
async def a_world(folder, text=None, hubs=1):
    async with embedded(text or document(), folder) as (ground, local), hubs_of(ground, hubs) as running:
        yield ground, local, running


async def test_a_crowd_gets_exactly_the_budget_time_after_time(tmp_path):
    async with a_world(tmp_path) as (ground, _, (hub,)):
        await a_crowd(ground, hub, rounds=20, seed=1)


async def test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget(tmp_path):
    async with a_world(tmp_path, hubs=2) as (ground, _, hubs):
        await mixed_sizes(ground, hubs, people=24, seed=2)


async def test_a_start_over_the_budget_writes_nothing_and_says_who_has_it(tmp_path):
    async with a_world(tmp_path, document(2)) as (_, local, (hub,)):
        await click(hub, "ada", 2)
        before = len(local.requests)
        with pytest.raises(BudgetExhausted) as refusal:
            await click(hub, "eve")
        assert refusal.value.sentence == (
            "Physics has 0 of 2 GPUs free. In use: ada 2. Ask help@example.edu, choose fewer, or try again later."
        )
        asked = [row for row in list(local.requests)[before:] if row.user == HUB.name]
        assert asked
        assert [row for row in asked if row.verb in WRITES] == []


async def test_a_return_under_way_refuses_nobody_who_starts_again_at_once(tmp_path):
    async with a_world(tmp_path, document(1)) as (ground, _, (hub,)):
        for _ in range(5):
            await click(hub, "ada")
            assert await hub.stop("ada")
        await eventually(lambda: ground.ledger().grants == (), 5)
        await ground.exact()


async def deleted_by_hand(hub, local, pod):
    metadata = pod["metadata"]
    where = (metadata["namespace"], metadata["name"])
    await hub.run.cluster.delete(kinds.POD, *where, uid=metadata["uid"], deadline=Deadline.after(10), grace_seconds=0)


async def finished(hub, local, pod):
    local.store.put(kinds.POD, {**pod, "status": {**pod["status"], "phase": "Succeeded"}})


@pytest.mark.parametrize("end", [deleted_by_hand, finished])
async def test_a_pod_that_ends_without_the_hub_gives_back_what_it_had(tmp_path, end):
    async with a_world(tmp_path, document(1)) as (ground, local, (hub,)):
        await click(hub, "ada")
        (pod,) = ground.pods()
        await end(hub, local, pod)
        await eventually(lambda: ground.ledger().grants == (), 5, "the grant is not back")
        await ground.exact()
        await click(hub, "eve")


async def test_a_start_that_fails_gives_back_what_it_had(tmp_path):
    async with a_world(tmp_path, document(1)) as (ground, _, (hub,)):
        with pytest.raises(PodFailed):
            await click(hub, "ada", "broken", grace=0.2)
        await eventually(lambda: ground.ledger().grants == (), 5, "the grant is not back")
        await click(hub, "eve")
        await ground.exact()


async def test_admission_that_has_not_seen_the_grant_yet_is_asked_again(tmp_path):
    said = f'pods "jupyter-ada" is forbidden: exceeded quota: tenantspawner, requested: {GPU}=1, used: {GPU}=0, limited: {GPU}=0'
    async with a_world(tmp_path, document(1)) as (ground, local, (hub,)):
        local.faults.answer(403, "Forbidden", said, verb="create", resource="pods", times=2)
        await click(hub, "ada")
        await ground.exact()


# -- edits ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_busy_hub(folder, budget):
    """A hub that sweeps budgets and reconciles, as JupyterHub's does."""
    async with a_world(folder, document(budget)) as (ground, local, (hub,)):

        async def known():
            return hub.known()

        async def up():
            """At once."""

        hub.run.wiring = replace(hub.run.wiring, care=Care(interval=0.5, age=0.2))
        hub.run.sweep(known)
        hub.run.reconcile(lambda _run, _feed: hub.sources(), Pace(1, 8), up)

        async def edit(new):
            before = hub.run.feed.tenancy()
            there = local.store.get(kinds.CONFIG_MAP, ground.home, TENANCY)
            local.store.put(kinds.CONFIG_MAP, {**there, "data": {"tenants.yaml": document(new)}})
            await eventually(lambda: hub.run.feed.tenancy() is not before, 5)

        yield ground, hub, edit


async def refused(hub, person, size=1):
    with pytest.raises(BudgetExhausted) as refusal:
        await click(hub, person, size)
    return refusal.value.sentence


async def test_a_budget_that_is_raised_is_there_at_once(tmp_path):
    async with a_busy_hub(tmp_path, 2) as (ground, hub, edit):
        await click(hub, "ada", 2)
        assert "0 of 2 GPUs free" in await refused(hub, "eve")
        await edit(3)
        await click(hub, "eve")
        assert "0 of 3 GPUs free" in await refused(hub, "kim")
        await ground.exact()


async def test_a_budget_that_is_lowered_stops_nobody_and_grants_nothing_until_enough_came_back(tmp_path):
    async with a_busy_hub(tmp_path, 3) as (ground, hub, edit):
        for person in ("ada", "bob", "eve"):
            await click(hub, person)
        await edit(1)
        for person in ("ada", "bob", "eve"):
            assert len(ground.pods()) == ground.used()
            assert "0 of 1 GPU free" in await refused(hub, "kim")
            await hub.stop(person)
            await eventually(lambda person=person: person not in {one.holder for one in ground.ledger().grants}, 5)
        await click(hub, "kim")
        await ground.exact()


async def test_a_budget_that_comes_and_goes_leaves_servers_alone_and_counts_them(tmp_path):
    async with a_busy_hub(tmp_path, None) as (ground, hub, edit):
        for person in ("ada", "bob", "eve"):
            await click(hub, person)
        assert ground.ledger().grants == ()

        await edit(4)  # comes
        await eventually(lambda: ground.ledger().granted[GPU] == 3, 5, "running servers are not counted")
        await click(hub, "kim")
        assert "In use: ada 1, bob 1, eve 1, kim 1" in await refused(hub, "leo")
        await hub.stop("ada")
        await click(hub, "leo")
        await ground.exact()

        await edit(None)  # goes
        await click(hub, "mia", 4)
        await hub.stop("bob")
        await click(hub, "ada", 4)
        assert ground.used() == 11

        await edit(2)  # comes again, when more runs than there is
        await eventually(lambda: ground.ledger().granted[GPU] == 11, 5, "running servers are not counted")
        assert "0 of 2 GPUs free" in await refused(hub, "bob")
        for person in ("ada", "eve", "kim", "leo", "mia"):
            assert await hub.stop(person)
        await eventually(lambda: ground.ledger().grants == (), 10, "grants are left")
        await click(hub, "bob", 2)
        await ground.exact()


# -- crashes -------------------------------------------------------------------------------------------------------


async def dies_after(hub, last, life):
    """Let a hub live until a request of that number was carried out, and nothing after; True when it lived longer."""
    transport, left, dead = hub.run.cluster._transport, last, asyncio.Event()
    inner = transport.send

    async def send(request):
        nonlocal left
        if left == 0:
            dead.set()
            await asyncio.get_running_loop().create_future()
        left -= 1
        return await inner(request)

    transport.send = send
    living, dying = asyncio.create_task(life()), asyncio.create_task(dead.wait())
    await asyncio.wait({living, dying}, return_when=asyncio.FIRST_COMPLETED)
    for task in (living, dying):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return not dead.is_set()


async def test_a_hub_that_is_killed_after_any_request_leaves_the_budget_exact_after_one_sweep(tmp_path):
    async with a_world(tmp_path, document(4)) as (ground, _, (other,)):
        await click(other, "ada", 2)
        for last in range(1, 80):
            person = f"p{last}"
            async with hubs_of(ground) as (hub,):
                await hub.plan(person, Deadline.after(10), "g2")  # what is asked once a process

                async def life(hub=hub, person=person):
                    await click(hub, person, 2)
                    await hub.stop(person)
                    await eventually(lambda: person not in {one.holder for one in ground.ledger().grants}, 5)

                lived = await dies_after(hub, last, life)
            for _ in range(2):
                await other.run.treasury.sweep(0)
            await ground.exact(within=1)
            for pod in ground.pods():
                if pod["metadata"]["namespace"].endswith(person):  # the sweeper's of orphans
                    await deleted_by_hand(other, None, pod)
            await eventually(lambda: {one.holder for one in ground.ledger().grants} == {"ada"}, 5)
            await ground.exact()
            if lived:
                break
        assert 20 <= last < 79
