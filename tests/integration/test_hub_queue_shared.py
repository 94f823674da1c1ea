"""Covers waiting in line through a real hub where a team's people share a namespace: one of the team's own, and the hub's.

Order, what progress says, who need not wait, cancelling, the limits, pods of others, edits, a restart, the metric, and that waiting asks nothing.
"""

import asyncio
import subprocess
import sys

import pytest
import pytest_asyncio
import yaml

from tenantspawner.kube import kinds
from tests.support.hubs import (
    HUB_NAMESPACE,
    TENANCY,
    a_person,
    a_service,
    a_world,
    create,
    edit_tenancy,
    eventually,
    hub_requests,
    kill_and_restart,
    pods,
    remove,
)
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SHARED = (
    TENANCY
    + """\
  bench:
    displayName: The bench
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    namespace: {per: tenant}
    quota: {user: {gpu: 2, cpu: 4}, team: {gpu: 2}}
    onExhausted: {queue: {maxWait: 60s, maxLength: 2}}
  core:
    displayName: The core
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    namespace: {per: hub}
    quota: {user: {gpu: 2, cpu: 4}, team: {gpu: 2}}
    onExhausted: {queue: {maxWait: 60s, maxLength: 2}}
  desk:
    displayName: The desk
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    namespace: {per: tenant}
    quota: {team: {gpu: 1}}
"""
)
CONFIG = """
c.Spawner.start_timeout = 8
c.JupyterHub.concurrent_spawn_limit = 6
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.5}
c.JupyterHub.allow_named_servers = True
c.JupyterHub.authenticate_prometheus = False
c.TenantSpawner.hub_cluster_role = "tenantspawner-hub-namespace"
"""
TITLES = {"bench": "The bench", "core": "The core"}
BENCH = f"{HUB_NAMESPACE}-bench"
SHARES = pytest.mark.parametrize("tenant", TITLES)


def printed_rights(mode):
    """What `tenantspawner rbac` prints: with just these, the first start in a namespace finds the hub without a right there."""
    command = [sys.executable, "-m", "tenantspawner", "rbac", "--mode", mode, "--namespace", HUB_NAMESPACE]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [each for each in yaml.safe_load_all(out) if each and each["apiVersion"].startswith("rbac.")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    rights = [each for mode in ("hub", "user") for each in printed_rights(mode)]
    async with a_world(request.param, tenancy=SHARED, config=CONFIG, manifests=rights) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


def gpus(tenant, number):
    return {"tenant": tenant, "profile": "gpu", "devices": number}


async def waits(rest, name, options):
    await rest.user(name)
    answer = await rest.start(name, options)
    assert answer.status in {201, 202}, answer.text  # the hub says 201 where the one before has failed
    assert (await rest.server(name))["pending"] == "spawn"


async def stop(rest, *names):
    for name in names:
        assert (await rest.stop(name)).status in {202, 204}
        await rest.gone(name)


async def scraped(rest):
    return (await rest.call("GET", "/../metrics")).text


@SHARES
async def test_who_waits_is_started_in_order_is_told_the_place_and_asks_nothing(world, rest, tenant):
    title = TITLES[tenant]
    await rest.run("ada", gpus(tenant, 1))
    await waits(rest, "big", gpus(tenant, 2))
    await waits(rest, "small", gpus(tenant, 1))  # there is one free, but others were first
    await rest.user("late")
    refused = await rest.start("late", gpus(tenant, 1))
    assert (refused.status, refused.message) == (
        429,
        f"2 others wait in line for the budget of {title} already, and no more can. Ask help@example.edu, or try again later.",
    )
    await rest.run("none", {"tenant": tenant, "profile": "small"})  # needs nothing that the others wait for
    assert f'tenantspawner_waiting{{tenant="{tenant}"}} 2.0' in await scraped(rest)
    before = len(hub_requests(world))
    await asyncio.sleep(9 if tenant == "bench" else 2)  # once longer than start_timeout
    asked = [row for row in hub_requests(world)[before:] if row.verb != "watch"]
    assert asked == [], [str(row) for row in asked]
    assert len(pods(world)) == 2
    progress = asyncio.create_task(rest.progress("small"))
    await stop(rest, "ada")
    await rest.ready("big")
    assert len(pods(world)) == 2
    await stop(rest, "big")
    await rest.ready("small")
    said = [event["message"] for event in await progress]
    assert any(text.startswith(f"You are number 2 in line for the budget of {title}.") for text in said), said
    assert (
        f"You are number 1 in line for the budget of {title}. You wait for 1 GPU; 0 of 2 GPUs are free. In use: big 2."
        in said
    )
    await stop(rest, "small", "none")


@SHARES
async def test_who_stops_a_start_in_line_leaves_it_and_the_next_one_moves_up(world, rest, tenant):
    await rest.run("ada", gpus(tenant, 2))
    async with a_person(world, "first") as first:
        await waits(rest, "first", gpus(tenant, 1))
        await waits(rest, "second", gpus(tenant, 1))
        progress = asyncio.create_task(rest.progress("second"))
        assert await first.stop() in {202, 204}
        await rest.gone("first")
    await stop(rest, "ada")
    await rest.ready("second")
    places = [event["message"].split(" in line")[0] for event in await progress]
    assert [place for place in places if place.startswith("You are")][-2:] == ["You are number 2", "You are number 1"]
    await rest.run("first", gpus(tenant, 1))
    await stop(rest, "first", "second")


@SHARES
async def test_what_waiting_does_not_give_is_refused_at_once(world, rest, tenant):
    """The person's own ceiling; and what is more than the whole budget, also when it is lowered below what somebody waits for."""
    await rest.run("ada", gpus(tenant, 2))
    refused = await rest.start("ada", gpus(tenant, 1), "more")
    assert (refused.status, refused.message) == (
        409,
        "You may use 2 GPUs; your other server uses 2, and this one asks for 1.",
    )
    await waits(rest, "bob", gpus(tenant, 2))
    await edit_tenancy(world, SHARED.replace("team: {gpu: 2}", "team: {gpu: 1}"))
    await rest.gone("bob")
    refused = await rest.start("bob", gpus(tenant, 2))
    assert (refused.status, refused.message) == (
        409,
        f"{TITLES[tenant]} has 0 of 1 GPU free. In use: ada 2. Ask help@example.edu, choose fewer, or try again later.",
    )
    await edit_tenancy(world, SHARED)
    await stop(rest, "ada")


@SHARES
async def test_an_edit_of_the_budget_reaches_who_waits(world, rest, tenant):
    await rest.run("ada", gpus(tenant, 2))
    await waits(rest, "bob", gpus(tenant, 1))
    await edit_tenancy(world, SHARED.replace("team: {gpu: 2}", "team: {gpu: 3}"))
    await rest.ready("bob")
    await stop(rest, "ada", "bob")
    await edit_tenancy(world, SHARED)


async def test_where_nobody_waits_the_first_start_counts_a_namespace_that_is_not_there_yet(world, rest):
    await rest.run("ada", gpus("desk", 1))
    await rest.user("bob")
    assert (await rest.start("bob", gpus("desk", 1))).status == 409
    await stop(rest, "ada")


async def test_a_pod_of_somebody_else_in_the_team_s_namespace_is_waited_for_too(world, rest):
    resources = {"limits": {"nvidia.com/gpu": "1", "cpu": "10m", "memory": "16Mi"}}
    safe = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    safe["seccompProfile"] = {"type": "RuntimeDefault"}
    container = {"name": "main", "image": "localhost/light:1", "resources": resources, "securityContext": safe}
    metadata = {"name": "by-hand", "namespace": BENCH}
    create(world, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})
    await waits(rest, "bob", gpus("bench", 2))
    remove(world, kinds.POD, BENCH, "by-hand")
    await rest.ready("bob")
    await stop(rest, "bob")


async def test_both_kinds_of_waiting_fill_half_of_what_the_hub_may_start_and_a_restart_ends_them(world, rest):
    for tenant in TITLES:
        await rest.run(f"has-{tenant}", gpus(tenant, 2))
    await waits(rest, "w1", gpus("bench", 1))
    await waits(rest, "w2", gpus("bench", 1))
    await waits(rest, "w3", gpus("core", 1))
    await rest.user("w4")
    refused = await rest.start("w4", gpus("core", 1))
    assert refused.status == 429
    assert "So many people wait in line on this hub that it could start nothing else" in refused.message
    await kill_and_restart(world)
    for name in ("w1", "w2", "w3"):
        assert await rest.server(name) is None
    await stop(rest, *(f"has-{tenant}" for tenant in TITLES))
    several = [("w1", "bench"), ("w2", "bench"), ("w3", "core"), ("w4", "core")]
    await asyncio.gather(*(rest.run(name, gpus(tenant, 1)) for name, tenant in several))
    await stop(rest, *(name for name, _ in several))
    await eventually(lambda: not pods(world))
