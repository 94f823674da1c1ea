"""A choice is refused whole or becomes settings; configuration stays as it was, and typed text is never a template."""

import copy

import pytest

from tenantspawner.cluster.models import to_json
from tenantspawner.errors import Misconfigured, Refused
from tests.settings.profiles import BASE, PROFILES
from tests.settings.support import spawner as ours


async def test_a_choice_leaves_the_configuration_as_it_was():
    spawner = ours(copy.deepcopy({**BASE, "profile_list": PROFILES, "http_timeout": 7}))
    first = to_json(await spawner.get_pod_manifest())
    before = copy.deepcopy(values(spawner))
    spawner.user_options = {"profile": "small-one-cpu"}
    await spawner.load_user_options()
    await spawner.get_pod_manifest()
    spawner.clear_state()
    assert values(spawner) == before
    spawner.user_options = {}
    assert to_json(await spawner.get_pod_manifest()) == first


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
    ({"profile": "big", "image--unlisted-choice": "jupyter/" + "x" * 256 + ":1"}, "image"),
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
    pod = to_json(await spawner.get_pod_manifest())
    doubled = HOSTILE.replace("$", "$$")
    container, first = pod["spec"]["containers"][0], pod["spec"]["initContainers"][0]
    assert {"name": "TYPED", "value": f"$(HOME)/ada/{doubled}"} in container["env"]
    assert pod["metadata"]["annotations"]["typed"] == f"ada: {HOSTILE}"
    assert container["image"] == HOSTILE
    assert container["args"] == ["run", doubled]
    assert (first["image"], first["args"]) == (HOSTILE, [doubled])
    assert first["lifecycle"]["postStart"]["exec"]["command"] == [HOSTILE]


async def test_options_that_are_no_object_are_refused():
    one = ours({"profile_list": PROFILES})
    for options in (["x"], "x", 5, True):
        # Whatever a REST body held: the trait of the hub's own class would not take it.
        one._trait_values["user_options"] = options
        with pytest.raises(Refused, match="options"):
            await one.load_user_options()


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"display_name": "nothing"}, Misconfigured),
        ({"unlisted_choice": {"enabled": True}}, Refused),
        (
            {"choices": {"a": {}}, "unlisted_choice": {"enabled": True, "kubespawner_override": {"image": "{"}}},
            Misconfigured,
        ),
    ],
)
async def test_an_option_with_nothing_to_choose_is_reported(option, error):
    one = ours({"profile_list": [{"slug": "x", "profile_options": {"o": option}}]})
    one.user_options = {"o--unlisted-choice": "typed"} if "choices" in option else {}
    with pytest.raises(error):
        await one.load_user_options()


async def test_a_choice_without_an_override_changes_nothing():
    one = ours(
        {
            "profile_list": [
                {"slug": "x", "profile_options": {"o": {"choices": {"a": {}, "b": {"kubespawner_override": None}}}}}
            ]
        }
    )
    plain = await ours().pod_settings()
    for options in ({}, {"o": "a"}, {"o": "b"}):
        one.user_options = options
        assert await one.pod_settings() == plain


async def test_a_persons_name_is_not_read_by_the_kubelet():
    name = "$(JUPYTERHUB_API_TOKEN){userid}"
    config = {
        "environment": {"WHO": "$(HOME)/{unescaped_username}"},
        "extra_annotations": {"who": "{unescaped_username}"},
        "init_containers": [{"name": "x", "args": ["{unescaped_username}"], "image": "x"}],
    }
    pod = to_json(await ours(config, username=name).get_pod_manifest())
    doubled = name.replace("$", "$$")
    assert {"name": "WHO", "value": f"$(HOME)/{doubled}"} in pod["spec"]["containers"][0]["env"]
    assert pod["spec"]["initContainers"][0]["args"] == [doubled]
    assert pod["metadata"]["annotations"]["who"] == name


@pytest.mark.parametrize(
    ("pattern", "typed", "taken"),
    [
        ("", "x", True),
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc1", False),
        ("^[a-z]+$", "abc", True),
        ("(a+)+b", "a" * 200, False),
        (r"(?!x).*", "abc", True),
        (r"(?!x).*", "xbc", False),
    ],
)
async def test_the_whole_text_must_match_in_linear_time_where_that_can_be(pattern, typed, taken):
    free = {"enabled": True, "validation_regex": pattern, "kubespawner_override": {"image": "{value}"}}
    one = ours({"profile_list": [{"slug": "x", "profile_options": {"o": {"unlisted_choice": free}}}]})
    one.user_options = {"o--unlisted-choice": typed}
    if taken:
        assert (await one.pod_settings()).image == typed
    else:
        with pytest.raises(Refused):
            await one.pod_settings()


async def test_a_pattern_that_is_none_is_the_administrators_to_mend():
    free = {"enabled": True, "validation_regex": "(", "kubespawner_override": {}}
    one = ours({"profile_list": [{"slug": "x", "profile_options": {"o": {"unlisted_choice": free}}}]})
    one.user_options = {"o--unlisted-choice": "x"}
    with pytest.raises(Misconfigured, match="validation_regex"):
        await one.pod_settings()


async def test_an_override_of_a_dictionary_that_the_pod_does_not_show_is_merged_for_one_start():
    one = ours(
        {"profile_list": [{"slug": "x", "kubespawner_override": {"cookie_options": {"b": 2}}}]}, cookie_options={"a": 1}
    )
    await one.pod_settings()
    assert one.cookie_options == {"a": 1, "b": 2}
    one.take_off()
    assert one.cookie_options == {"a": 1}
