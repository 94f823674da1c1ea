"""Covers waiting in line for a team's budget through a real hub: order, what progress says, cancelling, and the limits.

What two hundred cost who wait is in test_queue.py; the cluster's own queue in test_hub_gated.py.
"""

import asyncio

import pytest
import pytest_asyncio

from tests.support import pages
from tests.support.hubs import (
    TENANCY,
    a_person,
    a_service,
    a_world,
    edit_tenancy,
    eventually,
    kill_and_restart,
    pods,
)
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

TWO = TENANCY.replace(
    "quota: {user: {cpu: 4, memory: 8Gi}}",
    "quota: {team: {gpu: 2}}\n    onExhausted: {queue: {maxWait: 60s, maxLength: 2}}",
).replace("choices: [1, 2, 4]", "choices: [1, 2]")
CONFIG = """
c.Spawner.start_timeout = 8
c.JupyterHub.concurrent_spawn_limit = 6
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


def places_told(events):
    """The places that a progress stream told, in order."""
    said = [event["message"] for event in events]
    return [text.split(" in line")[0] for text in said if text.startswith("You are number")]


@pytest.mark.parametrize("who", ["the person", "an administrator"])
async def test_who_stops_a_start_in_line_leaves_it_and_the_next_one_moves_up(world, rest, who):
    await rest.run("ada", BOTH)
    async with a_person(world, "first") as first:
        await waits(rest, "first", ONE)
        await waits(rest, "second", ONE)
        progress = asyncio.create_task(rest.progress("second"))
        status = await first.stop() if who == "the person" else (await rest.stop("first")).status
        assert status in {202, 204}
        await rest.gone("first")
    assert len(pods(world)) == 1
    assert (await rest.stop("ada")).status in {202, 204}
    await rest.ready("second")
    assert places_told(await progress)[-2:] == ["You are number 2", "You are number 1"]
    assert len(pods(world)) == 1
    await rest.run("first", ONE)  # nothing is left of the start that was stopped
    for name in ("first", "second"):
        assert (await rest.stop(name)).status in {202, 204}
        await rest.gone(name)
    await eventually(lambda: not pods(world))


async def refusal(rest, name, options):
    """What somebody is told whose start comes to nothing, at once or a moment later."""
    await rest.user(name)
    answer = await rest.start(name, options)
    if answer.status == 202:
        return (await rest.progress(name))[-1]["message"]
    assert answer.status == 429
    return answer.message


async def test_who_waits_never_fills_what_the_hub_may_start_at_once(world, rest):
    await edit_tenancy(world, TWO.replace("maxLength: 2", "maxLength: 50"))
    await rest.run("ada", BOTH)
    for name in ("w1", "w2", "w3"):  # half of `concurrent_spawn_limit`
        await waits(rest, name, ONE)
    assert "So many people wait in line on this hub that it could start nothing else" in await refusal(rest, "w4", ONE)
    await rest.run("chemist", {"tenant": "chemistry", "profile": "lab", "image": "formula"})
    await rest.run("small", {"tenant": "physics", "profile": "small"})  # needs nothing that the others wait for
    for name in ("w1", "w2", "w3", "ada", "chemist", "small"):
        assert (await rest.stop(name)).status in {202, 204}
        await rest.gone(name)
    await eventually(lambda: not pods(world))
    await edit_tenancy(world, TWO)


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
