"""Covers a hub that dies: after each API call of a first start, beside a running server, and while the API is away.

What was under way is recorded and runs, or is gone after one sweep; what ran is still there, found and reachable.
"""

import asyncio

import pytest
import pytest_asyncio

from tenantspawner.kube import kinds
from tests.support.hubs import (
    HUB_USER,
    a_service,
    a_world,
    eventually,
    hub_requests,
    kill_and_restart,
    namespace_of,
    pods,
)
from tests.support.places import PLACES, embedded_only

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CONFIG = """
c.TenantSpawner.sweep_interval = 0.5
c.TenantSpawner.sweep_age = 0
c.TenantSpawner.sweep_share = 1
c.KubeSpawner.http_timeout = 2
"""


LAST = 22  # more calls than a first start has
# The numbers of the two hubs are different values, since pytest would take turns between hubs for equal ones.
EACH = [("6.1", number) for number in range(1, LAST)] + [("5.5", f"{number}") for number in range(1, LAST, 3)]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, config=CONFIG) as world:
        async with a_service(world) as rest:
            await rest.run("bystander", {"profile": "small"})
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


def calls_for(name, rows):
    """What the hub asks for one person's start; a namespace is created without its name in the address."""
    own = namespace_of(name)
    return [
        f"{row.verb} {row.resource}"
        for row in rows
        if row.user == HUB_USER
        and (own in {row.namespace, row.name} or (row.verb, row.resource) == ("create", "namespaces"))
    ]


def kill_after(world, name, number):
    """Kill the hub as soon as its call of that number for a person was executed; before the answer arrives."""
    seen = []

    def struck(row):
        seen.extend(calls_for(name, [row]))
        if len(seen) == number and world.hub.hub.alive:
            world.hub.hub.kill()

    world.cluster.api.on_request = struck
    return seen


@pytest.mark.parametrize(("world", "number"), EACH, indirect=["world"], scope="module")
async def test_a_hub_killed_after_any_call_of_a_start_loses_and_leaks_nothing(world, rest, number):
    name = f"victim-{number}"
    await rest.user(name)
    seen = kill_after(world, name, int(number))
    spawn = asyncio.create_task(rest.start(name, {"profile": "small"}))
    await eventually(lambda: spawn.done() or not world.hub.hub.alive, 20)
    world.cluster.api.on_request = None
    await asyncio.gather(spawn, return_exceptions=True)
    if not world.hub.hub.alive:
        await world.hub.start_hub()
    last = seen[-1]
    await settled(world, rest, name, last)
    if await rest.server(name) is None:
        await rest.run(name, {"profile": "small"})
    assert await rest.reach(f"/user/{name}/") == 200, f"after {last}"
    assert len(pods(world, namespace_of(name))) == 1, f"after {last}"
    assert await rest.reach("/user/bystander/") == 200


@embedded_only("counts the calls of the kills above, which need to strike between a call and its answer")
async def test_every_call_of_a_start_was_among_them(world, rest):
    await kill_and_restart(world)
    await rest.ready("bystander", 20)
    before = len(hub_requests(world))
    await rest.run("survivor", {"profile": "small"})
    calls = calls_for("survivor", hub_requests(world)[before:])
    assert {"create namespaces", "create resourcequotas", "create pods", "create secrets"} <= set(calls)
    assert calls.index("create secrets") + 1 < LAST
    await rest.stop("survivor")


async def settled(world, rest, name, last):
    """Wait until a killed start has come to its end: recorded and running, or nothing left of it."""

    async def look():
        server, left = await rest.server(name), pods(world, namespace_of(name))
        if server and server["ready"] and left:
            return "running"
        return "gone" if server is None and not left else ""

    return await eventually(look, 20, f"killed after {last}: neither running nor gone")


async def test_a_running_server_is_found_and_reachable_after_the_hub_was_killed(world, rest):
    (before,) = pods(world, namespace_of("bystander"))
    asked = len(hub_requests(world))
    world.hub.hub.kill()
    assert await rest.reach("/user/bystander/") == 200
    await world.hub.start_hub()
    await rest.ready("bystander", 10)
    assert await rest.reach("/user/bystander/") == 200
    assert pods(world, namespace_of("bystander"))[0]["metadata"]["uid"] == before["metadata"]["uid"]
    assert [
        row for row in hub_requests(world)[asked:] if row.verb in {"create", "delete"} and row.resource == "pods"
    ] == []


@pytest_asyncio.fixture(loop_scope="module")
async def another(request):
    async with a_world(request.param, config="c.KubeSpawner.poll_interval = 1") as world:
        yield world


@embedded_only(
    "needs 503 for the hub alone; the API server itself is away in "
    "real/test_whole_hub.py::test_a_killed_api_server_costs_none_of_fifty_servers",
    fixture="another",
)
async def test_a_restart_while_the_api_is_away_stops_nobody(another):
    people = [f"p{number}" for number in range(20)]
    async with a_service(another) as rest:
        await asyncio.gather(*(rest.user(name) for name in people))
        await asyncio.gather(*(rest.start(name, {"profile": "small"}) for name in people))
        await asyncio.gather(*(rest.ready(name, 30) for name in people))
        uids = {pod["metadata"]["uid"] for pod in pods(another)}
        asked = len(hub_requests(another))
        another.cluster.faults.answer(503, times=None, user=HUB_USER)
        another.cluster.api.watches.close()
        await kill_and_restart(another)
        await asyncio.sleep(20)
        another.cluster.faults.clear()
        await asyncio.gather(*(rest.ready(name, 30) for name in people))
        assert [await rest.reach(f"/user/{name}/") for name in people] == [200] * 20
        assert {pod["metadata"]["uid"] for pod in pods(another)} == uids
        assert [row for row in hub_requests(another)[asked:] if row.verb == "delete"] == []


@embedded_only(
    "needs a slow quota controller for one moment; a real one stands still in "
    "real/test_controllers_paused.py::test_no_pod_before_the_quota_counts_and_none_is_left_behind"
)
@pytest.mark.parametrize("how", ["a person who changes their mind", "a hub that is told to end"])
async def test_a_start_that_is_cancelled_leaves_nothing_and_the_next_one_works(world, rest, how):
    name = f"undecided-{len(how)}"
    await rest.user(name)
    world.cluster.settings.quota_delay = 3.0
    spawn = asyncio.create_task(rest.start(name, {"profile": "small"}))
    await eventually(lambda: world.cluster.store.get(kinds.RESOURCE_QUOTA, namespace_of(name), "tenantspawner"), 10)
    if how.startswith("a person"):
        assert (await rest.stop(name)).status in {202, 204, 400}
        await asyncio.gather(spawn, return_exceptions=True)
    else:
        await asyncio.to_thread(world.hub.hub.stop)
        await asyncio.gather(spawn, return_exceptions=True)
        await world.hub.start_hub()
    world.cluster.settings.quota_delay = 0.01
    assert await settled(world, rest, name, "the quota was made") in {"running", "gone"}
    if await rest.server(name) is None:
        await rest.run(name, {"profile": "small"})
    assert await rest.reach(f"/user/{name}/") == 200
    assert len(pods(world, namespace_of(name))) == 1
