"""Covers `lifecycle.grants` on the embedded cluster: a budget over many namespaces, returns, lost ledgers, crashes.

Asked is the world, at every version: a checker looks at all quotas, pods and the ledger after each change of the store.
"""

import asyncio
import random
from contextlib import asynccontextmanager

import pytest

from tenantspawner.budget import Amounts, Ask, Ledger, SpawnId, Speech, lease_name
from tenantspawner.cluster import PASSING, Connection, Deadline, connect
from tenantspawner.errors import BudgetExhausted, TenantSpawnerError
from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle.budgetdoor import Team
from tenantspawner.lifecycle.grants import Grants
from tenantspawner.localcluster.cluster import LocalCluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

GPU = "requests.nvidia.com/gpu"
KEYS = frozenset({GPU})
HUB = "hub"


class Killed(BaseException):
    """The hub is killed: nothing of it cleans up."""


class World:
    """A cluster with a team whose budget is leased, and a hub that grants."""

    def __init__(self, local, cluster, budget):
        self.local, self.cluster = local, cluster
        self.team = Team(
            "physics", "hub", KEYS, Amounts({GPU: budget}), Speech("Physics", "nvidia.com/gpu", "help@example.edu")
        )
        self.grants = Grants(cluster, HUB)
        self.broken, self.checks = [], 0

    def new_hub(self):
        return Grants(self.cluster, HUB)

    def namespace(self, name):
        self.local.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def quota(self, namespace):
        marks = {labels.HUB: "hub", labels.TENANT: "physics"}
        metadata = {
            "name": "tenantspawner",
            "namespace": namespace,
            "labels": marks,
            "annotations": {labels.OWNER: namespace},
        }
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "20"}}}

    def pod(self, namespace, spawn, size):
        amounts = {"limits": {"nvidia.com/gpu": str(size)}}
        metadata = {
            "name": f"pod-{spawn}",
            "namespace": namespace,
            "annotations": {labels.SPAWN: spawn, labels.OWNER: namespace},
        }
        spec = {"containers": [{"name": "notebook", "image": "x", "resources": amounts}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    async def start(self, namespace, spawn, size=1, grants=None):
        grants = grants or self.grants
        ask = Ask(namespace, SpawnId(spawn), namespace, Amounts({GPU: size}), self.team.total, KEYS)
        deadline = Deadline.after(60)
        await grants.afford(self.team, ask, deadline)
        async with grants.grant(self.team, ask, self.quota(namespace), deadline):
            return await self.cluster.create(
                self.pod(namespace, spawn, size), deadline, mine=lambda _: True, expected=PASSING
            )

    async def stop(self, namespace, spawn, grants=None):
        pod = self.local.store.get(kinds.POD, namespace, f"pod-{spawn}")
        await self.cluster.delete(
            kinds.POD,
            namespace,
            f"pod-{spawn}",
            uid=pod["metadata"]["uid"],
            deadline=Deadline.after(30),
            grace_seconds=0,
        )
        await (grants or self.grants).give_back(self.team, namespace, SpawnId(spawn))

    # What there is

    @property
    def ledger(self):
        lease = self.local.store.get(kinds.LEASE, HUB, lease_name("physics"))
        text = (lease or {}).get("metadata", {}).get("annotations", {}).get(labels.LEDGER)
        return Ledger.parse(text) if text else None

    def allowed(self):
        quotas = self.local.store.list(kinds.RESOURCE_QUOTA)
        return {q["metadata"]["namespace"]: int(q["spec"]["hard"].get(GPU, 0)) for q in quotas}

    def used(self):
        return sum(
            int(p["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"])
            for p in self.local.store.list(kinds.POD)
        )

    def check(self, _event):
        self.checks += 1
        ledger = self.ledger
        if ledger is None:
            return
        over = {ns: hard for ns, hard in self.allowed().items() if hard > ledger.entry(ns)[GPU]}
        if over or ledger.granted[GPU] > self.team.total[GPU] or self.used() > self.team.total[GPU]:
            self.broken.append((over, ledger, self.used()))

    def exact(self):
        """Granted and allowed is exactly what the pods use."""
        assert self.checks > 0
        assert self.broken == []
        assert self.ledger.granted[GPU] == self.used() == sum(self.allowed().values())


@asynccontextmanager
async def a_world(budget=10, namespaces=()):
    async with LocalCluster() as local:
        cluster = await connect(Connection(kubeconfig=str(local.kubeconfig())))
        world = World(local, cluster, budget)
        for name in (HUB, *namespaces):
            world.namespace(name)
        world.look_away = local.store.subscribe(world.check)
        try:
            yield world
        finally:
            await cluster.close()


async def test_fifty_people_click_at_once_and_exactly_ten_start():
    names = [f"physics--{number}" for number in range(50)]
    async with a_world(10, names) as world:
        outcomes = await asyncio.gather(*(world.start(name, f"s{name}") for name in names), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, BudgetExhausted)]
        assert len(refused) == 40, [outcome for outcome in outcomes if isinstance(outcome, Exception)][:3]
        assert "Physics has 0 of 10 GPUs free. In use: physics--" in refused[-1].sentence
        assert world.used() == 10
        world.exact()

        started = [name for name, outcome in zip(names, outcomes, strict=True) if not isinstance(outcome, Exception)]
        await asyncio.gather(*(world.stop(name, f"s{name}") for name in started))
        assert world.ledger.grants == ()
        world.exact()


async def test_two_hubs_and_several_servers_in_a_namespace():
    dice = random.Random(7)
    names = ["a", "b", "c", "d"]
    async with a_world(6, names) as world:
        hubs = [world.new_hub(), world.new_hub()]

        async def live(number):
            hub, name, spawn = dice.choice(hubs), dice.choice(names), f"s{number}"
            for _ in range(3):
                await asyncio.sleep(dice.random() / 10)
                try:
                    await world.start(name, spawn, dice.choice((1, 2, 4)), hub)
                except BudgetExhausted:
                    continue
                await asyncio.sleep(dice.random() / 10)
                await world.stop(name, spawn, hub)

        await asyncio.gather(*(live(number) for number in range(12)))
        assert world.broken == []
        assert world.ledger.grants == ()
        assert sum(world.allowed().values()) == 0


async def test_a_refused_start_writes_nothing():
    async with a_world(1, ["a", "b"]) as world:
        await world.start("a", "s1")
        before = len(world.local.requests)
        with pytest.raises(BudgetExhausted, match=r"Physics has 0 of 1 GPU free\. In use: a 1\. Ask help@example\.edu"):
            await world.start("b", "s2")
        assert {row.verb for row in list(world.local.requests)[before:]} <= {"get"}


@pytest.mark.parametrize("damage", ["delete", "nonsense", "old"])
async def test_a_ledger_that_is_lost_is_rebuilt_before_the_next_grant(damage):
    async with a_world(3, ["a", "b", "c"]) as world:
        await world.start("a", "s1", 2)
        old = world.local.store.get(kinds.LEASE, HUB, lease_name("physics"))
        if damage == "delete":
            await world.cluster.delete(
                kinds.LEASE, HUB, lease_name("physics"), uid=old["metadata"]["uid"], deadline=Deadline.after(5)
            )
        else:
            text = {"nonsense": '{"version": 1}', "old": '{"version":0,"grants":[]}'}[damage]
            world.look_away()
            await world.cluster.patch(
                kinds.LEASE,
                HUB,
                lease_name("physics"),
                {"metadata": {"annotations": {labels.LEDGER: text}}},
                Deadline.after(5),
            )
        with pytest.raises(BudgetExhausted):
            await start_without_looking(world)
        await world.start("c", "s3", 1)
        world.exact()
        await world.stop("a", "s1")
        world.exact()


async def start_without_looking(world):
    """Two more than there are."""
    grants = world.new_hub()
    ask = Ask("b", SpawnId("s2"), "b", Amounts({GPU: 2}), world.team.total, KEYS)
    async with grants.grant(world.team, ask, world.quota("b"), Deadline.after(30)):
        raise AssertionError("was granted")


async def test_a_pod_that_is_refused_gives_its_grant_back():
    async with a_world(2, ["a"]) as world:
        world.local.faults.answer(403, "Forbidden", "no", verb="create", resource="pods")
        with pytest.raises(TenantSpawnerError):
            await world.start("a", "s1")
        assert world.ledger.grants == ()
        world.exact()


async def test_a_quota_raised_by_hand_is_lowered_by_the_sweep():
    async with a_world(2, ["a"]) as world:
        await world.start("a", "s1")
        world.look_away()
        await world.cluster.patch(
            kinds.RESOURCE_QUOTA, "a", "tenantspawner", {"spec": {"hard": {GPU: "8"}}}, Deadline.after(5)
        )
        await world.grants.sweep(world.team, 0, Deadline.after(30))
        world.exact()


async def requests_of_a_life():
    """How many requests a grant and its return take."""
    async with a_world(2, ["a", "b"]) as world:
        await world.start("b", "s0")
        before = len(world.local.requests)
        await world.start("a", "s1")
        await world.stop("a", "s1")
        return len(world.local.requests) - before


async def test_a_hub_that_is_killed_after_any_request_leaves_nothing_after_two_passes():
    count = await requests_of_a_life()
    assert 15 <= count <= 40
    for last in range(1, count + 1):
        async with a_world(2, ["a", "b"]) as world:
            await world.start("b", "s0")
            await killed_after(world, last)
            other = world.new_hub()
            for _ in range(2):
                await other.sweep(world.team, 0, Deadline.after(30))
            world.exact()
            if world.used() == 1:
                await world.start("a", "s2", 1, other)  # what was returned can be had again
                world.exact()


async def killed_after(world, last):
    """Let a hub live until its request of that number has been carried out, and no further."""
    inner = world.cluster._transport.send
    left = last

    async def send(request):
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return await inner(request)

    world.cluster._transport.send = send
    try:
        await world.start("a", "s1")
        await world.stop("a", "s1")
    except Killed:
        pass
    finally:
        world.cluster._transport.send = inner
