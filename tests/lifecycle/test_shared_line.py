"""Covers `lifecycle.shared` in virtual time: a count of pods for a ledger, what wakes who waits, and what that asks.

The rules of the line itself are in test_line.py; here is what a namespace that people share makes of it.
"""

import asyncio
from contextlib import suppress
from decimal import Decimal

import pytest

from tenantspawner.budget import Amounts, Speech
from tenantspawner.cluster import Deadline, Store
from tenantspawner.errors import BudgetExhausted, OverOwnQuota
from tenantspawner.kube.objects import Pod, read
from tenantspawner.lifecycle import Allowance, Allowances, Queueing, SharedLines, Team, shared_teams_of
from tenantspawner.tenancy import Envelope, Source
from tenantspawner.tenancy import read as read_tenancy
from tests.support.budgets import document
from tests.support.virtualtime import in_virtual_time

GPU = "requests.nvidia.com/gpu"
SPEECH = Speech("The bench", "nvidia.com/gpu", "help@example.edu")


class Pods:
    """A cluster of one namespace as far as a line sees of it: what is listed is there, what is watched comes `late` seconds later."""

    def __init__(self, late=0.01):
        self.there, self.lists, self.late = {}, 0, late
        self.store, self.synced_, self.version = Store(), asyncio.Event(), 0

    async def list(self, _kind, _namespace, **_):
        self.lists += 1
        seen = [*self.there.values()]
        await asyncio.sleep(0.001)
        return seen

    def watch(self, _slim, **_):
        return self

    def start(self):
        asyncio.get_running_loop().call_later(self.late, self._first)

    def _first(self):
        self.store.replace([read(Pod, pod) for pod in self.there.values()])
        self.synced_.set()

    async def synced(self, _deadline):
        await self.synced_.wait()

    async def close(self):
        """Nothing runs."""

    def put(self, name, gpus, owner=None, **status):
        """Make a pod, or change what is said of it."""
        self.version += 1
        notes = {"tenantspawner.io/owner": owner} if owner else {}
        self.there[name] = {
            "metadata": {
                "name": name,
                "namespace": "bench",
                "uid": name,
                "resourceVersion": str(self.version),
                "annotations": notes,
            },
            "spec": {
                "containers": [{"name": "main", "image": "i", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}]
            },
            "status": {"phase": "Running", **status},
        }
        self._later(self.store.put, self.there[name])

    def remove(self, name):
        self._later(self.store.remove, self.there.pop(name))

    def _later(self, what, pod):
        def tell():
            if self.synced_.is_set():
                what(read(Pod, pod))

        asyncio.get_running_loop().call_later(self.late, tell)


class Bench:
    """A team with a budget, and people who stand in its line and then make their pods."""

    def __init__(self, budget=2, late=0.01):
        self.pods = Pods(late)
        self.team = Team("bench", "hub", frozenset({GPU}), Amounts({GPU: budget}), SPEECH, Queueing(1800, 300))
        self.allowances = Allowances(self.pods)
        self.lines = SharedLines(self.pods, self.allowances, lambda: {"bench": self.team})
        self.order, self.said = [], {}

    async def come(self, name, size=1, own=None):
        allowance = Allowance(
            tenant_id="bench",
            namespace="bench",
            selector=None,
            pod_name=f"jupyter-{name}",
            person=name,
            need=Amounts({GPU: size, "pods": 1}),
            own={} if own is None else {GPU: Decimal(own)},
            team={GPU: self.team.total[GPU]},
            speech=SPEECH,
        )

        def say(text, _percent):
            self.said.setdefault(name, []).append(text)

        turn = await self.lines.in_line(self.team, allowance, self.team.queueing, say, room=lambda: True)
        async with self.lines.take_in_turn(allowance, turn, say, Deadline.after(60)) as held:
            await asyncio.sleep(0.05)
            self.pods.put(f"jupyter-{name}", size, owner=name)
            assert held.counted == {GPU}
        self.order.append(name)

    def comes(self, name, size=1, **more):
        return asyncio.create_task(self.come(name, size, **more))

    def leaves(self, name):
        self.pods.remove(f"jupyter-{name}")


async def settle():
    await asyncio.sleep(0.5)


async def gone(*tasks):
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@in_virtual_time
async def test_who_waits_is_told_who_has_what_and_is_started_in_order():
    bench = Bench()
    await asyncio.gather(bench.come("ada"), bench.come("eve"))
    first, second = bench.comes("first", 2), bench.comes("second", 1)
    await settle()
    assert bench.said["first"][-1] == (
        "You are number 1 in line for the budget of The bench. You wait for 2 GPUs; 0 of 2 GPUs are free. "
        "In use: ada 1, eve 1."
    )
    bench.leaves("ada")
    await settle()
    assert not second.done()
    bench.leaves("eve")
    await first
    bench.leaves("first")
    await second
    assert bench.order == ["ada", "eve", "first", "second"]


@pytest.mark.parametrize("late", [0.01, 5])
def test_starts_at_once_never_take_the_same_however_late_the_watch_is(late):
    @in_virtual_time
    async def run():
        bench = Bench(2, late)
        tasks = [bench.comes(f"p{number}") for number in range(10)]
        for count in range(2, 11):
            await asyncio.sleep(20)
            assert sum(task.done() for task in tasks) == count == len(bench.order)
            assert len(bench.pods.there) <= 2
            bench.leaves(bench.order[count - 2])
        assert bench.order == [f"p{number}" for number in range(10)]

    run()


@in_virtual_time
async def test_sixty_who_wait_ask_nothing_also_when_pods_change_without_freeing_anything():
    bench = Bench()
    await bench.come("ada", 2)
    tasks = [bench.comes(f"p{number}") for number in range(60)]
    await settle()
    before = bench.pods.lists
    bench.pods.put("jupyter-ada", 2, owner="ada", message="something else")
    await settle()
    await asyncio.sleep(600)
    assert bench.pods.lists == before
    assert bench.lines.waiting == {"bench": 60}
    bench.leaves("ada")
    await settle()
    assert bench.order == ["ada", "p0", "p1"]
    assert (
        bench.pods.lists - before <= 6
    )  # two starts: each looks once and counts once more; the next one looks in vain
    await gone(*tasks)


@in_virtual_time
async def test_what_has_gone_before_the_first_view_of_the_watch_is_not_waited_for():
    bench = Bench(late=10)
    bench.pods.put("by-hand", 2)
    task = bench.comes("ada")
    await settle()
    assert bench.said["ada"][0].endswith("0 of 2 GPUs are free. In use: by-hand 2.")
    bench.pods.remove("by-hand")
    await settle()
    assert not task.done()
    await asyncio.sleep(10)
    assert task.done()


@in_virtual_time
async def test_an_earlier_pod_of_the_same_server_makes_way():
    bench = Bench()
    bench.pods.put("jupyter-ada", 2, owner="ada")
    await bench.come("ada", 2, own=2)
    assert bench.said == {}


@in_virtual_time
async def test_who_is_passed_by_somebody_beside_the_hub_goes_back_to_the_front():
    bench = Bench(1)
    lock = bench.allowances._locks.setdefault("bench", asyncio.Lock())
    async with lock:  # between their turn and the last count
        ada = bench.comes("ada")
        await settle()
        bench.pods.put("by-hand", 1)
        eve = bench.comes("eve")
        await settle()
    await settle()
    assert "In use: by-hand 1." in bench.said["ada"][-1]
    assert bench.said["ada"][-1].startswith("You are number 1")
    assert bench.said["eve"][-1].startswith("You are number 2")
    bench.pods.remove("by-hand")
    await ada
    await gone(eve)


@in_virtual_time
async def test_what_waiting_does_not_give_is_refused_and_holds_up_nobody():
    bench = Bench()
    with pytest.raises(BudgetExhausted):
        await bench.come("huge", 3)
    await bench.come("ada", 1)
    with pytest.raises(OverOwnQuota):
        await bench.come("ada-too", 2, own=1)
    await bench.come("eve", 1)


@in_virtual_time
async def test_a_budget_that_becomes_too_small_for_who_waits_ends_their_waiting():
    bench = Bench(1)
    await bench.come("ada")
    eve = bench.comes("eve")
    await settle()
    bench.team = Team("bench", "hub", frozenset({GPU}), Amounts({GPU: 0}), SPEECH, Queueing(1800, 50))
    bench.lines.edited()
    with pytest.raises(BudgetExhausted):
        await eve


def test_only_tenants_that_share_a_namespace_and_have_a_budget_have_such_a_line():
    shared = document(4).replace("quota:", "namespace: {per: tenant}\n    onExhausted: queue\n    quota:")
    for text, queueing in (
        (shared, Queueing(1800, 50)),
        (shared.replace("per: tenant", "per: hub"), Queueing(1800, 50)),
        (shared.replace("onExhausted: queue", "onExhausted: refuse"), None),
    ):
        team = shared_teams_of(the_tenancy(text), "hub")["physics"]
        assert (team.queueing, dict(team.total)) == (queueing, {GPU: 4})
    assert shared_teams_of(the_tenancy(document(4)), "hub") == {}
    without = document(None, "gpu: 1").replace("quota:", "namespace: {per: tenant}\n    quota:")
    assert shared_teams_of(the_tenancy(without), "hub") == {}


def the_tenancy(text):
    reading = read_tenancy([Source("t.yaml", text)], Envelope(hubId="hub", hubNamespace="hub", namespacePrefix="hub-"))
    assert reading.tenancy is not None, reading.problems
    return reading.tenancy
