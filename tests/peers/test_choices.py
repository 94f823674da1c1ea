"""What may be chosen from a profile list leads to the same pod as with KubeSpawner; what may not is refused by ours.

KubeSpawner writes a choice into its configuration, so that it stays there for the next start: there we differ.
"""

import copy

import pytest

from tenantspawner.errors import Misconfigured, Refused
from tests.peers.spawners import json_of, ours, upstream


async def _async_profiles(spawner):
    return copy.deepcopy(PROFILES)


IMAGES = {
    "display_name": "Image",
    "choices": {
        "base": {"display_name": "Base", "kubespawner_override": {"image": "base:1"}},
        "full": {
            "display_name": "Full",
            "default": True,
            "kubespawner_override": {"image": "full:1", "extra_labels": {"full": "yes"}},
        },
    },
    "unlisted_choice": {
        "enabled": True,
        "display_name": "Other image",
        "validation_regex": r"jupyter/[a-z-]+:\d+",
        "kubespawner_override": {
            "image_spec": "{value}",
            "extra_annotations": {"typed": "{value}", "{value}": "as a key"},
        },
    },
}
PROFILES = [
    {"display_name": "Small — one CPU", "kubespawner_override": {"cpu_limit": 1, "environment": {"A": None, "B": "b"}}},
    {
        "display_name": "Big",
        "slug": "big",
        "default": True,
        "kubespawner_override": {
            "mem_limit": "8G",
            "default_url": "/lab",
            "environment": {"SIZE": "big-{username}"},
            "volumes": {"2-scratch": {"name": "scratch", "emptyDir": {}}, "1-home": None},
            "node_selector": {"size": "big"},
            "uid": lambda _: 1000,
            "extra_labels": lambda spawner: {"memory": str(spawner.mem_limit)},
        },
        "profile_options": {
            "image": IMAGES,
            "size": {"display_name": "S", "choices": {"l": {"kubespawner_override": {"cpu_limit": 9}}}},
        },
    },
]
BASE = {
    "environment": {"A": "a", "KEEP": "{username}"},
    "volumes": {"1-home": {"name": "home", "emptyDir": {}}},
    "extra_labels": {"x": "y"},
    "uid": lambda _: 5,
}

OPTIONS = [
    {},
    {"profile": "small-one-cpu"},
    {"profile": "big"},
    {"profile": "big", "image": "base"},
    {"profile": "big", "image": "base", "size": "l"},
    {"profile": "big", "image--unlisted-choice": "jupyter/base:12"},
    {"profile": "", "image": "base"},
    {"profile": "small-one-cpu", "image": "base", "something": ["else"]},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "form", [PROFILES, {"2": PROFILES[1], "1": PROFILES[0]}, lambda _: copy.deepcopy(PROFILES), _async_profiles]
)
async def test_the_choice_makes_the_same_pod(options, form):
    config = {**BASE, "profile_list": form}
    peer, spawner = upstream(copy.deepcopy(config)), ours(copy.deepcopy(config))
    peer.user_options, spawner.user_options = dict(options), dict(options)
    await peer.load_user_options()
    await spawner.load_user_options()
    assert json_of(await spawner.get_pod_manifest()) == json_of(await peer.get_pod_manifest())


async def test_a_choice_leaves_the_configuration_as_it_was():
    spawner = ours(copy.deepcopy({**BASE, "profile_list": PROFILES, "http_timeout": 7}))
    first = json_of(await spawner.get_pod_manifest())
    before = copy.deepcopy(values(spawner))
    spawner.user_options = {"profile": "small-one-cpu"}
    await spawner.load_user_options()
    await spawner.get_pod_manifest()
    spawner.clear_state()
    assert values(spawner) == before
    spawner.user_options = {}
    assert json_of(await spawner.get_pod_manifest()) == first


def values(spawner):
    """Return every setting but those whose default is a method of the spawner."""
    names = set(spawner.trait_names(config=True)) - {"options_form", "options_from_form"}
    return {name: getattr(spawner, name) for name in names}


REFUSED = [
    ({"profile": "nope"}, "profile"),
    ({"profile": ["big"]}, "profile"),
    ({"profile": {"a": 1}}, "profile"),
    ({"profile": "big", "image": "nope"}, "image"),
    ({"profile": "big", "image": 1}, "image"),
    ({"profile": "big", "image": "unlisted-choice"}, "image"),
    ({"profile": "big", "image--unlisted-choice": "jupyter/base:12; rm -rf"}, "image"),
    ({"profile": "big", "image--unlisted-choice": "jupyter/base:12\n"}, "image"),
    ({"profile": "big", "image--unlisted-choice": "x" * 1001}, "image"),
    ({"profile": "big", "image--unlisted-choice": ["x"]}, "image--unlisted-choice"),
    ({"profile": "big", "size--unlisted-choice": "x"}, "size"),
]


@pytest.mark.parametrize(("options", "field"), REFUSED)
async def test_what_is_not_to_be_had_is_refused_with_its_name(options, field):
    spawner = ours({**BASE, "profile_list": copy.deepcopy(PROFILES)})
    spawner.user_options = options
    with pytest.raises(Refused) as refused:
        await spawner.load_user_options()
    assert refused.value.field == field
    assert refused.value.status == 400
    assert isinstance(refused.value, ValueError)


async def test_overrides_of_what_the_hub_reads_stay_for_one_start():
    profiles = [
        {"slug": "slow", "kubespawner_override": {"http_timeout": 300, "namespace": "other", "my_own": 1}},
        {"slug": "plain"},
    ]
    spawner = ours({"profile_list": profiles})
    timeout, namespace = spawner.http_timeout, spawner.namespace
    spawner.user_options = {"profile": "slow"}
    await spawner.load_user_options()
    assert (spawner.http_timeout, spawner.namespace, spawner.my_own) == (300, "other", 1)
    assert spawner.dns_name == "jupyter-ada.other.svc.cluster.local"
    spawner.clear_state()
    spawner.user_options = {"profile": "plain"}
    await spawner.load_user_options()
    assert (spawner.http_timeout, spawner.namespace) == (timeout, namespace)
    assert not hasattr(spawner, "my_own")


@pytest.mark.parametrize(
    "override", [{"mem_limit": "much"}, {"image": 5}, {"cpu_limit": "2"}, {"http_timeout": "x"}, {"volumes": 3}]
)
async def test_an_override_of_the_wrong_type_names_the_setting(override):
    spawner = ours({"profile_list": [{"slug": "x", "kubespawner_override": override}]})
    with pytest.raises(Misconfigured) as wrong:
        await spawner.load_user_options()
    assert wrong.value.setting == next(iter(override))


HOSTILE = "{username} {unescaped_username.__class__} {userid:>300000000} $(JUPYTERHUB_API_TOKEN) {{}} %s"


async def test_what_a_person_types_is_never_read_as_a_template():
    free = {
        "enabled": True,
        "kubespawner_override": {
            "environment": {"TYPED": "$(HOME)/{username}/{value}"},
            "extra_annotations": {"typed": "{username}: {value}"},
            "image": "{value}",
            "cmd": ["run", "{value}"],
            "init_containers": {
                "a": {
                    "name": "a",
                    "image": "{value}",
                    "args": ["{value}"],
                    "lifecycle": {"postStart": {"exec": {"command": ["{value}"]}}},
                }
            },
        },
    }
    profiles = [{"slug": "x", "profile_options": {"o": {"unlisted_choice": free}}}]
    spawner = ours({"profile_list": profiles})
    spawner.user_options = {"profile": "x", "o--unlisted-choice": HOSTILE}
    pod = json_of(await spawner.get_pod_manifest())
    doubled = HOSTILE.replace("$", "$$")
    container, first = pod["spec"]["containers"][0], pod["spec"]["initContainers"][0]
    assert {"name": "TYPED", "value": f"$(HOME)/ada/{doubled}"} in container["env"]
    assert pod["metadata"]["annotations"]["typed"] == f"ada: {HOSTILE}"
    assert container["image"] == HOSTILE
    assert container["args"] == ["run", doubled]
    assert (first["image"], first["args"]) == (HOSTILE, [doubled])
    assert first["lifecycle"]["postStart"]["exec"]["command"] == [HOSTILE]
