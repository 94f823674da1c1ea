"""Names and state: found again after templates changed, whatever is in a state row, and nothing raises at hub start."""

import pytest

from tenantspawner.errors import Misconfigured
from tests.settings.support import spawner


def test_state_is_kubespawners_and_comes_back():
    first = spawner({"namespace": "people"}, servername="lab")
    first._pvc_exists = True
    state = first.get_state()
    assert state == {
        "kubespawner_version": "7.1.0",
        "pod_name": "jupyter-ada--lab",
        "namespace": "people",
        "dns_name": "jupyter-ada--lab.people.svc.cluster.local",
        "pvc_name": "claim-ada--lab",
    }
    second = spawner({"pod_name_template": "other", "pvc_name_template": "other"}, servername="lab")
    second.load_state(state)
    assert second.get_state() == state


def test_the_name_of_a_claim_is_kept_only_when_it_was_seen_and_shall_be_remembered():
    one = spawner()
    assert "pvc_name" not in one.get_state()
    one.load_state({"kubespawner_version": "7.0.0", "pvc_name": "old"})
    assert (one.pvc_name, one._pvc_exists) == ("old", True)
    other = spawner({"remember_pvc_name": False})
    other.load_state({"kubespawner_version": "7.0.0", "pvc_name": "old"})
    assert (other.pvc_name, other._pvc_exists) == ("claim-ada", False)


@pytest.mark.parametrize(
    "state",
    [None, {}, [], "x", 5, {"pod_name": None}, {"pod_name": 5, "namespace": [], "dns_name": ""}, {"pvc_name": {}}],
)
def test_no_state_breaks_the_start_of_the_hub(state):
    one = spawner()
    one.load_state(state)
    assert (one.pod_name, one.namespace, one.pvc_name) == ("jupyter-ada", "default", "claim-ada")


@pytest.mark.parametrize(
    ("config", "state", "legacy"),
    [
        ({}, {"pod_name": "x"}, "claim-a-2db"),
        ({}, {"pod_name": "x", "kubespawner_version": "7.0.0"}, None),
        ({}, {}, None),
        ({"handle_legacy_names": False}, {"pod_name": "x"}, None),
        ({"remember_pvc_name": False}, {"pod_name": "x"}, None),
        ({"slug_scheme": "escape"}, {"pod_name": "x"}, None),
    ],
)
def test_the_claim_of_version_6_is_looked_for_where_it_may_be(config, state, legacy):
    one = spawner(config, username="a-b")
    one.load_state(state)
    assert one.legacy_pvc_name == legacy


@pytest.mark.parametrize(
    "template", ["pod_name_template", "pvc_name_template", "dns_name_template", "secret_name_template"]
)
async def test_a_template_that_cannot_be_filled_refuses_starts_but_not_the_hub(template):
    one = spawner({template: "x-{nope"})
    with pytest.raises(Misconfigured) as wrong:
        await one.get_pod_manifest()
    assert wrong.value.setting == template


def test_after_a_stop_the_pod_is_named_anew_and_the_claim_is_not():
    one = spawner()
    one.load_state({"pod_name": "old", "pvc_name": "old-claim", "namespace": "old-ns", "kubespawner_version": "7.1.0"})
    one.clear_state()
    assert (one.pod_name, one.pvc_name, one.namespace) == ("jupyter-ada", "old-claim", "old-ns")


def test_each_person_can_have_a_namespace():
    one = spawner({"enable_user_namespaces": True, "user_namespace_labels": {"who": "{username}"}}, username="Ada")
    namespace = one.user_namespace_object()
    assert namespace["metadata"]["name"] == one.namespace == "user-ada---99a563ab"
    assert namespace["metadata"]["labels"] == {"who": "ada---99a563ab"}


def test_a_name_that_is_not_computed_yet_says_so():
    assert spawner({"pod_name_template": "x-{pvc_name}"}).pod_name == "x-pvc_name_unavailable!"
