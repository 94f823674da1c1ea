"""May this person have that: defaults, every refusal, what is never told, and the merge of overrides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.errors import NotEntitled, PersonMustAct, Refused
from tenantspawner.policy import Choice, SpawnRequest, Typed, choose, merge, read_request
from tenantspawner.policy.choice import owner
from tests.policy.documents import entitled, tenancy

HUB = [
    {
        "display_name": "Demo One",
        "slug": "demo",
        "kubespawner_override": {"mem_limit": "1G", "extra_resource_limits": {"nvidia.com/gpu": "1"}},
        "profile_options": {
            "image": {
                "display_name": "Image",
                "choices": {
                    "base": {
                        "display_name": "Base",
                        "kubespawner_override": {"image": "quay.io/jupyter/scipy-notebook:2026-10-20"},
                    },
                    "foreign": {"display_name": "No", "kubespawner_override": {"image": "evil.example/x:1"}},
                    "broken": {"display_name": "No", "kubespawner_override": {"image": "NOT AN IMAGE"}},
                },
                "unlisted_choice": {"enabled": True, "kubespawner_override": {"image": "registry.corp/team/{value}"}},
            },
        },
    },
    {"display_name": "Fixed", "kubespawner_override": {"image": "quay.io/jupyter/pytorch-notebook:cuda12"}},
    {"display_name": "Not allowed", "kubespawner_override": {"image": "evil.example/x:1"}},
    {"display_name": "Broken", "profile_options": {"x": 1}},
    {"display_name": "Unreadable", "kubespawner_override": {"image": "NO IMAGE"}},
    {
        "display_name": "Text",
        "slug": "text",
        "profile_options": {"name": {"unlisted_choice": {"enabled": True, "validation_regex": "[a-z]{1,9}"}}},
    },
]


def hub_entitled():
    document = tenancy()
    physics = document.tenants["physics"].model_copy(
        update={
            "profiles": (
                "small",
                "hub:demo",
                "hub:fixed",
                "hub:not-allowed",
                "hub:unreadable",
                "hub:broken",
                "hub:gone",
                "hub:text",
            )
        }
    )
    return entitled("bob", "physics", document=document.model_copy(update={"tenants": {"physics": physics}}), hub=HUB)


def test_nothing_asked_is_the_first_of_everything():
    choice = choose(entitled("bob", "physics"), SpawnRequest())
    assert (choice.tenant_id, choice.profile.id, choice.image_id, dict(choice.devices)) == (
        "physics",
        "small",
        "scipy",
        {},
    )


def test_everything_asked():
    asked = read_request({"tenant": "physics", "profile": "gpu", "image": "pytorch", "devices": "2"})
    choice = choose(entitled("bob", "physics"), asked)
    assert (str(choice.image), dict(choice.devices)) == (
        "quay.io/jupyter/pytorch-notebook:cuda12",
        {"nvidia.com/gpu": 2},
    )


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"tenant": "chemistry"}, "tenant", "chemistry is not among your teams."),
        ({"tenant": "nowhere"}, "tenant", "nowhere is not among your teams."),
        ({"profile": "mig"}, "profile", "mig is not among Physics' profiles."),
        ({"profile": "nothing"}, "profile", "nothing is not among Physics' profiles."),
        (
            {"image": "registry.corp/chem/secret:1"},
            "image",
            "registry.corp/chem/secret:1 is not among Physics' images.",
        ),
        ({"image": "secret"}, "image", "secret is not among Physics' images."),
        ({"profile": "gpu", "image": "scipy"}, "image", "scipy is not among Physics' images."),
        ({"profile": "gpu", "devices": 3}, "devices", "3 is not among the choices of GPU workstation."),
        ({"profile": "small", "devices": 1}, "devices", "Small has none."),
        ({"bogus": "1"}, "bogus", "bogus is not among the options of Small."),
        ({"profile": "tuned", "options": {"size": "xl"}}, "size", "xl is not among the choices of Size."),
        ({"profile": "tuned", "size--unlisted-choice": "x"}, "size", "x is not among the choices of Size in Tuned."),
        ({"profile": "tuned", "note--unlisted-choice": "a b"}, "note", "a b cannot be used for Note: letters only"),
        ({"profile": "tuned", "note--unlisted-choice": ""}, "note", "Type a text for Note."),
        ({"profile": "tuned", "note--unlisted-choice": "a" * 300}, "note", "is too long: 300 characters, at most 256."),
    ],
)
def test_refusals_name_the_field_and_nothing_of_anybody_else(asked, field, sentence):
    with pytest.raises(Refused) as refused:
        choose(entitled("bob", "physics"), read_request(asked))
    assert (refused.value.field, refused.value.why) == (field, sentence)
    assert "Chemistry" not in refused.value.sentence


@pytest.mark.parametrize(
    "image",
    [
        "registry.corp.evil.io/team/a:1",
        "registry.corp:5000/team/a:1",
        "registry.corp/team-x/a:1",
        "registry.corp/team/a/b:1",
        "registry.corp/team",
        "registry.corp/team/A:1",
        "registry.corp/team/a b",
        "registry.corp/team/a@sha256:12",
        "quay.io/jupyter/scipy-notebook",
        "quay.io/jupyter/scipy-notebook:2026-10-20@sha256:" + "0" * 64,
        "registry.corp/team/" + "a" * 300,
    ],
)
def test_look_alike_images_are_refused(image):
    with pytest.raises(Refused, match=r"^image: .* is not among Physics' images"):
        choose(entitled("bob", "physics"), read_request({"image": image}))


@pytest.mark.parametrize("image", ["registry.corp/team/a:1", "registry.corp/team/a@sha256:" + "0" * 64])
def test_a_reference_within_a_pattern_is_allowed_by_name(image):
    choice = choose(entitled("bob", "physics"), read_request({"image": image}))
    assert (str(choice.image), choice.image_id) == (image, None)


def test_a_catalogue_image_asked_for_by_reference_is_known_by_its_id():
    choice = choose(entitled("bob", "physics"), read_request({"image": "quay.io/jupyter/pytorch-notebook:cuda12"}))
    assert choice.image_id == "pytorch"


def test_nobody_is_told_whom_to_ask():
    document = tenancy().model_copy(update={"default": None})
    with pytest.raises(NotEntitled, match=r"Ask help@example.edu"):
        choose(entitled("nobody", document=document), SpawnRequest())


@pytest.mark.parametrize(("contact", "ask"), [("help@x", "Ask help@x."), (None, "Ask the administrator of this hub.")])
def test_a_team_without_anything_to_start_says_whom_to_ask(contact, ask):
    document = tenancy()
    empty = document.tenants["physics"].model_copy(update={"images": ()})
    document = document.model_copy(update={"tenants": {"physics": empty}, "contact": contact})
    with pytest.raises(Refused, match="Physics has nothing that you may start") as refused:
        choose(entitled("bob", "physics", document=document), SpawnRequest())
    assert ask in refused.value.sentence


def test_overrides_merge_in_the_order_profile_then_options():
    choice = choose(entitled("bob", "physics"), read_request({"profile": "tuned"}))
    assert choice.override == {"environment": {"A": "1", "B": None, "C": "1"}, "cpu_limit": 4}
    little = choose(entitled("bob", "physics"), read_request({"profile": "tuned", "size": "s"}))
    assert little.override == {"environment": {"A": "1", "B": "1"}, "cpu_limit": 1}


@pytest.mark.parametrize(
    "text", ['{"a":1}', "{x.__class__}", "{userid:>300000000}", "$(JUPYTERHUB_API_TOKEN)", "{value}"]
)
def test_what_a_person_types_stays_literal(text):
    asked = {"profile": "tuned", "note--unlisted-choice": text.lower().replace("_", "").replace(",", "")}
    typed = asked["note--unlisted-choice"]
    environment = choose(entitled("bob", "physics"), read_request(asked)).override["environment"]
    assert environment["NOTE"] == typed
    assert isinstance(environment["NOTE"], Typed)
    assert environment["NOTE"].escaped == typed.replace("$", "$$")
    assert environment["BOTH"] == "{" + typed + "}-{username}"


def test_hub_profiles_are_selected_by_slug_and_kubespawners_stored_options_still_work():
    entitlements = hub_entitled()
    assert [profile.id for profile in entitlements.tenants[0].profiles] == [
        "small",
        "hub:demo",
        "hub:fixed",
        "hub:text",
    ]
    choice = choose(entitlements, read_request({"profile": "demo", "image": "base"}))
    assert (choice.profile.id, choice.image_id, choice.options) == ("hub:demo", "scipy", {"image": "base"})
    assert choice.override == {"mem_limit": "1G", "extra_resource_limits": {"nvidia.com/gpu": "1"}}


def test_the_device_that_a_hub_profile_sets_is_within_the_own_quota():
    document = tenancy()
    physics = document.tenants["chemistry"].model_copy(update={"profiles": ("hub:demo",), "images": ("scipy",)})
    document = document.model_copy(update={"tenants": {"chemistry": physics}})
    ceiling = entitled("bob", "chem", document=document, hub=HUB).tenants[0].ceiling("requests.nvidia.com/gpu")
    assert ceiling.amount == 1


def test_amounts_of_devices_that_are_none_count_for_nothing():
    document = tenancy()
    chemistry = document.tenants["chemistry"].model_copy(update={"profiles": ("hub:odd",), "images": ("scipy",)})
    document = document.model_copy(update={"tenants": {"chemistry": chemistry}})
    odd = {"slug": "odd", "kubespawner_override": {"extra_resource_limits": {"nvidia.com/gpu": "many"}}}
    assert (
        entitled("bob", "chem", document=document, hub=[odd]).tenants[0].ceiling("requests.nvidia.com/gpu").amount == 0
    )


def test_a_profile_whose_every_choice_is_outside_the_lists_is_not_shown():
    document = tenancy()
    chemistry = document.tenants["chemistry"].model_copy(update={"profiles": ("hub:closed",)})
    document = document.model_copy(update={"tenants": {"chemistry": chemistry}})
    foreign = {"a": {"kubespawner_override": {"image": "evil.example/x:1"}}}
    closed = {"slug": "closed", "profile_options": {"image": {"choices": foreign}}}
    assert entitled("bob", "chem", document=document, hub=[closed]).tenants[0].profiles == ()


@pytest.mark.parametrize(
    ("asked", "image"),
    [
        ({"image--unlisted-choice": "mine:2"}, "registry.corp/team/mine:2"),
        ({"image": "base", "options": {"image": "base"}}, None),
        (
            {"options": {"image": "base"}, "image": "quay.io/jupyter/scipy-notebook:2026-10-20"},
            "quay.io/jupyter/scipy-notebook:2026-10-20",
        ),
        ({"options": {"image": "base"}, "image": "pytorch"}, None),
        ({"image--unlisted-choice": "../evil"}, None),
        ({"image": "foreign"}, None),
        ({"image": "broken"}, None),
    ],
)
def test_an_option_that_sets_the_image_is_bound_by_the_lists(asked, image):
    if image is None:
        with pytest.raises(Refused, match=r"^image: "):
            choose(hub_entitled(), read_request({"profile": "hub:demo", **asked}))
    else:
        assert str(choose(hub_entitled(), read_request({"profile": "hub:demo", **asked})).image) == image


def test_a_profile_with_a_fixed_image_has_no_other():
    fixed = choose(hub_entitled(), read_request({"profile": "hub:fixed"}))
    assert (fixed.image_id, fixed.override) == ("pytorch", {})
    with pytest.raises(Refused, match="image"):
        choose(hub_entitled(), read_request({"profile": "fixed", "image": "scipy"}))


def test_an_option_of_free_text_alone_must_be_given():
    with pytest.raises(Refused, match="Text needs a text for name"):
        choose(hub_entitled(), read_request({"profile": "text"}))
    with pytest.raises(Refused, match=r"must match \[a-z\]"):
        choose(hub_entitled(), read_request({"profile": "text", "name--unlisted-choice": "NO"}))
    assert choose(hub_entitled(), read_request({"profile": "text", "name--unlisted-choice": "yes"})).options


def test_with_patterns_alone_an_image_must_be_named():
    document = tenancy()
    physics = document.tenants["physics"].model_copy(update={"images": ("registry.corp/team/*",)})
    document = document.model_copy(update={"tenants": {"physics": physics}})
    entitlements = entitled("bob", "physics", document=document)
    with pytest.raises(Refused, match="Small has no image of its own; name one"):
        choose(entitlements, SpawnRequest())
    assert choose(entitlements, SpawnRequest(image="registry.corp/team/a")).image_id is None


@given(
    st.dictionaries(
        st.sampled_from(["tenant", "profile", "image", "devices", "size", "note"]),
        st.text(max_size=5) | st.sampled_from(["physics", "gpu", "tuned", "scipy", "s"]),
    )
)
def test_a_choice_is_always_within_the_entitlement(sent):
    entitlements = entitled("bob", "physics")
    try:
        choice = choose(entitlements, read_request(sent))
    except PersonMustAct:
        return
    assert isinstance(choice, Choice)
    assert choice.profile in entitlements.tenants[0].profiles
    assert choice.profile.allows(choice.image)


def test_merging_replaces_what_is_no_mapping():
    assert merge({"a": {"x": 1}, "b": [1]}, {"a": [2], "b": {"y": 1}}, {"a": {"z": 1}}) == {
        "a": {"z": 1},
        "b": {"y": 1},
    }


@pytest.mark.parametrize(("name", "owned"), [("Physics", "Physics'"), ("Chemistry", "Chemistry's"), ("", "'s")])
def test_whose(name, owned):
    assert owner(name) == owned
