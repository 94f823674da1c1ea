"""What may be chosen from a profile list leads to the same pod as with KubeSpawner, in every form such a list has."""

import copy

import pytest

from tests.peers.spawners import json_of, ours, upstream
from tests.settings.profiles import BASE, PROFILES


async def _async_profiles(spawner):
    return copy.deepcopy(PROFILES)


OPTIONS = [
    {},
    {"profile": "small-one-cpu"},
    {"profile": "big"},
    {"profile": "big", "image": "base"},
    {"profile": "big", "image": "base", "size": "l"},
    {"profile": "big", "image--unlisted-choice": "jupyter/base:12"},
    {"profile": "", "image": "base"},
    {"profile": "small-one-cpu", "image": "base", "something": ["else"]},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "form", [PROFILES, {"2": PROFILES[1], "1": PROFILES[0]}, lambda _: copy.deepcopy(PROFILES), _async_profiles]
)
async def test_the_choice_makes_the_same_pod(options, form):
    config = {**BASE, "profile_list": form}
    peer, spawner = upstream(copy.deepcopy(config)), ours(copy.deepcopy(config))
    peer.user_options, spawner.user_options = dict(options), dict(options)
    await peer.load_user_options()
    await spawner.load_user_options()
    assert json_of(await spawner.get_pod_manifest()) == json_of(await peer.get_pod_manifest())
