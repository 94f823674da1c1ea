"""Covers budgets and own ceilings through a real hub, on both JupyterHubs and both clusters: crowds, named servers, shared namespaces, the failure limit."""

import asyncio

import pytest
import pytest_asyncio

from tests.support.budgets import GPU, broken
from tests.support.clusterside import PlaneWorld
from tests.support.hubs import HUB_NAMESPACE, a_service, a_world, eventually, hub_requests, namespace_of, pods
from tests.support.places import PLACES
from tests.support.served import in_history, on_watches

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

TENANCY = """\
version: 1
contact: help@example.edu
images:
  light: {image: "localhost/light:1"}
  absent: {image: "localhost/light-absent:1"}
profiles:
  small: {cpu: 10m, memory: 16Mi}
  gpu: {cpu: 10m, memory: 16Mi, gpu: {choices: [1, 2], default: 1}}
  lab: {cpu: 10m, memory: 16Mi}
tenants:
  physics:
    displayName: Physics
    members: [{users: ["*"]}]
    images: [light, absent]
    profiles: [gpu, small]
    quota: {team: {gpu: 10}}
    storage: {capacity: 1Gi}
  bench:
    displayName: The bench
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    namespace: {per: tenant}
    quota: {user: {gpu: 2, servers: 3}, team: {gpu: 3}}
    storage: {capacity: 1Gi}
  core:
    displayName: The core
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    namespace: {per: hub}
    quota: {user: {gpu: 2, servers: 2}, team: {gpu: 3}}
    storage: {capacity: 1Gi}
"""
CONFIG = """
c.TenantSpawner.failure_grace = 4  # fifty at once on two cores: what heals by itself takes seconds
c.Spawner.consecutive_failure_limit = 5
c.JupyterHub.allow_named_servers = True
"""
OVER = "Physics has 0 of 10 GPUs free. In use: p"
ASK = "Ask help@example.edu, choose fewer, or try again later."
STOP = "Stop one of them first."
PEOPLE = [f"p{number:02}" for number in range(50)]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, tenancy=TENANCY, config=CONFIG, gpus=64) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


async def run(rest, name, server, tenant, devices):
    profile = {"profile": "gpu", "devices": devices} if devices else {"profile": "small"}
    answer = await rest.start(name, {"tenant": tenant, **profile}, server)
    if answer.status in {201, 202}:

        async def ready():
            found = await rest.server(name, server)
            return found and found["ready"]

        await eventually(ready, 20)
    return answer


async def stop(rest, name, server):
    assert (await rest.call("DELETE", f"/users/{name}/servers/{server}")).status in {202, 204}

    async def gone():
        return await rest.server(name, server) is None

    await eventually(gone, 10)


@pytest.mark.parametrize("tenant", ["bench", "core"])
async def test_own_ceilings_and_the_teams_budget_hold_in_shared_namespaces(world, rest, tenant):
    title = {"bench": "The bench", "core": "The core"}[tenant]
    for name in ("ada", "eve", "kim"):
        await rest.user(name)
    assert (await run(rest, "ada", "train", tenant, 1)).status in {201, 202}
    before = len(hub_requests(world))
    answer = await run(rest, "ada", "more", tenant, 2)
    assert (answer.status, answer.message) == (
        409,
        "You may use 2 GPUs; your server *train* uses 1, and this one asks for 2.",
    )
    assert {row.verb for row in hub_requests(world)[before:]} <= {"get", "list", "watch"}
    assert (await run(rest, "eve", "one", tenant, 2)).status in {201, 202}
    answer = await run(rest, "kim", "one", tenant, 1)
    assert (answer.status, answer.message) == (
        409,
        f"{title} has 0 of 3 GPUs free. In use: eve 2, ada 1. {ASK}",
    )
    await stop(rest, "eve", "one")
    several = await asyncio.gather(*(run(rest, name, "two", tenant, 2) for name in ("eve", "kim")))
    assert sorted(answer.status == 409 for answer in several) == [False, True]
    for name, server in (("ada", "train"), *((n, "two") for n in ("eve", "kim"))):
        if await rest.server(name, server):
            await stop(rest, name, server)


async def test_nobody_runs_more_servers_of_a_tenant_than_they_may(world, rest):
    await rest.user("lea")
    assert (await run(rest, "lea", "", "core", 0)).status in {201, 202}
    assert (await run(rest, "lea", "train", "core", 0)).status in {201, 202}
    answer = await run(rest, "lea", "third", "core", 0)
    assert (answer.status, answer.message) == (
        409,
        f"You may run 2 servers of The core at once, and these run now: your default server and *train*. {STOP}",
    )
    assert (await run(rest, "lea", "third", "bench", 0)).status in {201, 202}  # another tenant is another count
    await stop(rest, "lea", "train")
    both = await asyncio.gather(*(run(rest, "lea", name, "core", 0) for name in ("four", "five")))
    assert sorted(answer.status == 409 for answer in both) == [False, True]


def is_of_physics(metadata):
    """Whether an object is in the tenant's namespaces or its ledger; the other tenants' budgets are other ones."""
    return "physics" in metadata["namespace"] or "physics" in metadata["name"]


async def test_fifty_click_at_once_and_ten_start_and_no_refusal_or_failure_is_counted_wrongly(world, rest):
    versions = on_watches(world.plane, HUB_NAMESPACE) if isinstance(world, PlaneWorld) else in_history(world.cluster)
    await asyncio.gather(*(rest.user(name) for name in PEOPLE))
    for _ in range(2):
        answers = await asyncio.gather(*(rest.start(name, {"profile": "gpu"}) for name in PEOPLE))
        refused = [answer for answer in answers if answer.status == 409]
        assert len(refused) == 40, [answer.text for answer in answers if answer.status not in {201, 202, 409}][:2]
        assert all(answer.message.startswith(OVER) for answer in refused[-20:])
        started = [name for name, one in zip(PEOPLE, answers, strict=True) if one.status != 409]
        mine = [pod for pod in pods(world) if pod["metadata"]["namespace"].startswith(namespace_of("p"))]
        assert len(mine) == 10
        again = [name for name in PEOPLE if name not in started][:10]
        assert [(await rest.start(name, {"profile": "gpu"})).status for name in again] == [409] * 10  # 100 in all
        await asyncio.gather(*(rest.ready(name) for name in started))
        await asyncio.gather(*(rest.stop(name) for name in started))
        await asyncio.gather(*(rest.gone(name) for name in started))
    assert world.hub.hub.alive
    kept = [one for one in await versions() if is_of_physics(one.object["metadata"])]
    assert broken(kept) == []
    assert any(GPU in str(one.object) for one in kept)

    for count in range(1, 6):  # each real failure counts as one, and the fifth ends the hub
        try:
            answer = await rest.start(PEOPLE[count], {"profile": "small", "image": "absent"})
        except OSError:  # it has gone before it could answer
            assert count == 5
        else:
            assert answer.status == 500, answer.text
        if count < 5:
            await asyncio.sleep(0.3)
            assert world.hub.hub.alive, count
    await eventually(lambda: not world.hub.hub.alive, 15, "the fifth failure in a row did not end the hub")
