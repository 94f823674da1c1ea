"""Settings from plain values, and a choice laid over them: a new value, the old one as it was."""

import copy
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes_asyncio.client import models as k8s

from tenantspawner.errors import Misconfigured
from tenantspawner.plan.settings import PodSettings, merged, overridden, settings_from
from tenantspawner.policy.models import Typed

READ = [
    ("mem_limit", "4G", 4 * 2**30),
    ("mem_limit", "1.5K", 1536),
    ("mem_limit", 5.9, 5),
    ("mem_guarantee", None, None),
    ("cpu_limit", 2, 2.0),
    ("cmd", "start.sh", ["start.sh"]),
    ("cmd", None, None),
    ("args", ("a", "b"), ["a", "b"]),
    ("image_pull_secrets", "one", [{"name": "one"}]),
    ("image_pull_secrets", ["one"], ["one"]),
    ("volumes", {"a": {}}, {"a": {}}),
    ("tolerations", [], []),
    ("allow_privilege_escalation", None, None),
    ("uid", 0, 0),
    ("scheduler_name", "x", "x"),
]


@pytest.mark.parametrize(("name", "value", "read"), READ)
def test_a_value_is_read_as_the_setting_takes_it(name, value, read):
    assert getattr(settings_from({name: value}), name) == read
    assert getattr(overridden(PodSettings(), {name: value}), name) == read


WRONG = [
    ("mem_limit", "4Gi", "an amount of memory"),
    ("mem_limit", "much", "an amount of memory"),
    ("mem_limit", "1e999G", "an amount of memory"),
    ("mem_limit", True, "an amount of memory"),
    ("cpu_limit", "2", "a number"),
    ("cpu_limit", True, "a number"),
    ("uid", True, "a whole number"),
    ("uid", "1000", "a whole number"),
    ("image", None, "text"),
    ("privileged", 1, "True or False"),
    ("cmd", ["x", 1], "a list of texts"),
    ("args", None, "a list of texts"),
    ("extra_labels", [], "a dictionary"),
    ("volumes", "x", "a list or a dictionary"),
    ("image_pull_secrets", {}, "a list"),
    ("nonsense", 1, "no setting of a pod"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_value_names_the_setting_and_what_is_meant(name, value, words):
    for read in (settings_from, lambda values: overridden(PodSettings(), values)):
        with pytest.raises(Misconfigured) as wrong:
            read({name: value})
        assert wrong.value.setting == name
        assert words in wrong.value.detail
        assert name not in wrong.value.sentence
        assert isinstance(wrong.value, ValueError)


def test_dictionaries_are_merged_and_everything_else_replaces():
    settings = settings_from(
        {"environment": {"A": "1", "B": "2"}, "volumes": [{"name": "x"}], "extra_pod_config": {"dns": {"a": 1, "b": 2}}}
    )
    changed = overridden(
        settings,
        {"environment": {"B": None, "C": "3"}, "volumes": [{"name": "y"}], "extra_pod_config": {"dns": {"a": None}}},
    )
    assert changed.environment == {"A": "1", "C": "3"}
    assert changed.volumes == [{"name": "y"}]
    assert changed.extra_pod_config == {"dns": {"b": 2}}


def test_a_dictionary_replaces_a_list_and_the_other_way_round():
    settings = settings_from({"volumes": [{"name": "x"}], "tolerations": {"a": {}}})
    changed = overridden(settings, {"volumes": {"a": {"name": "y"}}, "tolerations": [{"key": "k"}]})
    assert changed.volumes == {"a": {"name": "y"}}
    assert changed.tolerations == [{"key": "k"}]


def test_neither_the_settings_nor_the_override_is_changed_or_shared():
    config = {"extra_labels": {"a": {"b": "1"}}}
    settings = settings_from(config)
    before = copy.deepcopy(asdict(settings))
    override = {"extra_labels": {"a": {"c": "2"}, "d": {"e": None}}, "volumes": [{"name": "x"}]}
    given_override = copy.deepcopy(override)
    changed = overridden(settings, override)
    changed.extra_labels["a"]["x"] = changed.volumes[0]["name"] = "y"
    assert asdict(settings) == before
    assert override == given_override
    assert config == {"extra_labels": {"a": {"b": "1"}}}


TREES = st.recursive(st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3))


@given(st.dictionaries(st.sampled_from("abc"), TREES), st.dictionaries(st.sampled_from("abc"), TREES))
def test_what_was_merged_in_is_there(base, change):
    result = merged(base, change)
    assert merged(result, change) == result
    assert result.keys() == base.keys() | change.keys()


def test_what_a_person_typed_is_made_literal_for_whoever_reads_it_next():
    typed = Typed("{a} $B c", "{a} $$B c")
    container = {"name": typed, "args": [typed], "env": [{"name": "E", "value": typed}]}
    changed = overridden(
        settings_from({"environment": {"A": "1"}}),
        {
            "image": typed,
            "cmd": [typed],
            "environment": {"X": typed},
            "extra_labels": {"x": typed},
            "init_containers": [container],
        },
    )
    assert changed.image == "{a} $B c"
    assert changed.cmd == ["{a} $$B c"]
    assert changed.environment == {"A": "1", "X": "{{a}} $$B c"}
    assert changed.extra_labels == {"x": "{{a}} $B c"}
    assert changed.init_containers == [
        {"name": "{{a}} $B c", "args": ["{{a}} $$B c"], "env": [{"name": "E", "value": "{{a}} $$B c"}]}
    ]
    assert type(changed.image) is str


def test_a_model_object_in_an_override_is_no_template():
    label = k8s.V1ObjectFieldSelector(field_path="{x}")
    changed = overridden(PodSettings(), {"extra_pod_config": {"a": label}, "extra_container_config": {"b": label}})
    assert changed.extra_pod_config == {"a": {"fieldPath": "{{x}}"}}
    assert changed.extra_container_config == {"b": {"fieldPath": "{x}"}}
