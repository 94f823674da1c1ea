"""The hub's own profiles under a tenancy: functions are called before policy sees them, and one bad profile takes no other with it."""

import logging
from dataclasses import replace

import pytest
from traitlets.config import Config

from tenantspawner.policy import hub_profiles
from tenantspawner.settings.choice import resolved
from tenantspawner.spawner import TenantSpawner
from tests.plan.drawing import chosen, tenant
from tests.settings.support import world


async def image(spawner):
    return f"registry/{spawner.user.name}:1"


def fails(spawner):
    raise RuntimeError("canary")


def ours(profiles, **config):
    settings = {"profile_list": profiles, "tenancy_config_map": "tenants", **config}
    return TenantSpawner(config=Config({"TenantSpawner": settings}), **world())


PROFILES = [
    {
        "display_name": "Demo 1",
        "kubespawner_override": {"image_spec": image, "cpu_limit": lambda _: 2, "mem_limit": "1G", "http_timeout": 300},
        "profile_options": {
            "size": {
                "choices": {
                    "s": {"kubespawner_override": {"cpu_limit": lambda spawner: len(spawner.user.name)}},
                    "l": {},
                },
                "unlisted_choice": {"enabled": True, "kubespawner_override": {"cpu_guarantee": lambda _: 1}},
            }
        },
    },
    {"slug": "plain"},
]


async def test_functions_are_called_and_old_names_are_todays():
    demo, plain = await resolved(PROFILES, ours(PROFILES))
    assert (demo["slug"], plain) == ("demo-1", {"slug": "plain"})
    assert demo["kubespawner_override"] == {
        "image": "registry/ada:1",
        "cpu_limit": 2,
        "mem_limit": "1G",
        "http_timeout": 300,
    }
    size = demo["profile_options"]["size"]
    assert size["choices"]["s"]["kubespawner_override"] == {"cpu_limit": 3}
    assert size["unlisted_choice"]["kubespawner_override"] == {"cpu_guarantee": 1}
    assert callable(PROFILES[0]["kubespawner_override"]["image_spec"])


BAD = [
    {"slug": "failing", "kubespawner_override": {"cpu_limit": fails}},
    {"kubespawner_override": {}},
    "none",
    {"slug": "odd", "profile_options": {"x": "y"}},
    {"slug": "odder", "profile_options": ["x"]},
    {"slug": "empty", "profile_options": {"x": {"choices": ["y"], "unlisted_choice": True}}},
]


async def test_a_profile_that_cannot_be_offered_takes_no_other_with_it(caplog):
    spawner = ours(lambda _: [*BAD, *PROFILES])
    spawner.log = logging.getLogger("test")
    offered = await spawner._hub_profiles()
    assert {slug for slug, profile in offered.items() if not profile.problem} == {"demo-1", "plain"}
    for words in (
        "The profile failing is offered to nobody",
        "neither display_name nor slug",
        "profile_list[odd]",
        "profile_list[odder]",
        "profile_list[empty]",
    ):
        assert words in caplog.text


async def test_a_profile_list_may_be_an_async_function_or_a_dictionary_in_the_order_of_its_keys():
    async def listed(spawner):
        return {"2": {"slug": "b"}, "1": {"slug": "a"}}

    assert list(await ours(listed)._hub_profiles()) == ["a", "b"]
    assert list(await ours({"2": {"slug": "b"}, "1": {"slug": "a"}})._hub_profiles()) == ["a", "b"]
    assert await ours([])._hub_profiles() == {}


async def test_what_a_choice_overrides_beyond_the_pod_is_put_on_until_the_next_start():
    spawner = ours(PROFILES)
    before = spawner.http_timeout
    document = tenant(profiles=["hub:demo-1"], images=["registry/*:1", "registry/ada:1"])
    choice = chosen(document, hub=await resolved(PROFILES, spawner))
    left = spawner._put_on_beyond_the_pod(choice)
    assert left.override == {"cpu_limit": 3, "mem_limit": "1G"}
    assert left == replace(choice, override=left.override)
    assert spawner.http_timeout == 300
    spawner.take_off()
    assert spawner.http_timeout == before


@pytest.mark.parametrize("listed", [PROFILES, {"1": PROFILES[0]}])
async def test_what_policy_reads_holds_only_values(listed):
    entries = listed.values() if isinstance(listed, dict) else listed
    read = hub_profiles(await resolved(list(entries), ours(listed)))
    assert read["demo-1"].override["cpu_limit"] == 2
