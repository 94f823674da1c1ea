"""Covers `lifecycle.grants` on both clusters: a budget over many namespaces, returns, lost ledgers, crashes.

Asked is the world, at every version: all that there was of quotas, pods and ledger is replayed when a test has ended.
"""

import asyncio
import random
from contextlib import asynccontextmanager

import pytest

from tenantspawner.budget import Amounts, Ask, SpawnId, Speech, lease_name
from tenantspawner.cluster import PASSING, Connection, Deadline, connect
from tenantspawner.errors import BudgetExhausted, TenantSpawnerError
from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle.budgets.budgetdoor import Team
from tenantspawner.lifecycle.budgets.grants import Grants
from tests.support.budgets import GPU, HUB, broken
from tests.support.mishaps import creation_refused, wrapped

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

KEYS = frozenset({GPU})
LEDGER = lease_name("physics")


class Killed(BaseException):
    """The hub is killed: nothing of it cleans up."""


class World:
    """A team whose budget is leased, and a hub that grants; each person has a namespace that begins with the hub's."""

    def __init__(self, place, cluster, budget):
        self.place, self.cluster, self.home = place, cluster, place.home
        speech = Speech("Physics", "nvidia.com/gpu", "help@example.edu")
        self.team = Team("physics", self.home, KEYS, Amounts({GPU: budget}), speech)
        self.grants = self.new_hub()
        self.ground = place.ground()
        self.looking = True

    def new_hub(self):
        return Grants(self.cluster, self.home)

    def of(self, person):
        return f"{self.home}-{person}"

    async def come(self, *people):
        await asyncio.gather(*(self.place.namespace(self.of(person)) for person in people))

    def quota(self, person):
        metadata = {
            "name": "tenantspawner",
            "namespace": self.of(person),
            "labels": {labels.HUB: self.home, labels.TENANT: "physics"},
            "annotations": {labels.OWNER: person},
        }
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "20"}}}

    def pod(self, person, spawn, size):
        amounts = {"limits": {"nvidia.com/gpu": str(size)}}
        metadata = {
            "name": f"pod-{spawn}",
            "namespace": self.of(person),
            "labels": {labels.HUB: self.home},
            "annotations": {labels.SPAWN: spawn, labels.OWNER: person},
        }
        spec = {"containers": [{"name": "notebook", "image": "x", "resources": amounts}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def ask(self, person, spawn, size):
        return Ask(self.of(person), SpawnId(spawn), person, Amounts({GPU: size}), self.team.total, KEYS)

    async def start(self, person, spawn, size=1, grants=None):
        grants, ask, deadline = grants or self.grants, self.ask(person, spawn, size), Deadline.after(60)
        await grants.afford(self.team, ask, deadline)
        async with grants.grant(self.team, ask, self.quota(person), deadline):
            return await self.cluster.create(
                self.pod(person, spawn, size), deadline, mine=lambda _: True, expected=PASSING
            )

    async def stop(self, person, spawn, grants=None):
        where = (kinds.POD, self.of(person), f"pod-{spawn}")
        uid = self.place.got(*where)["metadata"]["uid"]
        await self.cluster.delete(*where, uid=uid, deadline=Deadline.after(30), grace_seconds=0)
        await (grants or self.grants).give_back(self.team, self.of(person), SpawnId(spawn))

    # What there is

    @property
    def ledger(self):
        return self.ground.ledger()

    def used(self):
        return self.ground.used()

    def look_away(self):
        """While somebody damages what is there, it is damaged."""
        self.looking = False

    def exact(self):
        """Granted and allowed is exactly what the pods use."""
        assert self.ledger.granted[GPU] == self.used() == self.ground.allowed()

    async def replayed(self):
        if self.looking:
            assert (wrong := broken(await self.ground.versions(), int(self.team.total[GPU]))) == [], wrong[:5]


@asynccontextmanager
async def a_world(place, budget, *people):
    cluster = await connect(Connection(kubeconfig=str(place.kubeconfig(HUB.name))))
    try:
        world = World(place, cluster, budget)
        await world.come(*people)
        yield world
        await world.replayed()
    finally:
        await cluster.close()


async def test_fifty_people_click_at_once_and_exactly_ten_start(cluster):
    people = [f"p{number:02}" for number in range(50)]
    async with a_world(cluster, 10, *people) as world:
        outcomes = await asyncio.gather(*(world.start(name, f"s{name}") for name in people), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, BudgetExhausted)]
        assert len(refused) == 40, [outcome for outcome in outcomes if isinstance(outcome, Exception)][:3]
        assert "Physics has 0 of 10 GPUs free. In use: p" in refused[-1].sentence
        assert world.used() == 10
        world.exact()

        started = [name for name, outcome in zip(people, outcomes, strict=True) if not isinstance(outcome, Exception)]
        await asyncio.gather(*(world.stop(name, f"s{name}") for name in started))
        assert world.ledger.grants == ()
        world.exact()


async def test_two_hubs_and_several_servers_in_a_namespace(cluster):
    dice = random.Random(7)
    people = ["a", "b", "c", "d"]
    async with a_world(cluster, 6, *people) as world:
        hubs = [world.new_hub(), world.new_hub()]

        async def live(number):
            hub, name, spawn = dice.choice(hubs), dice.choice(people), f"s{number}"
            for _ in range(3):
                await asyncio.sleep(dice.random() / 10)
                try:
                    await world.start(name, spawn, dice.choice((1, 2, 4)), hub)
                except BudgetExhausted:
                    continue
                await asyncio.sleep(dice.random() / 10)
                await world.stop(name, spawn, hub)

        await asyncio.gather(*(live(number) for number in range(12)))
        assert world.ledger.grants == ()
        assert world.ground.allowed() == 0


async def test_a_refused_start_writes_nothing(cluster):
    async with a_world(cluster, 1, "a", "b") as world:
        await world.start("a", "s1")
        mark = await cluster.mark()
        with pytest.raises(BudgetExhausted, match=r"Physics has 0 of 1 GPU free\. In use: a 1\. Ask help@example\.edu"):
            await world.start("b", "s2")
        assert {row.verb for row in await cluster.asked(HUB.name, mark)} == {"get"}
        world.look_away()  # there is nothing to see


@pytest.mark.parametrize("damage", ["delete", "nonsense", "old"])
async def test_a_ledger_that_is_lost_is_rebuilt_before_the_next_grant(cluster, damage):
    async with a_world(cluster, 3, "a", "b", "c") as world:
        await world.start("a", "s1", 2)
        old = cluster.got(kinds.LEASE, cluster.home, LEDGER)
        world.look_away()
        if damage == "delete":
            uid = old["metadata"]["uid"]
            await world.cluster.delete(kinds.LEASE, cluster.home, LEDGER, uid=uid, deadline=Deadline.after(5))
        else:
            text = {"nonsense": '{"version": 1}', "old": '{"version":0,"grants":[]}'}[damage]
            await cluster.change(kinds.LEASE, cluster.home, LEDGER, metadata={"annotations": {labels.LEDGER: text}})
        with pytest.raises(BudgetExhausted):
            await start_without_looking(world)
        await world.start("c", "s3", 1)
        world.exact()
        await world.stop("a", "s1")
        world.exact()


async def start_without_looking(world):
    """Two more than there are."""
    async with world.new_hub().grant(world.team, world.ask("b", "s2", 2), world.quota("b"), Deadline.after(30)):
        raise AssertionError("was granted")


async def test_a_pod_that_is_refused_gives_its_grant_back(cluster):
    async with a_world(cluster, 2, "a") as world:
        with creation_refused(world.cluster, "pods", "no"), pytest.raises(TenantSpawnerError):
            await world.start("a", "s1")
        assert world.ledger.grants == ()
        world.exact()


async def test_a_quota_raised_by_hand_is_lowered_by_the_sweep(cluster):
    async with a_world(cluster, 2, "a") as world:
        await world.start("a", "s1")
        world.look_away()
        await cluster.change(kinds.RESOURCE_QUOTA, world.of("a"), "tenantspawner", spec={"hard": {GPU: "8"}})
        await world.grants.sweep(world.team, 0, Deadline.after(30))
        world.exact()


async def test_a_hub_that_is_killed_after_any_request_leaves_nothing_after_two_passes(cluster):
    async with a_world(cluster, 2, "b") as world:
        await world.start("b", "s0")
        other = world.new_hub()
        for last in range(1, 41):
            person = f"a{last}"
            await world.come(person)
            lived = await killed_after(world, last, person)
            for _ in range(2):
                await other.sweep(world.team, 0, Deadline.after(30))
            world.exact()
            if world.used() == 1:  # what was returned can be had again
                await world.start(person, "s2", 1, other)
                world.exact()
                await world.stop(person, "s2", other)
            else:
                await world.stop(person, "s1", other)
            world.exact()
            if lived:
                break
        assert lived
        assert last >= 15


async def killed_after(world, last, person):
    """Let a hub live until its request of that number has been carried out, and no further; True when it needed no more."""
    left = last

    def wrap(inner):
        async def send(request):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return await inner(request)

        return send

    hub = world.new_hub()
    try:
        with wrapped(world.cluster, wrap):
            await world.start(person, "s1", 1, hub)
            await world.stop(person, "s1", hub)
    except Killed:
        return False
    return True
