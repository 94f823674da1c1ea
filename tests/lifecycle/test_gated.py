"""Covers pods behind a scheduling gate, in virtual time: whose time that is, for how long, among how many, and what is said."""

import asyncio
from datetime import UTC, datetime

import pytest

from tenantspawner.budget import Speech
from tenantspawner.cluster import Deadline, Store
from tenantspawner.errors import DeadlinePassed, NotAdmitted, TooManyWaiting
from tenantspawner.kube.objects import Pod, read
from tenantspawner.lifecycle import Crowd, Patience, gate_wait
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.servers.launch import Made
from tenantspawner.lifecycle.servers.readiness import Vigil
from tenantspawner.observe import State
from tenantspawner.tenancy import Envelope, Source
from tenantspawner.tenancy import read as read_tenancy
from tests.support.lifehubs import DOCUMENT
from tests.support.virtualtime import clock, in_virtual_time

SPEECH = Speech("Physics", "nvidia.com/gpu", "help@example.edu")
GATES = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
READY = {
    "phase": "Running",
    "podIP": "127.1.1.1",
    "containerStatuses": [{"name": "notebook", "ready": True, "state": {"running": {}}}],
}


def a_pod(version, *, gated=False, ready=False):
    labels = {"kueue.x-k8s.io/queue-name": "physics"}
    metadata = {"name": "p", "namespace": "n", "uid": "u", "resourceVersion": str(version), "labels": labels}
    spec = {"containers": [{"name": "notebook", "image": "i"}], **(GATES if gated else {})}
    return read(Pod, {"metadata": metadata, "spec": spec, "status": READY if ready else {"phase": "Pending"}})


class Start:
    """A start whose pod is behind a gate from the first moment on; `queue` may open it, and then the server gets ready."""

    def __init__(self, crowd=None, *, limit=8, max_wait=60, most=None, patient=True):
        patience = Patience("physics", max_wait, SPEECH, crowd or Crowd(), most) if patient else None
        self.store, self.journal = Store(), Journal()
        self.store.replace([a_pod(1, gated=True)])
        vigil = Vigil(None, self.store, Made("p", "n", "u"), Deadline.after(limit), grace=5, patience=patience)
        self.task = asyncio.create_task(vigil.until_ready(self.journal))

    def at(self, seconds, version, **pod):
        asyncio.get_running_loop().call_later(seconds, self.store.put, a_pod(version, **pod))
        return self


async def refused(start, kind):
    with pytest.raises(kind) as error:
        await start.task
    return getattr(error.value, "sentence", "")


@in_virtual_time
async def test_the_time_behind_the_gate_is_not_the_start_s():
    start = Start().at(30, 2).at(37, 3, ready=True)
    assert (await start.task).state is State.READY
    assert [step.text for step in start.journal.steps] == [
        "Waiting in the cluster's queue physics until Kueue lets the server in.",
        "Waiting for a node.",
    ]


@in_virtual_time
async def test_but_what_follows_is():
    await refused(Start().at(30, 2).at(39, 3, ready=True), DeadlinePassed)
    assert 38 <= clock() < 38.1


@in_virtual_time
async def test_a_start_that_knows_no_queue_has_no_other_time_than_its_own():
    await refused(Start(patient=False).at(30, 2), DeadlinePassed)
    assert 8 <= clock() < 8.1


@in_virtual_time
async def test_waiting_has_a_limit_of_its_own_and_ends_in_words():
    assert await refused(Start(), NotAdmitted) == (
        "You waited 1 minute in the cluster's queue physics, and it has not let your server in. "
        "Ask help@example.edu, choose a smaller one, or try again later."
    )
    assert 60 <= clock() < 60.1


@in_virtual_time
async def test_no_more_stay_behind_gates_than_the_hub_bears_and_those_in_line_count():
    in_line = 1
    crowd = Crowd(lambda: in_line)
    first, second = Start(crowd, most=2), Start(crowd, most=2)
    assert "So many people wait in line on this hub" in await refused(second, TooManyWaiting)
    assert 5 <= clock() < 5.1
    assert crowd.waiting == 1
    first.at(1, 2).at(2, 3, ready=True)
    await first.task
    assert crowd.waiting == 0


@in_virtual_time
async def test_a_crowd_that_a_queue_lets_in_at_once_is_let_in():
    crowd = Crowd()
    starts = [Start(crowd, most=2).at(1 + number / 10, 2).at(7, 3, ready=True) for number in range(30)]
    found = await asyncio.gather(*(start.task for start in starts))
    assert {one.state for one in found} == {State.READY}


@in_virtual_time
async def test_a_start_that_is_cancelled_is_no_longer_counted():
    crowd = Crowd()
    start = Start(crowd)
    await asyncio.sleep(6)
    assert crowd.waiting == 1
    start.task.cancel()
    await asyncio.gather(start.task, return_exceptions=True)
    assert crowd.waiting == 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 0),
        ("localQueue: physics", 1800),
        ("localQueue: physics\n    onExhausted: {queue: {maxWait: 5m}}", 300),
        ("localQueue: physics\n    onExhausted: queue", 1800),
        ("onExhausted: queue", 0),
    ],
)
def test_how_long_a_tenant_s_servers_may_be_behind_the_gate(said, seconds):
    text = f"{DOCUMENT}    {said}\n" if said else DOCUMENT
    envelope = Envelope(
        hubId="hub", hubNamespace="hub", namespacePrefix="hub-", allowedClusterRoles=["tenantspawner-notebook"]
    )
    tenancy = read_tenancy([Source("t", text)], envelope, today=datetime.now(UTC).date()).tenancy
    assert gate_wait(tenancy.tenants["physics"]) == seconds
