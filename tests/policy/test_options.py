"""The schema of profile options, in documents and in the hub's profile_list."""

import pytest

from tenantspawner.policy import Typed, hub_profiles, option_problems
from tenantspawner.policy.hubprofiles import slugify
from tenantspawner.policy.options import fill, read_options
from tenantspawner.tenancy.models import Tenancy


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "o: must be a mapping of options"),
        ({"x": 3}, "o.x: input should be a valid dictionary or instance of _Option"),
        ({"x": {}}, "o.x: has neither choices nor an enabled unlisted_choice"),
        ({"x": {"choices": {"a": {"default": "yes"}}}}, "o.x.choices.a.default: input should be a valid boolean"),
        (
            {"x": {"choices": {"a": {}}, "unlisted_choice": {"validation_regex": "("}}},
            "o.x.unlisted_choice.validation_regex: is not a regular",
        ),
    ],
)
def test_problems_are_named_where_they_are(raw, message):
    with pytest.raises(ValueError) as problem:
        read_options(raw, "o")
    assert str(problem.value).startswith(message)


def test_the_first_choice_is_the_default_unless_one_is_marked():
    first, marked, none = read_options(
        {
            "first": {"choices": {"a": {}, "b": {}}},
            "marked": {"choices": {"a": {}, "b": {"default": True}}},
            "none": {"unlisted_choice": {"enabled": True, "display_name_in_choices": "Mine"}},
        },
        "o",
    )
    assert (first.default.key, marked.default.key, none.default) == ("a", "b", None)
    assert (none.free.choice_name, first.free, first.display_name) == ("Mine", None, "first")


def test_check_gets_every_problem_of_a_document_with_its_path():
    document = Tenancy.model_validate(
        {
            "version": 1,
            "tenants": {},
            "profiles": {
                "p": {
                    "options": {
                        "bad": {"choices": 1},
                        "empty": {},
                        "odd": {
                            "choices": {"a": {"dispaly_name": "A"}},
                            "chioces": {},
                            "unlisted_choice": {"regex": "x"},
                        },
                        "fine": {"choices": {"a": {}}},
                    }
                }
            },
        }
    )
    problems = dict(option_problems(document))
    assert list(problems) == [
        "profiles.p.options.bad.choices",
        "profiles.p.options.empty",
        "profiles.p.options.odd.chioces",
        "profiles.p.options.odd.unlisted_choice.regex",
        "profiles.p.options.odd.choices.a.dispaly_name",
    ]
    assert (
        "known here: display_name, default, kubespawner_override"
        in problems["profiles.p.options.odd.choices.a.dispaly_name"]
    )


def test_text_is_put_in_everywhere_in_one_pass():
    filled = fill(
        {"a": ["{value}", {"b": "x{value}y{value}"}], "c": "{{value}}", "d": 3, "e": "{other}", "f": "{{{value}}}"},
        "$1{value}",
    )
    assert filled == {
        "a": ["$1{value}", {"b": "x$1{value}y$1{value}"}],
        "c": "{value}",
        "d": 3,
        "e": "{other}",
        "f": "{$1{value}}",
    }
    assert isinstance(filled["a"][0], Typed)
    assert filled["a"][1]["b"].escaped == "x$$1{value}y$$1{value}"
    assert not isinstance(filled["e"], Typed)


def test_an_admins_own_dollar_beside_a_persons_is_left_alone():
    assert fill({"a": "$(HOME)/{value}"}, "$x")["a"].escaped == "$(HOME)/$$x"


def test_the_hubs_list_is_read_in_each_of_its_forms():
    entry = {"display_name": "Ünïcode & Bob's 1,000", "description": "d", "default": True, "extra_key_of_a_template": 1}
    (profile,) = hub_profiles([entry]).values()
    assert (profile.slug, profile.display_name, profile.description, profile.default) == (
        "unicode-bobs-1-000",
        entry["display_name"],
        "d",
        True,
    )
    assert list(hub_profiles({"outer": {"slug": "inner"}, "other": {"display_name": "O"}})) == ["inner", "o"]
    assert hub_profiles({"outer": {"slug": "inner"}})["inner"].display_name == "inner"


@pytest.mark.parametrize(("entry", "why"), [({}, "neither display_name nor slug"), ("text", "is no mapping")])
def test_an_entry_that_cannot_be_named_is_an_error(entry, why):
    with pytest.raises(ValueError, match=why):
        hub_profiles([entry])


def test_an_entry_whose_options_cannot_be_read_does_not_take_the_others_with_it():
    look_ahead = {"x": {"unlisted_choice": {"enabled": True, "validation_regex": "(?!a).*"}}}
    odd, fine = hub_profiles([{"slug": "odd", "profile_options": look_ahead}, {"slug": "fine"}]).values()
    assert "profile_list[odd].profile_options.x.unlisted_choice.validation_regex: uses look-around" in odd.problem
    assert fine.problem == ""


def test_options_of_the_hub_may_have_keys_of_other_templates():
    (profile,) = hub_profiles(
        [{"slug": "a", "profile_options": {"x": {"choices": {"a": {}}, "dynamic_image_building": {}}}}]
    ).values()
    assert profile.options[0].key == "x"


def test_slugs_are_kubespawners():
    kubespawner_slugify = pytest.importorskip("slugify").slugify
    for name in ["Demo - profile_list entry 1", "GPU (big!)", "a_b", "  x  ", "Été"]:
        assert slugify(name) == kubespawner_slugify(name)
