"""Two tenants never share a namespace: which pairs of names are refused, and that the refusal is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube.names import compose
from tenantspawner.tenancy import Envelope, Source, read

PAIRS = [
    ("user", "{prefix}{tenant}--{username}", "user", "{prefix}{tenant}--{username}", False),
    ("user", "{prefix}{username}", "user", "{prefix}{username}", True),
    ("user", "{prefix}{username}", "user", "{prefix}x{username}", True),
    ("user", "{prefix}{username}", "user", "{prefix}{username}x", True),
    ("user", "{prefix}a-{username}", "user", "{prefix}b-{username}", False),
    ("user", "{prefix}{username}--a", "user", "{prefix}{username}--b", False),
    ("user", "{prefix}{username}", "user", "{prefix}x--{username}", False),
    ("user", "{prefix}{username}", "tenant", "{prefix}shared", True),
    ("tenant", "{prefix}shared", "user", "{prefix}{username}", True),
    ("user", "{prefix}{username}--x", "tenant", "{prefix}shared", False),
    ("tenant", "{prefix}shared", "tenant", "{prefix}shared", True),
    ("tenant", "{prefix}shared", "tenant", "{prefix}shared2", False),
    ("tenant", "{prefix}{tenant}", "tenant", "{prefix}{tenant}", False),
    ("user", "{prefix}{tenant}-{username}", "user", "{hub}-{tenant}-{username}", False),
]


def refused(first: tuple[str, str], second: tuple[str, str]) -> bool:
    text = "version: 1\nimages: {s: {image: quay.io/a/b}}\nprofiles: {s: {}}\ntenants:\n"
    for tenant, (per, name) in (("one", first), ("two", second)):
        rule = f'{{per: {per}, name: "{name}"}}'
        text += f"  {tenant}: {{members: [], images: [s], profiles: [s], namespace: {rule}}}\n"
    result = read([Source("t.yaml", text)], Envelope())
    others = [problem for problem in result.problems if "can produce a namespace of" not in problem.message]
    assert not others
    return bool(result.problems)


@pytest.mark.parametrize("pair", PAIRS)
def test_names_that_can_meet_are_refused(pair):
    per, name, other_per, other, expected = pair
    assert refused((per, name), (other_per, other)) is expected


def test_a_tenant_whose_id_is_hashed_meets_nobody():
    text = "version: 1\nimages: {s: {image: quay.io/a/b}}\nprofiles: {s: {}}\ntenants:\n"
    text += "".join(f"  {name}: {{members: [], images: [s], profiles: [s]}}\n" for name in ("a", "a--b"))
    assert read([Source("t.yaml", text)], Envelope()).tenancy is not None


LITERALS = st.sampled_from(["", "a", "b", "a-", "a--", "-b", "--b", "ab"])
USERS = st.from_regex(r"[ab]{1,2}(-[ab])?", fullmatch=True)


@given(st.tuples(LITERALS, LITERALS), st.tuples(LITERALS, LITERALS), USERS, USERS)
def test_names_that_are_not_refused_never_meet(around, other_around, user, other_user):
    one, other = ("{{prefix}}{}{{username}}{}".format(*each) for each in (around, other_around))
    fixed = {"prefix": "hub-", "hub": "hub"}
    if compose(one, {"username": user}, fixed) == compose(other, {"username": other_user}, fixed):
        assert refused(("user", one), ("user", other))
