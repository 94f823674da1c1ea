"""Covers how long a pod may fail before it is given up: the grace, and longer for what is made right after the pod."""

import asyncio

import pytest

from tenantspawner.cluster import Deadline, Store
from tenantspawner.errors import DeadlinePassed
from tenantspawner.kube.objects import Pod, read
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.servers.launch import Made
from tenantspawner.lifecycle.servers.readiness import Vigil
from tenantspawner.observe import State

MADE = Made("p", "n", "u")


def a_pod(version: int, reason: str = "") -> Pod:
    """Waiting for that reason, or ready without one."""
    state = {"waiting": {"reason": reason, "message": "x"}} if reason else {"running": {}}
    status = {
        "phase": "Pending" if reason else "Running",
        "podIP": "127.1.1.1",
        "containerStatuses": [{"name": "notebook", "ready": not reason, "state": state}],
    }
    metadata = {"name": "p", "namespace": "n", "uid": "u", "resourceVersion": str(version)}
    spec = {"nodeName": "local", "containers": [{"name": "notebook", "image": "i"}]}
    return read(Pod, {"metadata": metadata, "spec": spec, "status": status})


@pytest.mark.parametrize(
    ("reason", "state"), [("CreateContainerConfigError", State.READY), ("InvalidImageName", State.FAILING)]
)
async def test_only_what_may_be_late_outlasts_a_short_grace(reason, state):
    store: Store[Pod] = Store()
    store.replace([a_pod(1, reason)])
    vigil = Vigil(None, store, MADE, Deadline.after(5), grace=0.05)
    asyncio.get_running_loop().call_later(0.3, store.put, a_pod(2))
    assert (await vigil.until_ready(Journal())).state is state


def nowhere(version: int) -> Pod:
    """No node takes it."""
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": f"0/{version} nodes"}
    metadata = {"name": "p", "namespace": "n", "uid": "u", "resourceVersion": str(version)}
    spec = {"containers": [{"name": "notebook", "image": "i"}]}
    return read(Pod, {"metadata": metadata, "spec": spec, "status": {"phase": "Pending", "conditions": [placed]}})


@pytest.mark.parametrize(("told_after", "state"), [(0.02, State.READY), (None, State.FAILING)])
async def test_a_node_that_an_autoscaler_makes_is_waited_for(told_after, state):
    store: Store[Pod] = Store()
    store.replace([nowhere(1)])
    vigil = Vigil(None, store, MADE, Deadline.after(5), grace=0.1)
    loop = asyncio.get_running_loop()
    if told_after is not None:
        loop.call_later(told_after, setattr, vigil, "node_comes", True)
    loop.call_later(0.25, store.put, nowhere(2))
    loop.call_later(0.6, store.put, a_pod(3))
    assert (await vigil.until_ready(Journal())).state is state


async def test_a_node_that_never_comes_is_waited_for_until_the_deadline_only():
    store: Store[Pod] = Store()
    store.replace([nowhere(1)])
    vigil = Vigil(None, store, MADE, Deadline.after(0.4), grace=0.1, node_comes=True)
    with pytest.raises(DeadlinePassed):
        await vigil.until_ready(Journal())
