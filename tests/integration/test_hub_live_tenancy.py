"""Covers the life of the tenancy in a real hub: edited, broken, deleted, missing, forbidden, and the API server away.

Whatever becomes of the document, the hub runs, servers that run go on, and the page says why nobody can start one.
"""

import time

import pytest
import pytest_asyncio

from tenantspawner.kube import kinds
from tenantspawner.localcluster.demo.api import HUB_NAMESPACE
from tests.support import pages
from tests.support.hubs import (
    HUB_USER,
    TENANCY,
    a_person,
    a_service,
    a_world,
    change,
    create,
    edit_tenancy,
    eventually,
    log_of,
    namespace_of,
    objects,
    pods,
    remove,
    rights,
    write_tenancy,
)
from tests.support.places import PLACES, embedded_only

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

BROKEN = TENANCY.replace("profiles: [small, gpu]", "profiles: [small, gpuu]")
CLOSED = "Nobody can start a server at the moment"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


async def shows(person, words, within):
    """Wait until the form shows something, and return how long that took."""
    begun = time.monotonic()

    async def look():
        return words in pages.text((await person.form()).text)

    await eventually(look, within, f"the form does not show {words!r} within {within} s")
    return time.monotonic() - begun


async def test_an_edit_is_in_the_form_within_two_seconds_without_a_restart(world):
    async with a_person(world, "ada") as person:
        await shows(person, "With GPUs", 5)
        pid = world.hub.hub.pid
        write_tenancy(world, TENANCY.replace("displayName: With GPUs", "displayName: Accelerated"))
        assert await shows(person, "Accelerated", 2) < 2
    assert world.hub.hub.pid == pid
    await edit_tenancy(world, TENANCY)


async def test_a_broken_edit_leaves_the_last_good_version_in_force_and_is_told_with_its_line(world, rest):
    line = next(number for number, text in enumerate(BROKEN.splitlines(), 1) if "gpuu" in text)
    write_tenancy(world, BROKEN)
    told = f"tenants/tenants.yaml:{line}:"
    await eventually(lambda: told in log_of(world), 2, "the problem is not in the log")
    assert "The last good version stays in force." in log_of(world)

    def complaint():
        found = objects(world, kinds.EVENT, HUB_NAMESPACE)
        return [item for item in found if told in item["message"] and item["involvedObject"]["name"] == "tenants"]

    (event,) = await eventually(complaint, 2, "no Event on the ConfigMap")
    assert (event["type"], event["involvedObject"]["kind"]) == ("Warning", "ConfigMap")
    await rest.run("ada", {"profile": "gpu", "devices": 1})
    await rest.stop("ada")
    await rest.gone("ada")
    async with a_person(world, "ada") as person:
        write_tenancy(world, TENANCY.replace("displayName: With GPUs", "displayName: Mended"))
        assert await shows(person, "Mended", 2) < 2
    await edit_tenancy(world, TENANCY)


async def test_a_deleted_document_is_as_a_broken_one(world, rest):
    there = remove(world, kinds.CONFIG_MAP, HUB_NAMESPACE, "tenants")
    await eventually(lambda: "ConfigMap jupyterhub/tenants does not exist. The last good" in log_of(world), 2)
    await rest.run("ada", {"profile": "small"})
    await rest.stop("ada")
    await rest.gone("ada")
    create(world, {**there, "metadata": {"name": "tenants", "namespace": HUB_NAMESPACE}})


async def start_refused(world, rest, name, why):
    """Nobody can start a server, the page and the API say so in the same words, and the log says why."""
    async with a_person(world, name) as person:
        form = await person.form()
    assert form.status == 200
    assert CLOSED in pages.text(form.text)
    assert not [item for item in pages.controls(form.text) if item.get("name") == "server"]
    answer = await rest.start(name, {"profile": "small"})
    assert answer.status == 503
    assert answer.message.startswith(CLOSED)
    assert answer.message in pages.text(form.text)
    assert answer.headers["Retry-After"]
    await eventually(lambda: why in log_of(world), 10, f"the log does not say {why!r}")


async def restarted(world, rest):
    """Kill the hub and start it again: its log begins anew, the server that ran is still there."""
    world.hub.hub.kill()
    world.hub.hub.log.write_text("")
    await world.hub.start_hub()
    assert (await rest.ready("runner", 10))["ready"]
    assert await rest.reach("/user/runner/") == 200
    assert len(pods(world, namespace_of("runner"))) == 1


async def opens_again(world, rest):
    async with a_person(world, "eva") as person:
        await shows(person, "With GPUs", 12)
    await rest.run("eva", {"profile": "small"})
    await rest.stop("eva")
    await rest.gone("eva")


async def runner(rest):
    """Somebody whose server runs through it all."""
    if await rest.server("runner") is None:
        await rest.run("runner", {"profile": "small"})


async def test_a_missing_document_at_the_start_is_said_and_running_servers_go_on(world, rest):
    await runner(rest)
    there = remove(world, kinds.CONFIG_MAP, HUB_NAMESPACE, "tenants")
    await restarted(world, rest)
    await start_refused(world, rest, "eva", "ConfigMap jupyterhub/tenants does not exist")
    create(world, {**there, "metadata": {"name": "tenants", "namespace": HUB_NAMESPACE}})
    await opens_again(world, rest)


async def test_a_broken_document_at_the_start_is_said_and_running_servers_go_on(world, rest):
    await runner(rest)
    write_tenancy(world, BROKEN)
    await restarted(world, rest)
    await start_refused(world, rest, "eva", "Nobody can start a server.")
    assert "tenants/tenants.yaml:" in log_of(world)
    write_tenancy(world, TENANCY)
    await opens_again(world, rest)


async def test_a_forbidden_document_at_the_start_is_said_and_running_servers_go_on(world, rest):
    await runner(rest)
    some, all_of_them = rights(without=["configmaps"])[0]["rules"], rights()[0]["rules"]
    change(world, kinds.CLUSTER_ROLE, None, "hub", rules=some)
    await restarted(world, rest)
    await start_refused(world, rest, "eva", 'cannot list resource "configmaps"')
    change(world, kinds.CLUSTER_ROLE, None, "hub", rules=all_of_them)
    await opens_again(world, rest)


@embedded_only(
    "needs connections that are reset for the hub alone; the API server itself is away in "
    "real/test_whole_hub.py::test_a_killed_api_server_costs_none_of_fifty_servers"
)
async def test_an_api_server_that_is_away_at_the_start_is_said_and_found_again(world, rest):
    await runner(rest)
    world.cluster.api.watches.close()
    world.cluster.faults.reset(times=None, user=HUB_USER)
    await restarted(world, rest)
    await start_refused(world, rest, "eva", "ConfigMap jupyterhub/tenants:")
    asked = len([row for row in world.cluster.requests if row.user == HUB_USER])
    await eventually(lambda: len([row for row in world.cluster.requests if row.user == HUB_USER]) > asked + 2, 15)
    world.cluster.faults.clear()
    await opens_again(world, rest)
    assert len(pods(world, namespace_of("runner"))) == 1
