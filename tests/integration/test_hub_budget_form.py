"""Covers what the form says of a team's budget, through a real hub: what is free, and what cannot be had now."""

import pytest
import pytest_asyncio

from tests.support import pages
from tests.support.hubs import TENANCY, a_person, a_service, a_world, eventually
from tests.support.places import NEWEST

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SIX = TENANCY.replace("quota: {user: {cpu: 4, memory: 8Gi}}", "quota: {team: {gpu: 6}}")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=NEWEST)
async def world(request):
    async with a_world(request.param, tenancy=SIX) as world:
        yield world


async def shows(person, words):
    async def look():
        return words in pages.text((await person.form()).text)

    await eventually(look, 10, f"the form does not say {words!r}")


def devices(form):
    """The choices of how many, and whether each is disabled."""
    options = [item for item in pages.controls(form) if item["tag"] == "option" and item["value"].isdigit()]
    return {item["value"]: "disabled" in item for item in options}


async def test_the_form_says_what_is_free_and_disables_what_cannot_be_had(world):
    async with a_service(world) as rest, a_person(world, "eva") as person:
        await shows(person, "6 of 6 GPUs free")
        await rest.run("ada", {"profile": "gpu", "devices": 1})
        await shows(person, "5 of 6 GPUs free")
        assert devices((await person.form()).text) == {"1": False, "2": False, "4": False}
        await rest.run("bob", {"profile": "gpu", "devices": 2})
        await shows(person, "3 of 6 GPUs free")
        form = (await person.form()).text
        assert devices(form) == {"1": False, "2": False, "4": True}
        assert "4 (3 free now)" in pages.text(form)
        for name in ("ada", "bob"):
            assert (await rest.stop(name)).status == 204
        await shows(person, "6 of 6 GPUs free")
