"""Last time's choice against today: what holds is kept, what is gone is said, nothing stored can break a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.policy import SpawnRequest, still_holds
from tests.policy.documents import entitled, tenancy
from tests.policy.test_choice import hub_entitled


@pytest.mark.parametrize(
    ("stored", "kept", "lost"),
    [
        (None, SpawnRequest(), ""),
        ({}, SpawnRequest(), ""),
        ({"profile": "gpu", "devices": 2}, SpawnRequest("physics", "gpu", None, 2), ""),
        ({"image": "quay.io/jupyter/pytorch-notebook:cuda12"}, SpawnRequest("physics", "small", "pytorch"), ""),
        ({"image": "registry.corp/team/a:1"}, SpawnRequest("physics", "small", "registry.corp/team/a:1"), ""),
        ({"profile": "tuned", "size": "s"}, SpawnRequest("physics", "tuned", options={"size": "s"}), ""),
        ({"tenant": "closed", "profile": "gpu"}, SpawnRequest(), "The team closed is not one of yours now."),
        ({"profile": "old"}, SpawnRequest("physics"), "The profile old is not offered to you now."),
        (
            {"profile": "gpu", "image": "scipy", "devices": 2},
            SpawnRequest("physics", "gpu", None, 2),
            "The image scipy is not offered here now.",
        ),
        (
            {"profile": "gpu", "image": "pytorch", "devices": 3},
            SpawnRequest("physics", "gpu", "pytorch"),
            "The number 3 cannot be chosen here now.",
        ),
        (
            {"profile": "tuned", "size": "xl", "note": "none"},
            SpawnRequest("physics", "tuned", options={"note": "none"}),
            "The option size does not have xl now.",
        ),
        ([1], SpawnRequest(), "What was chosen cannot be read; these are the defaults."),
        ({"devices": "x"}, SpawnRequest(), "What was chosen cannot be read; these are the defaults."),
    ],
)
def test_what_is_left_of_an_earlier_choice(stored, kept, lost):
    remembered = still_holds(entitled("bob", "physics"), stored)
    assert (remembered.request, remembered.sentence) == (kept, lost)


def test_a_plain_slug_of_kubespawner_becomes_the_hubs_profile():
    remembered = still_holds(hub_entitled(), {"profile": "demo", "image": "base"})
    assert remembered.request == SpawnRequest("physics", "hub:demo", None, None, {"image": "base"})


def test_an_option_called_image_that_is_gone():
    remembered = still_holds(hub_entitled(), {"profile": "demo", "image": "foreign", "options": {"x": "1"}})
    assert remembered.request == SpawnRequest("physics", "hub:demo")
    assert "x does not have 1" in remembered.sentence


def test_nobody_remembers_nothing():
    document = tenancy().model_copy(update={"default": None})
    assert still_holds(entitled("nobody", document=document), {"profile": "gpu"}).lost == ()


@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(["tenant", "profile", "image", "options"]),
        st.text(max_size=8) | st.integers() | st.none(),
    )
)
def test_nothing_stored_can_raise(stored):
    still_holds(entitled("bob", "physics"), stored)
