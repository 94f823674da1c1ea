"""Slugs are KubeSpawner's, character for character: names of existing volumes depend on them."""

import kubespawner.slugs as theirs
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube import slugs
from tests.peers.spawners import ours, upstream

# The peer takes the Kelvin sign and the long s for letters of a label; the API server does not, and neither do we.
NAMES = st.text(st.characters(exclude_characters="\u212a\u017f", codec="utf-8"), max_size=90) | st.from_regex(
    r"[a-zA-Z0-9._-]{0,80}", fullmatch=True
)


@given(NAMES, st.none() | st.integers(14, 63))
def test_safe(name, length):
    assert slugs.safe(name, max_length=length) == theirs.safe_slug(name, max_length=length)


@given(NAMES)
def test_safe_as_a_label(name):
    assert slugs.safe(name, slugs.is_label_value) == theirs.safe_slug(name, is_valid=theirs.is_valid_label)


@given(NAMES)
def test_escape(name):
    assert slugs.escape(name) == theirs.escape_slug(name)


@given(NAMES, NAMES)
def test_several(one, two):
    assert slugs.multiple((one, two)) == theirs.multi_slug([one, two])


TEMPLATE = "{username}|{servername}|{user_server}|{safe_user_server}|{escaped_user_server}|{userid}|{hubnamespace}|{unescaped_username}"


@given(NAMES, NAMES, st.sampled_from(["safe", "escape"]))
def test_all_fields(username, servername, scheme):
    config = {"slug_scheme": scheme}
    peer, spawner = upstream(config, username, servername), ours(config, username, servername)
    assert spawner._expand_user_properties(TEMPLATE) == peer._expand_user_properties(TEMPLATE)
