"""Slugs: what is kept, what is shortened, what is escaped. tests/peers compares them with KubeSpawner's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube import slugs

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("ada", "ada"),
        ("ada-lovelace", "ada-lovelace"),
        ("Ada", "ada---99a563ab"),
        ("a--b", "a-b---90827a2e"),
        ("1st", "x-1st---e01ddf65"),
        ("@", "x---c3641f85"),
    ],
)
def test_a_valid_name_is_kept_and_any_other_gets_a_hash(name, slug):
    assert slugs.safe(name) == slug


@given(st.text(), st.text())
def test_slugs_are_valid_and_not_too_long(user, server):
    for slug in (slugs.safe(user), slugs.joined(user, server), slugs.multiple((user, server))):
        assert LABEL.fullmatch(slug)
        assert len(slug) <= 63
    assert len(slugs.joined(user, server)) <= slugs.FIELD_LENGTH


@pytest.mark.parametrize(
    ("name", "valid"),
    [("", True), ("Ada.x_y", True), ("-a", False), ("a" * 64, False), ("a\n", False), ("\u212a", False)],
)
def test_label_values(name, valid):
    assert slugs.is_label_value(name) is valid


@pytest.mark.parametrize(("name", "slug"), [("needs-escape", "needs-2descape"), ("Ada", "-41da"), ("", "")])
def test_the_old_scheme_escapes_by_hyphens(name, slug):
    assert slugs.escape(name) == slug


def test_a_server_has_both_names():
    assert slugs.joined("ada", "lab") == "ada--lab"
    assert slugs.joined("ada", "") == "ada"
    assert slugs.joined("a" * 40, "b" * 40).startswith("a" * 17 + "--" + "b" * 17 + "---")
