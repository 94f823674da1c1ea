"""Covers kube.names: names are valid, short, never reserved under a prefix, and never shared."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube.names import compose, digest, is_reserved, label_value

TEMPLATE = "{prefix}{tenant}--{username}"
FIXED = {"prefix": "hub-"}
VALID = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def name(tenant: str, username: str, template: str = TEMPLATE) -> str:
    return compose(template, {"tenant": tenant, "username": username}, FIXED)


def test_plain_values_stand_as_they_are():
    assert name("physics", "ada") == "hub-physics--ada"


@pytest.mark.parametrize(
    "username",
    [
        "kube-system",
        "default",
        "a--b",
        "..x",
        "{userid}",
        "x" * 255,
        "a\nb",
        "🙂",
        "\u00e9",
        "e\u0301",
        "A",
        "-",
        "",
        "a_b",
        "a.b",
        "a-b",
    ],
)
def test_any_user_name_gives_a_valid_name(username):
    made = name("physics", username)
    assert VALID.fullmatch(made)
    assert len(made) <= 63
    assert not is_reserved(made)


def test_the_difficult_names_are_distinct():
    users = [
        "a--b",
        "a-b",
        "a_b",
        "A-b",
        "\u00e9",
        "e\u0301",
        "{userid}",
        "userid",
        "x" * 255,
        "x" * 254,
        "",
        "-",
        "..x",
        "x",
    ]
    assert len({name("t", user) for user in users}) == len(users)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a--b", "c"), ("a", "b--c")), (("a", "b"), ("a-", "b")), (("a", "-b"), ("a", "b")), (("ab", "c"), ("a", "bc"))],
)
@pytest.mark.parametrize("template", [TEMPLATE, "{tenant}-{username}", "{tenant}{username}", "{tenant}---{username}"])
def test_moving_the_border_between_tenant_and_user_gives_another_name(one, other, template):
    assert name(*one, template) != name(*other, template)


def test_somebody_cannot_take_the_name_of_a_hash():
    hashed = name("physics", "Ada")
    tail = hashed.removeprefix("hub-physics--")
    assert name("physics", tail) != hashed


def test_braces_in_values_stay_braces():
    assert "hub-t--" in name("t", "{tenant}") or "---" in name("t", "{tenant}")
    assert name("t", "{tenant}") != name("t", "t")


def test_an_unknown_field_is_an_error():
    with pytest.raises(KeyError):
        compose("{nobody}", {"tenant": "t"})


TEXT = st.text(max_size=80) | st.from_regex(r"[a-z0-9-]{0,30}", fullmatch=True)


@given(TEXT, TEXT, TEXT, TEXT)
def test_different_owners_never_share_a_name(tenant, username, other_tenant, other_username):
    one, other = (tenant, username), (other_tenant, other_username)
    assert VALID.fullmatch(name(*one))
    assert (name(*one) == name(*other)) == (one == other)


@given(TEXT)
def test_label_values_are_valid(text):
    assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", label_value(text))
    assert len(label_value(text)) <= 63


def test_digest_tells_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")
