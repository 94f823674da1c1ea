"""Covers a tenant with `localQueue:` through a real hub: pods behind Kueue's gate, the time, cancelling, the limits, a restart.

Kueue itself is not there: the gate is in the hub's pod configuration, and a stand-in (tests/support/kueue.py) plays its controller.
"""

import asyncio
import time

import pytest
import pytest_asyncio

from tenantspawner.kube import kinds
from tests.support.hubs import (
    TENANCY,
    a_service,
    a_world,
    edit_tenancy,
    eventually,
    hub_requests,
    kill_and_restart,
    namespace_of,
    objects,
    pods,
)
from tests.support.kueue import MANAGED, POD_CONFIG, QUEUE, a_kueue
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

QUEUED = TENANCY.replace(
    "quota: {user: {cpu: 4, memory: 8Gi}}",
    "quota: {team: {gpu: 4}}\n    localQueue: research\n    onExhausted: {queue: {maxWait: 60s}}",
)
CONFIG = f"""
c.KubeSpawner.extra_pod_config = {POD_CONFIG}
c.Spawner.start_timeout = 8
c.JupyterHub.concurrent_spawn_limit = 4
c.JupyterHub.authenticate_prometheus = False
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0.5}}
"""
ONE = {"tenant": "physics", "profile": "gpu", "devices": 1}
WAITS = "Waiting in the cluster's queue research until Kueue lets the server in."
GPU = "requests.nvidia.com/gpu"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, tenancy=QUEUED, config=CONFIG) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


@pytest_asyncio.fixture(loop_scope="module")
async def kueue(world):
    async with a_kueue(world) as kueue:
        yield kueue


def pod_of(world, name):
    return next(iter(pods(world, namespace_of(name))), None)


def is_held(world, name):
    pod = pod_of(world, name)
    return pod is not None and MANAGED in pod["metadata"].get("finalizers", ()) and pod


async def is_gated(world, rest, name):
    """Start somebody's server, and wait until it is behind the gate."""
    await rest.user(name)
    answer = await rest.start(name, ONE)
    assert answer.status == 202, answer.text
    return await eventually(lambda: is_held(world, name), 20, f"{name}'s pod is not behind its gate")


async def quiet(world):
    """Wait until the hub has done what it does after its first start; how many requests that were."""

    async def at_rest():
        before = len(hub_requests(world))
        await asyncio.sleep(1)
        return before if len(hub_requests(world)) == before else 0

    return await eventually(at_rest, 40, "the hub does not come to rest")


def granted(world, name):
    return objects(world, kinds.RESOURCE_QUOTA, namespace_of(name))[0]["spec"]["hard"][GPU]


async def stopped(world, rest, *names):
    for name in names:
        assert (await rest.stop(name)).status in {202, 204}
    for name in names:
        await rest.gone(name)
        await eventually(lambda name=name: pod_of(world, name) is None, 20, f"{name}'s pod is still there")
        await eventually(lambda name=name: granted(world, name) == "0", 20, f"{name}'s grant is not back")


async def test_the_time_behind_the_gate_is_not_the_start_s_and_costs_no_requests(world, rest, kueue):
    pod = await is_gated(world, rest, "ada")
    assert pod["metadata"]["labels"][QUEUE] == "research"
    await eventually(lambda: (pod_of(world, "ada").get("status") or {}).get("conditions"), 10)
    assert pod_of(world, "ada")["status"]["conditions"][0]["reason"] == "SchedulingGated"
    progress = asyncio.create_task(rest.progress("ada"))
    begun = time.monotonic()
    before = await quiet(world)
    await asyncio.sleep(max(3, begun + 9 - time.monotonic()))  # longer than start_timeout
    assert [str(row) for row in hub_requests(world)[before:] if row.verb != "watch"] == []
    assert (await rest.server("ada"))["pending"] == "spawn"
    assert 'tenantspawner_waiting{tenant="physics"} 1.0' in (await rest.call("GET", "/../metrics")).text
    assert granted(world, "ada") == "1"  # a gated pod is charged to the quota as any other
    kueue.admit("ada")
    await rest.ready("ada")
    said = [event["message"] for event in await progress]
    assert said.index(WAITS) < said.index("The server is running.")
    assert "Kueue has admitted the server." in said
    assert not any("container was started" in text for text in said[: said.index(WAITS)])
    await stopped(world, rest, "ada")


async def test_who_stops_a_gated_start_gets_its_pod_deleted_and_gives_back_its_grant(world, rest, kueue):
    await is_gated(world, rest, "bob")
    await stopped(world, rest, "bob")
    kueue.admit("bob")
    await rest.run("bob", ONE)
    await stopped(world, rest, "bob")


async def test_gated_starts_never_fill_what_the_hub_may_start_at_once(world, rest, kueue):
    await is_gated(world, rest, "w1")
    await is_gated(world, rest, "w2")  # half of `concurrent_spawn_limit`
    await is_gated(world, rest, "w3")
    assert "So many people wait in line on this hub" in (await rest.progress("w3"))[-1]["message"]
    await eventually(lambda: pod_of(world, "w3") is None, 20, "a pod that was given up is still there")
    await rest.run("chemist", {"tenant": "chemistry", "profile": "lab", "image": "formula"})
    kueue.admit("quick")
    await rest.run("quick", ONE)  # a queue with room lets it in at once
    await stopped(world, rest, "w1", "w2", "quick")
    assert (await rest.stop("chemist")).status in {202, 204}


async def test_a_start_that_the_queue_does_not_let_in_ends_in_words(world, rest, kueue):
    await edit_tenancy(world, QUEUED.replace("maxWait: 60s", "maxWait: 3s"))
    await is_gated(world, rest, "eve")
    assert (await rest.progress("eve"))[-1]["message"].endswith(
        "You waited 3 seconds in the cluster's queue research, and it has not let your server in. "
        "Ask help@example.edu, choose a smaller one, or try again later."
    )
    await eventually(lambda: pod_of(world, "eve") is None, 20, "its pod is still there")
    await eventually(lambda: granted(world, "eve") == "0", 20, "its grant is not back")
    await edit_tenancy(world, QUEUED)


async def test_a_restarted_hub_leaves_no_gated_pod_behind(world, rest, kueue):
    await is_gated(world, rest, "dan")
    await kill_and_restart(world)
    await rest.gone("dan", 40)
    await eventually(
        lambda: pod_of(world, "dan") is None, 40, "the pod of a start that nobody waits for is still there"
    )
    kueue.admit("dan")
    await rest.run("dan", ONE)
    await stopped(world, rest, "dan")
