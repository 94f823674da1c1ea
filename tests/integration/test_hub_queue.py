"""Covers waiting in line for a team's budget through a real hub: order, what progress says, cancelling, and the limits."""

import asyncio

import pytest
import pytest_asyncio

from tests.support import pages
from tests.support.hubs import TENANCY, a_person, a_service, a_world, eventually, kill_and_restart, pods
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

TWO = TENANCY.replace(
    "quota: {user: {cpu: 4, memory: 8Gi}}",
    "quota: {team: {gpu: 2}}\n    onExhausted: {queue: {maxWait: 60s, maxLength: 2}}",
).replace("choices: [1, 2, 4]", "choices: [1, 2]")
CONFIG = """
c.Spawner.start_timeout = 8
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.5}
"""
ONE = {"profile": "gpu", "devices": 1}
BOTH = {"profile": "gpu", "devices": 2}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, tenancy=TWO, config=CONFIG) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


async def waits(rest, name, options):
    await rest.user(name)
    answer = await rest.start(name, options)
    assert answer.status == 202, answer.text


async def test_who_waits_is_started_in_order_and_told_the_place(world, rest):
    await rest.run("ada", ONE)
    await waits(rest, "big", BOTH)
    await waits(rest, "small", ONE)  # there is one free, but others were first
    async with a_person(world, "late") as person:
        form = pages.text((await person.form()).text)
        assert "1 of 2 GPUs free" in form
        refused = await person.choose({"server": "physics/gpu", "devices@physics/gpu": "1"})
        assert refused.status == 429
        assert "2 others wait in line for the budget of Physics already" in pages.text(refused.text)
    await asyncio.sleep(10)  # longer than start_timeout
    assert len(pods(world)) == 1
    progress = asyncio.create_task(rest.progress("small"))
    assert (await rest.stop("ada")).status == 204
    await rest.ready("big")
    assert len(pods(world)) == 1
    assert (await rest.stop("big")).status == 204
    await rest.ready("small")
    said = [event["message"] for event in await progress]
    assert any(text.startswith("You are number 2 in line for the budget of Physics.") for text in said), said
    assert (
        "You are number 1 in line for the budget of Physics. You wait for 1 GPU; 0 of 2 GPUs are free. In use: big 2."
        in said
    )
    assert (await rest.stop("small")).status == 204
    await rest.gone("small")


async def test_a_restarted_hub_keeps_nobody_waiting(world, rest):
    await rest.run("ada", BOTH)
    await waits(rest, "bob", ONE)
    await kill_and_restart(world)
    assert await rest.server("bob") is None
    assert (await rest.stop("ada")).status == 204
    await rest.gone("ada")
    await rest.run("bob", BOTH)
    assert (await rest.stop("bob")).status == 204
    await eventually(lambda: not pods(world))
