"""Covers team budgets with whole starts on both clusters: crowds, two hubs, kubectl, failures, edits, crashes.

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
from tests.support.budgets import BUDGET, GPU, HUB, click, document, hubs_of
from tests.support.budgetscenes import a_crowd, mixed_sizes
from tests.support.clusters import a_node
from tests.support.hubs import eventually
from tests.support.mishaps import creation_refused
from tests.support.places import embedded_only

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
SOON = 15  # seconds, for what takes a moment


@pytest.fixture
async def node(cluster, tmp_path):
    async with a_node(cluster, tmp_path):
        yield


@pytest.fixture
def a_world(cluster, node):
    """Start so many hubs over a budget."""

    @asynccontextmanager
    async def start(budget=BUDGET, hubs=1):
        await cluster.tenancy(document(budget))
        ground = cluster.ground()
        async with hubs_of(ground, hubs) as running:
            yield ground, running

    return start


@embedded_only(
    "the same crowd is there in real/test_budgets_real.py::test_a_crowd_gets_exactly_the_budget_time_after_time",
    fixture="cluster",
)
async def test_a_crowd_gets_exactly_the_budget_time_after_time(a_world):
    async with a_world() as (ground, (hub,)):
        await a_crowd(ground, hub, rounds=20, seed=1)


@embedded_only(
    "the same people are there in "
    "real/test_budgets_real.py::test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget",
    fixture="cluster",
)
async def test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget(a_world):
    async with a_world(hubs=2) as (ground, hubs):
        await mixed_sizes(ground, hubs, people=24, seed=2)


async def test_a_start_over_the_budget_writes_nothing_and_says_who_has_it(cluster, a_world):
    async with a_world(2) as (_, (hub,)):
        await click(hub, "ada", 2)
        mark = await cluster.mark()
        with pytest.raises(BudgetExhausted) as refusal:
            await click(hub, "eve")
        assert refusal.value.sentence == (
            "Physics has 0 of 2 GPUs free. In use: ada 2. Ask help@example.edu, choose fewer, or try again later."
        )
        asked = await cluster.asked(HUB.name, mark)
        assert asked
        assert [row for row in asked if row.verb in WRITES] == []


async def test_a_return_under_way_refuses_nobody_who_starts_again_at_once(a_world):
    async with a_world(1) as (ground, (hub,)):
        for _ in range(5):
            await click(hub, "ada")
            assert await hub.stop("ada")
        await eventually(lambda: ground.ledger().grants == (), SOON)
        await ground.exact()


async def deleted_by_hand(cluster, hub, pod):
    metadata = pod["metadata"]
    where = (metadata["namespace"], metadata["name"])
    await hub.run.cluster.delete(kinds.POD, *where, uid=metadata["uid"], deadline=Deadline.after(10), grace_seconds=0)


async def finished(cluster, hub, pod):
    metadata = pod["metadata"]
    where = (metadata["namespace"], metadata["name"])
    await cluster.change(kinds.POD, *where, sub="status", status={"phase": "Succeeded"})


@pytest.mark.parametrize("end", [deleted_by_hand, finished])
async def test_a_pod_that_ends_without_the_hub_gives_back_what_it_had(cluster, a_world, end):
    async with a_world(1) as (ground, (hub,)):
        await click(hub, "ada")
        (pod,) = ground.pods()
        await end(cluster, hub, pod)
        await eventually(lambda: ground.ledger().grants == (), SOON, "the grant is not back")
        await ground.exact()
        await click(hub, "eve")


async def test_a_start_that_fails_gives_back_what_it_had(a_world):
    async with a_world(1) as (ground, (hub,)):
        with pytest.raises(PodFailed):
            await click(hub, "ada", "broken", grace=0.2)
        await eventually(lambda: ground.ledger().grants == (), SOON, "the grant is not back")
        await click(hub, "eve")
        await ground.exact()


async def test_admission_that_has_not_seen_the_grant_yet_is_asked_again(a_world):
    said = f'pods "jupyter-ada" is forbidden: exceeded quota: tenantspawner, requested: {GPU}=1, used: {GPU}=0, limited: {GPU}=0'
    async with a_world(1) as (ground, (hub,)):
        with creation_refused(hub.run.cluster, "pods", said, times=2):
            await click(hub, "ada")
        await ground.exact()


# -- edits ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_busy_hub(cluster, a_world, budget):
    """A hub that sweeps budgets and reconciles, as JupyterHub's does."""
    async with a_world(budget) as (ground, (hub,)):

        async def known():
            return hub.known()

        async def up():
            """At once."""

        hub.run.wiring = replace(hub.run.wiring, care=Care(interval=0.5, age=0.2))
        hub.run.sweep(known)
        hub.run.reconcile(lambda _run, _feed: hub.sources(), Pace(1, 8), up)

        async def edit(new):
            before = hub.run.feed.tenancy()
            await cluster.tenancy(document(new))
            await eventually(lambda: hub.run.feed.tenancy() is not before, SOON)

        yield ground, hub, edit


async def refused(hub, person, size=1):
    with pytest.raises(BudgetExhausted) as refusal:
        await click(hub, person, size)
    return refusal.value.sentence


async def test_a_budget_that_is_raised_is_there_at_once(cluster, a_world):
    async with a_busy_hub(cluster, a_world, 2) as (ground, hub, edit):
        await click(hub, "ada", 2)
        assert "0 of 2 GPUs free" in await refused(hub, "eve")
        await edit(3)
        await click(hub, "eve")
        assert "0 of 3 GPUs free" in await refused(hub, "kim")
        await ground.exact()


async def test_a_budget_that_is_lowered_stops_nobody_and_grants_nothing_until_enough_came_back(cluster, a_world):
    async with a_busy_hub(cluster, a_world, 3) as (ground, hub, edit):
        for person in ("ada", "bob", "eve"):
            await click(hub, person)
        await edit(1)
        for person in ("ada", "bob", "eve"):
            assert len(ground.pods()) == ground.used()
            assert "0 of 1 GPU free" in await refused(hub, "kim")
            await hub.stop(person)
            await eventually(lambda person=person: person not in {one.holder for one in ground.ledger().grants}, SOON)
        await click(hub, "kim")
        await ground.exact()


async def test_a_budget_that_comes_and_goes_leaves_servers_alone_and_counts_them(cluster, a_world):
    async with a_busy_hub(cluster, a_world, None) as (ground, hub, edit):
        for person in ("ada", "bob", "eve"):
            await click(hub, person)
        assert ground.ledger().grants == ()

        await edit(4)  # comes
        await eventually(lambda: ground.ledger().granted[GPU] == 3, SOON, "running servers are not counted")
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
        await eventually(lambda: ground.ledger().granted[GPU] == 11, SOON, "running servers are not counted")
        assert "0 of 2 GPUs free" in await refused(hub, "bob")
        for person in ("ada", "eve", "kim", "leo", "mia"):
            assert await hub.stop(person)
        await eventually(lambda: ground.ledger().grants == (), SOON, "grants are left")
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


def is_going(pod):
    return "deletionTimestamp" in pod["metadata"]


async def test_a_hub_that_is_killed_after_any_request_leaves_the_budget_exact_after_two_passes(cluster, a_world):
    async with a_world(4) as (ground, (other,)):
        await click(other, "ada", 2)
        for last in range(1, 80):
            person = f"p{last}"
            async with hubs_of(ground) as (hub,):
                await hub.plan(person, Deadline.after(10), "g2")  # what is asked once a process

                async def life(hub=hub, person=person):
                    await click(hub, person, 2)
                    await hub.stop(person)
                    await eventually(lambda: person not in {one.holder for one in ground.ledger().grants}, SOON)

                lived = await dies_after(hub, last, life)
            await eventually(lambda: not any(is_going(pod) for pod in ground.pods()), SOON)
            for _ in range(2):
                await other.run.treasury.sweep(0)
            await ground.exact(within=1)
            for pod in ground.pods():
                if pod["metadata"]["namespace"].endswith(person):  # the sweeper's of orphans
                    await deleted_by_hand(cluster, other, pod)
            await eventually(lambda: {one.holder for one in ground.ledger().grants} == {"ada"}, SOON)
            await ground.exact()
            if lived:
                break
        assert 20 <= last < 79
