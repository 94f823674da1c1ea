"""Covers refusals as people meet them, on both JupyterHubs and on both clusters: one sentence and one status, wherever it is printed.

The four places are the form that was posted, the REST API, the pending page and the progress stream.
"""

import io
import json

import pytest
import pytest_asyncio

from tests.support import pages
from tests.support.hubs import (
    TENANCY,
    a_person,
    a_service,
    a_world,
    create,
    edit_tenancy,
    everything,
    kill_and_restart,
    log_of,
    namespace_of,
    pods,
)
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CONFIG = """
c.TenantSpawner.failure_grace = 0.2
c.Spawner.consecutive_failure_limit = 4
"""
SMALL = {"server": "physics/small", "image@physics/small": "light"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, config=CONFIG) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


async def the_four_places(world, rest, name, options, fields):
    """What is said, with which status, in each place; the form first."""
    async with a_person(world, name) as person:
        form = await person.choose(fields)
        answer = await rest.start(name, options)
        pending = await person.pending()
        progress = (await person.progress())[-1]
    assert progress["failed"]
    return {
        "form": (form.status, pages.text(form.text)),
        "rest": (answer.status, answer.message),
        "pending": (pending.status, pages.text(pending.text)),
        "progress": (answer.status, progress["message"]),
    }


def assert_said_everywhere(said, status, sentence):
    assert {place: code for place, (code, _) in said.items()} == dict.fromkeys(said, status)
    assert said["rest"][1] == sentence
    assert said["progress"][1] == f"Spawn failed: {sentence}"
    for place in ("form", "pending"):
        assert sentence in said[place][1], f"{place}: {said[place][1]}"


async def test_a_choice_that_is_not_to_be_had_is_told_alike_everywhere(world, rest):
    options = {"tenant": "physics", "profile": "small", "image": "elsewhere.example.org/x:1"}
    fields = {"server": "physics/small", "image@physics/small": "elsewhere.example.org/x:1"}
    said = await the_four_places(world, rest, "ada", options, fields)
    sentence = said["rest"][1]
    assert sentence.startswith("image: ")
    assert_said_everywhere(said, 400, sentence)
    assert not [key for key in everything(world) if "ada" in key[1]]


async def test_a_person_nobody_names_is_told_whom_to_ask_everywhere(world, rest):
    await edit_tenancy(world, TENANCY.replace('users: ["*"]', "users: [somebody-else]"))
    try:
        said = await the_four_places(world, rest, "stranger", {}, SMALL)
    finally:
        await edit_tenancy(world, TENANCY)
    sentence = "No team here has stranger among its members, so there is nothing to start. Ask help@example.edu."
    assert_said_everywhere(said, 403, sentence)


async def test_what_only_an_administrator_can_mend_is_told_alike_everywhere(world, rest):
    name = namespace_of("tycho")
    create(world, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    said = await the_four_places(world, rest, "tycho", {"profile": "small"}, SMALL)
    sentence = f"The namespace {name} is in use by somebody else, so this server cannot start. Ask the administrator of this hub."
    assert_said_everywhere(said, 409, sentence)
    assert "It was not touched" in log_of(world)


async def test_a_pod_that_fails_is_told_alike_everywhere(world, rest):
    options = {"profile": "small", "image": "absent"}
    fields = {"server": "physics/small", "image@physics/small": "absent"}
    said = await the_four_places(world, rest, "kepler", options, fields)
    sentence = said["rest"][1]
    assert sentence.startswith("The image localhost/light-absent:1 cannot be pulled")
    assert_said_everywhere(said, 500, sentence)
    assert pods(world, namespace_of("kepler")) == []
    await rest.run("kepler", {"profile": "small"})  # a success: failures are counted from nought again
    assert (await rest.stop("kepler")).status == 204


async def test_refusals_do_not_count_as_failures_of_the_hub(world, rest):
    await rest.user("ada")
    for _ in range(6):
        assert (await rest.start("ada", {"profile": "lab"})).status == 400
    async with a_person(world, "ada") as person:
        for _ in range(6):
            assert (await person.choose({"server": "physics/lab"})).status == 400
    assert world.hub.hub.alive
    await rest.run("ada", {"profile": "small"})
    assert (await rest.stop("ada")).status == 204


BODIES = {
    "list": '["small"]',
    "empty list": "[]",
    "text": '"small"',
    "empty text": '""',
    "number": "1",
    "nought": "0",
    "true": "true",
    "false": "false",
    "cut": '{"profile": "sma',
    "2 MB": json.dumps({"profile": "x" * 2_000_000}),
    "deep": "[" * 1000 + "]" * 1000,
    "deep options": '{"options": ' + '{"a":' * 1000 + "1" + "}" * 1001,
}


async def test_a_body_that_is_no_object_is_refused_and_the_hub_restarts_cleanly(world, rest):
    await rest.user("mallory")
    before = everything(world)
    for name, body in BODIES.items():
        answer = await rest.call("POST", "/users/mallory/server", data=io.BytesIO(body.encode()))
        assert answer.status == 400, f"{name}: {answer.status} {answer.text[:200]}"
    assert everything(world) == before
    await kill_and_restart(world)
    assert await rest.server("mallory") is None
    await rest.run("mallory", {"profile": "small"})
    assert (await rest.stop("mallory")).status == 204


BAD_OPTIONS = [
    ({"profile": "lab"}, "profile"),
    ({"tenant": "chemistry"}, "tenant"),
    ({"tenant": "chemistry", "profile": "lab"}, "tenant"),
    ({"profile": "no-such"}, "profile"),
    ({"image": "formula"}, "image"),
    ({"image": "localhost/light-formula:1"}, "image"),
    ({"image": "localhost/light:2"}, "image"),
    ({"image": "localhost/light:1\n"}, "image"),
    ({"image": "localhost/light:1 "}, "image"),
    ({"image": "localhost/light:1\0"}, "image"),
    ({"image": "LOCALHOST/Light:1"}, "image"),
    ({"image": "l" * 300}, "image"),
    ({"colour": "blue"}, "colour"),
    ({"options": {"colour": "blue"}}, "colour"),
    ({"options": []}, "options"),
    ({"profile": ["small"]}, "profile"),
    ({"profile": 1}, "profile"),
    ({"profile": True}, "profile"),
    ({"image": {"a": 1}}, "image"),
    ({"tenant": 0}, "tenant"),
    *(
        ({"profile": "gpu", "devices": wrong}, "devices")
        for wrong in ("2 ", -1, "-1", 1.5, "1.5", "1e2", "٣", 10**30, str(10**30), True, 3, "3", [1], {})
    ),
]


async def test_bad_options_are_refused_by_name_and_make_nothing(world, rest):
    await rest.user("mallory")
    before = everything(world)
    for options, field in BAD_OPTIONS:
        answer = await rest.start("mallory", options)
        assert answer.status == 400, f"{options}: {answer.status} {answer.text[:300]}"
        assert answer.message.startswith(f"{field}:"), f"{options}: {answer.message}"
        told = answer.message.removeprefix(f"{field}: {options.get(field)}")
        for foreign in ("Chemistry", "laboratory", "chemistry is", "formula is one", "lab,", "Secret formula"):
            assert foreign not in told
    assert everything(world) == before
