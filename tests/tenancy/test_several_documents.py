"""Several documents are one tenancy: catalogues and tenants add up, the same id twice names both places."""

import pytest

from tenantspawner.tenancy import Envelope, Source, read

COMMON = Source(
    "common/base.yaml",
    "version: 1\ncontact: help\nimages: {scipy: {image: quay.io/a/b}}\nprofiles: {small: {cpu: 1}}\n",
)
TEAM = "tenants:\n  physics: {members: [{groups: [p]}], images: [scipy], profiles: [small]}\n"


def reading(*texts: str):
    return read([COMMON, *(Source(f"team{number}/t.yaml", text) for number, text in enumerate(texts))], Envelope())


def test_a_team_brings_its_tenant_and_uses_what_is_common():
    result = reading(TEAM, TEAM.replace("physics", "biology") + "version: 1\n")
    assert result.tenancy is not None, result.problems
    assert list(result.tenancy.tenants) == ["physics", "biology"]
    assert result.tenancy.contact == "help"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEAM, "team1/t.yaml:2:3: tenants.physics: was said before, at team0/t.yaml:2:3"),
        (
            "images: {scipy: {image: quay.io/c/d}}\n",
            "team1/t.yaml:1:10: images.scipy: was said before, at common/base.yaml:3:10",
        ),
        ("contact: me\n", "team1/t.yaml:1:1: contact: was said before, at common/base.yaml:2:1"),
        ("version: 2\n", "team1/t.yaml:1:1: version: was said before, at common/base.yaml:1:1"),
        ("- 1\n", "team1/t.yaml:1:1: the document must be a mapping with version and tenants"),
        ("images: 5\n", "team1/t.yaml:1:9: images: must be a mapping of ids"),
    ],
)
def test_what_is_said_twice_names_both_places(text, expected):
    assert [str(problem) for problem in reading(TEAM, text).problems] == [expected]


def test_one_broken_document_does_not_hide_the_problems_of_another():
    result = reading(TEAM.replace("members", "membres"), "a: [\n")
    assert [problem.source for problem in result.problems] == ["team0/t.yaml", "team0/t.yaml", "team1/t.yaml"]


def test_a_broken_document_does_not_make_what_it_held_unknown():
    broken = Source("common/base.yaml", COMMON.text + "x: [\n")
    result = read([broken, Source("t.yaml", TEAM)], Envelope())
    assert [
        problem.source for problem in result.problems if "unknown" in problem.message or "no image" in problem.message
    ] == []


def test_a_profile_that_asks_too_much_names_both_places_also_across_documents():
    team = TEAM.replace("profiles: [small]", "profiles: [small], quota: {user: {cpu: 500m}, team: {limits.cpu: 250m}}")
    assert [str(warning).partition("profiles[0]: ")[2] for warning in reading(team).warnings] == [
        f"the profile small asks for 1 of limits.cpu (common/base.yaml:4:25), and {whose} (team0/t.yaml:2:{column}): it never starts"
        for whose, column in (("quota.user is 500m", 95), ("quota.team is 250m", 121))
    ]
