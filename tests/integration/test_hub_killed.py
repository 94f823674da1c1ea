"""Covers a hub that dies: after each API call of a first start, beside a running server, and while the API is away.

What was under way is recorded and runs, or is gone after one sweep; what ran is still there, found and reachable.
"""

import asyncio

import pytest
import pytest_asyncio

from tests.support.hubs import (
    HUB_USER,
    VERSIONS,
    a_service,
    a_world,
    eventually,
    hub_requests,
    kill_and_restart,
    log_of,
    namespace_of,
    pods,
)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CONFIG = """
c.TenantSpawner.sweep_interval = 0.5
c.TenantSpawner.sweep_age = 0
c.TenantSpawner.sweep_share = 1
c.KubeSpawner.http_timeout = 2
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=VERSIONS)
async def world(request):
    async with a_world(request.param, config=CONFIG) as world:
        async with a_service(world) as rest:
            await rest.run("bystander", {"profile": "small"})
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


def kill_after(world, number):
    """Kill the hub as soon as its call of that number, from now on, was executed; before the answer arrives."""
    seen = []

    def struck(row):
        if row.user == HUB_USER:
            seen.append(row)
            if len(seen) == number:
                world.hub.hub.kill()

    world.cluster.api.on_request = struck
    return seen


async def test_a_hub_killed_after_any_call_of_a_start_loses_and_leaks_nothing(world, rest, request):
    """After each call in turn; on JupyterHub 5.5 after every third."""
    came_to = []
    for number in range(1, 60, 3 if "5.5" in request.node.name else 1):
        name = f"victim-{number}"
        await rest.user(name)
        seen = kill_after(world, number)
        spawn = asyncio.create_task(rest.start(name, {"profile": "small"}))
        await eventually(lambda spawn=spawn: spawn.done() or not world.hub.hub.alive, 15)
        world.cluster.api.on_request = None
        if world.hub.hub.alive:
            assert spawn.result().status == 201
            break
        await asyncio.gather(spawn, return_exceptions=True)
        await world.hub.start_hub()
        last = f"{seen[-1].verb} {seen[-1].resource}"
        came_to.append((last, await settled(world, rest, name, last)))
        if await rest.server(name) is None:
            await rest.run(name, {"profile": "small"})
        assert await rest.reach(f"/user/{name}/") == 200, f"after {last}"
        assert len(pods(world, namespace_of(name))) == 1, f"after {last}"
    else:
        pytest.fail("a start that never ends")
    assert {"create namespaces", "create resourcequotas", "create pods", "create secrets"} <= {
        call for call, _ in came_to
    }
    assert await rest.reach("/user/bystander/") == 200
    assert "bystander" not in "".join(line for line in log_of(world).splitlines() if "Deleting pod" in line)


async def settled(world, rest, name, last):
    """Wait until a killed start has come to its end: recorded and running, or nothing left of it."""

    async def look():
        server, left = await rest.server(name), pods(world, namespace_of(name))
        if server and server["ready"] and left:
            return "running"
        return "gone" if server is None and not left else ""

    return await eventually(look, 10, f"killed after {last}: neither running nor gone")


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


@pytest_asyncio.fixture(loop_scope="module", params=VERSIONS)
async def another(request):
    async with a_world(request.param, config="c.KubeSpawner.poll_interval = 1") as world:
        yield world


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
