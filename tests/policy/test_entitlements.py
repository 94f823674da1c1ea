"""Who has what: rules by name, group and glob, days, narrowing, the default tenant, and the rule behind each part."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.policy import Identity, Index, RuleKind, Username, entitle
from tenantspawner.policy.membership import glob
from tenantspawner.tenancy.models import Profile, Rule, Tenancy, Tenant
from tests.policy.documents import TODAY, UNIVERSITY, entitled, person, tenancy


@pytest.mark.parametrize(
    ("name", "groups", "tenants"),
    [
        ("bob", ["physics"], ["physics"]),
        ("bob", ["physics-lab"], ["physics"]),
        ("bob", ["Physics"], ["guests"]),
        ("bob", ["xphysics-"], ["guests"]),
        ("alice", [], ["physics", "chemistry"]),
        ("bob", ["chem", "physics"], ["physics", "chemistry"]),
        ("nobody", [], ["guests"]),
        ("Alice", [], ["guests"]),
    ],
)
def test_rules_find_people_in_the_documents_order(name, groups, tenants):
    assert [one.tenant_id for one in entitled(name, *groups).tenants] == tenants


@pytest.mark.parametrize(("day", "tenant"), [(TODAY, "physics"), (TODAY + timedelta(days=1), "guests")])
def test_a_rule_holds_to_the_end_of_its_last_day(day, tenant):
    assert entitle(tenancy(), person("ended"), day).tenants[0].tenant_id == tenant


def test_without_a_default_nobody_elses_tenant_is_given():
    document = tenancy().model_copy(update={"default": None})
    assert entitled("nobody", document=document).tenants == ()


def test_a_default_that_names_no_tenant_gives_nothing():
    document = tenancy().model_copy(update={"default": "gone"})
    assert entitled("nobody", document=document).tenants == ()


def test_the_default_is_said_to_be_the_reason():
    (guest,) = entitled("nobody").tenants
    assert [(because.path, because.kind) for because in guest.because] == [("default", RuleKind.DEFAULT)]


def test_everybody_ranks_as_a_group():
    rules = ({"users": ["*"], "quota": {"cpu": 100}}, {"users": ["ann"], "quota": {"cpu": 1}})
    document = minimal(*rules)
    assert amounts(entitled("ann", document=document).tenants[0])["limits.cpu"] == 1
    assert amounts(entitled("zoe", document=document).tenants[0])["limits.cpu"] == 100


def test_each_matching_rule_is_named_once():
    (physics, _) = entitled("alice", "physics", "physics-a", "physics-b").tenants
    assert [because.path for because in physics.because] == ["tenants.physics.members[0]", "tenants.physics.members[1]"]


def test_profiles_and_images_of_several_rules_are_a_union_and_one_silent_rule_gives_all():
    only_narrow = entitled("bob", "narrow").tenants[0]
    assert [profile.id for profile in only_narrow.profiles] == ["gpu"]
    with_silent = entitled("bob", "narrow", "physics").tenants[0]
    assert [profile.id for profile in with_silent.profiles] == ["small", "gpu", "tuned", "big"]


def test_a_narrowed_profile_says_which_rule_gave_it():
    (profile,) = entitled("bob", "narrow").tenants[0].profiles
    assert [because.path for because in profile.because] == [
        "tenants.physics.profiles[1]",
        "tenants.physics.members[2].profiles",
    ]
    assert [because.path for because in profile.images[0].because] == [
        "tenants.physics.images[1]",
        "tenants.physics.members[2].images[0]",
        "profiles.gpu.images[0]",
    ]


def test_a_profile_without_any_image_is_not_shown():
    assert "unusable" not in {profile.id for profile in entitled("bob", "physics").tenants[0].profiles}


def test_an_empty_list_of_images_allows_nothing():
    document = minimal({"users": ["ann"]}, images=[])
    assert entitled("ann", document=document).tenants[0].profiles == ()


def test_an_entry_that_cannot_be_read_allows_nothing():
    document = minimal({"users": ["ann"]}, images=["Not An Image", "*"])
    assert entitled("ann", document=document).tenants[0].profiles == ()


def test_a_profile_may_list_an_exact_image_within_the_tenants_pattern():
    document = minimal(
        {"users": ["ann"]}, images=["registry.corp/team/*"], profile={"images": ["registry.corp/team/a:1"]}
    )
    (profile,) = entitled("ann", document=document).tenants[0].profiles
    assert [image.id for image in profile.images] == ["registry.corp/team/a:1"]
    assert profile.patterns == ()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, None),
        (0, None),
        (2, ("nvidia.com/gpu", (2,), 2)),
        ({"choices": [4, 2]}, ("nvidia.com/gpu", (4, 2), 4)),
        ({"choices": [1, 2], "default": 2}, ("nvidia.com/gpu", (1, 2), 2)),
        ({"choices": [1, 2], "default": 9}, ("nvidia.com/gpu", (1, 2), 1)),
        ({"choices": [0]}, None),
        ({"resource": "amd.com/gpu", "choices": [1]}, ("amd.com/gpu", (1,), 1)),
    ],
)
def test_devices_of_a_profile(said, expected):
    document = minimal({"users": ["ann"]}, profile={"gpu": said})
    devices = entitled("ann", document=document).tenants[0].profiles[0].devices
    assert (devices and (devices.resource, devices.choices, devices.default)) == expected


def test_a_profile_nobody_defined_and_options_nobody_can_read_give_nothing():
    document = minimal({"users": ["ann"]}, profiles=["gone", "p"], profile={"options": {"x": {"choices": 3}}})
    assert entitled("ann", document=document).tenants[0].profiles == ()


def test_the_same_document_is_indexed_once_and_another_is_not_mistaken_for_it():
    one, other = tenancy(), tenancy(f"{UNIVERSITY}# the same once more")
    assert Index.of(one) is Index.of(one)
    assert Index.of(one) is not Index.of(other)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a*", "a", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("*", "", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("*ab", "aab", True),
        ("[a]*", "a", False),
        ("[a]*", "[a]x\n", True),
        ("a**b", "ab", True),
    ],
)
def test_globs(pattern, text, expected):
    assert (glob(pattern).fullmatch(text) is not None) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_a_glob_matches_what_the_textbook_says(pattern, text):
    assert (glob(pattern).fullmatch(text) is not None) is textbook(pattern, text)


def textbook(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(textbook(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and textbook(pattern[1:], text[1:])


def test_a_hostile_group_name_is_matched_at_once():
    document = minimal({"groups": ["a*a*a*a*a*a*a*a*a*a*a*b"]})
    started = time.perf_counter()
    assert entitled("ann", "a" * 10_000, document=document).tenants == ()
    assert time.perf_counter() - started < 0.05


@pytest.mark.scale
def test_ten_thousand_members_and_five_hundred_tenants_cost_a_millisecond_a_person():
    profiles = {f"p{number}": Profile(cpu="1", gpu=number % 3) for number in range(50)}
    tenants = {
        f"t{number}": Tenant.model_validate(
            {
                "members": [
                    {"groups": [f"g{number}", f"g{number}-*"], "quota": {"cpu": 4}},
                    {"users": [f"u{number}-{member}" for member in range(20)], "profiles": ["p1", "p2"]},
                ],
                "images": ["quay.io/a/b:1", "registry.corp/x/*"],
                "profiles": list(profiles),
            }
        )
        for number in range(500)
    }
    document = Tenancy(version=1, profiles=profiles, tenants=tenants)
    Index.of(document)
    people = [
        Identity(
            Username(f"u{number % 500}-{number % 20}"), frozenset({f"g{(number * 7) % 500}", "x", f"g{number % 500}-a"})
        )
        for number in range(2000)
    ]
    rounds = []
    for _ in range(3):  # the first also reads each tenant, once for all of its members
        started = time.process_time()
        for one in people:
            assert entitle(document, one, date(2026, 1, 1)).tenants
        rounds.append((time.process_time() - started) / len(people))
    assert min(rounds) < 0.001


def amounts(entitlement):
    return {ceiling.key: ceiling.amount for ceiling in entitlement.ceilings}


def minimal(*rules, images=("quay.io/a/b:1",), profiles=("p",), profile=None):
    return Tenancy.model_validate(
        {
            "version": 1,
            "profiles": {"p": profile or {}},
            "tenants": {
                "t": {"members": [Rule.model_validate(rule) for rule in rules], "images": images, "profiles": profiles}
            },
        }
    )
