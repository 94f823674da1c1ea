"""Covers the form in a real hub, on both JupyterHubs and on both clusters: what a link, a last choice and a hostile text make of it."""

import json
from urllib.parse import quote

import pytest
import pytest_asyncio
import yaml

from tests.support import pages
from tests.support.hubs import (
    TENANCY,
    a_person,
    a_service,
    a_world,
    edit_tenancy,
    everything,
    namespace_of,
    pods,
)
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SCRIPT = "<script>alert('pwned')</script><img src=x onerror=alert(1)>"
OTHER = {"server": "physics/gpu", "image@physics/gpu": "other", "devices@physics/gpu": "2"}


def hostile():
    """The tenancy with a script in every text that is shown."""
    document = yaml.safe_load(TENANCY)
    document["tenants"]["physics"]["displayName"] = f"Physics {SCRIPT}"
    document["profiles"]["small"] |= {"displayName": f"Small {SCRIPT}", "description": "{{ 7*7 }} " + SCRIPT}
    document["images"]["light"] |= {"displayName": f"Light {SCRIPT}", "description": SCRIPT}
    return json.dumps(document)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


@pytest.mark.parametrize(
    "query",
    [
        "?profile=gpu&image=other&devices=4",
        "?opt-profile=gpu&opt-image=other&opt-devices=4",
        "?tenant=physics&profile=gpu&image=other&devices=4&next=%2Fhub%2Fhome",
    ],
)
async def test_a_link_fills_the_form_in_and_starts_nothing(world, rest, query):
    before = everything(world)
    async with a_person(world, "lena") as person:
        form = await person.form(query)
    assert form.status == 200
    assert {"physics/gpu", "other", "4"} <= pages.chosen(form.text)
    assert await rest.server("lena") is None
    assert everything(world) == before


async def test_a_link_to_what_is_not_to_be_had_says_so_and_starts_nothing(world, rest):
    before = everything(world)
    async with a_person(world, "lena") as person:
        form = await person.form("?profile=lab&image=formula&bogus=1")
    assert form.status == 200
    assert "cannot be read" in pages.text(form.text) or "not offered" in pages.text(form.text)
    assert "Chemistry" not in form.text
    assert await rest.server("lena") is None
    assert everything(world) == before


async def test_what_was_chosen_is_kept_after_a_refusal_and_for_the_next_time(world, rest):
    async with a_person(world, "mira") as person:
        form = await person.choose({**OTHER, "devices@physics/gpu": "3"})
        assert form.status == 400
        assert {"physics/gpu", "other"} <= pages.chosen(form.text)
        await person.choose(OTHER)
        await rest.ready("mira")
        (pod,) = pods(world, namespace_of("mira"))
        assert pod["spec"]["containers"][0]["image"] == "localhost/light-other:1"
        assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
        await rest.stop("mira")
        await rest.gone("mira")
        again = await person.form()
    assert {"physics/gpu", "other", "2"} <= pages.chosen(again.text)


async def test_a_last_choice_that_no_longer_holds_is_told(world, rest):
    async with a_person(world, "nora") as person:
        await person.choose(OTHER)
        await rest.ready("nora")
        await rest.stop("nora")
        await rest.gone("nora")
        await edit_tenancy(world, TENANCY.replace("images: [light, other, absent]", "images: [light]"))
        try:
            form = await person.form()
        finally:
            await edit_tenancy(world, TENANCY)
    assert "The image other is not offered here now." in pages.text(form.text)
    assert "physics/gpu" in pages.chosen(form.text)
    assert "other" not in pages.chosen(form.text)


async def test_a_script_in_a_name_is_shown_as_text(world, rest):
    await edit_tenancy(world, hostile())
    try:
        async with a_person(world, "olga") as person:
            form = await person.form()
            refused = await person.choose({"server": f"physics/{SCRIPT}"})
            linked = await person.form("?profile=%3Cscript%3Ealert('pwned')%3C/script%3E")
    finally:
        await edit_tenancy(world, TENANCY)
    assert SCRIPT in pages.text(form.text)
    assert "{{ 7*7 }}" in pages.text(form.text)
    for page in (form, refused, linked):
        assert "alert(" not in pages.scripts(page.text)
        assert not any("onerror" in item for item in pages.controls(page.text))
        assert "<img src=x" not in page.text
    assert refused.status == 400


@pytest.mark.parametrize(
    "name", ["<b>bold", "$(JUPYTERHUB_API_TOKEN)", "kube-system", "{userid}", "é", "a--b", "x" * 200]
)
async def test_a_person_of_any_name_gets_a_namespace_of_their_own(world, rest, name):
    path = quote(name, safe="")
    before = {item["metadata"]["namespace"] for item in pods(world)}
    await rest.run(path, {"profile": "small"})
    (made,) = [item for item in pods(world) if item["metadata"]["namespace"] not in before]
    assert made["metadata"]["namespace"].startswith("jupyterhub-physics--")
    env = {item["name"]: item.get("value") for item in made["spec"]["containers"][0]["env"]}
    assert env["JUPYTERHUB_USER"].replace("$$", "$") == name
    await rest.stop(path)
