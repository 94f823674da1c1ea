"""How controllers delete: grace for pods on a node, finalizers, and the moment when nothing keeps an object any more."""

import pytest

from tenantspawner.kube.kinds import CONFIG_MAP, NAMESPACE, POD
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.deletion import delete, settle
from tenantspawner.localcluster.store import Store


@pytest.fixture
def store():
    return Store()


def on_node(store, phase="Running", **metadata):
    obj = made(POD, "p", "team", spec={"nodeName": "n", "terminationGracePeriodSeconds": 7}, status={"phase": phase})
    return store.put(POD, {**obj, "metadata": {**obj["metadata"], **metadata}})


def grace(store):
    found = store.get(POD, "team", "p")
    return found and found["metadata"].get("deletionGracePeriodSeconds")


def test_a_pod_on_a_node_is_marked_and_goes_when_the_node_confirms(store):
    on_node(store)
    assert delete(store, POD, "team", "p")["metadata"]["deletionTimestamp"]
    assert grace(store) == 7
    delete(store, POD, "team", "p", grace=0)
    assert store.get(POD, "team", "p") is None


def test_a_second_delete_shortens_the_grace_and_never_lengthens_it(store):
    on_node(store)
    for asked, left in ((5, 5), (60, 5), (2, 2)):
        delete(store, POD, "team", "p", grace=asked)
        assert grace(store) == left


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_an_ended_pod_goes_at_once(store, phase):
    on_node(store, phase)
    delete(store, POD, "team", "p")
    assert store.get(POD, "team", "p") is None


def test_a_pod_without_a_node_goes_at_once(store):
    store.put(POD, made(POD, "p", "team", spec={}))
    delete(store, POD, "team", "p")
    assert store.list(POD) == []


def test_finalizers_keep_an_object_until_they_are_off(store):
    obj = made(CONFIG_MAP, "c", "team")
    obj["metadata"]["finalizers"] = ["example.org/keep"]
    store.put(CONFIG_MAP, obj)
    marked = delete(store, CONFIG_MAP, "team", "c")
    assert marked["metadata"]["deletionTimestamp"]
    settle(store, CONFIG_MAP, {**marked, "metadata": {**marked["metadata"], "labels": {"a": "b"}}})
    assert store.get(CONFIG_MAP, "team", "c")
    settle(store, CONFIG_MAP, {**marked, "metadata": {**marked["metadata"], "finalizers": []}})
    assert store.get(CONFIG_MAP, "team", "c") is None


def test_a_running_pod_outlives_its_finalizers(store):
    marked = on_node(store, finalizers=["a"]) and delete(store, POD, "team", "p")
    settle(store, POD, {**marked, "metadata": {**marked["metadata"], "finalizers": []}})
    assert grace(store) == 7


@pytest.mark.parametrize(("how", "mark"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
def test_what_becomes_of_dependents_is_noted_on_the_owner(store, how, mark):
    store.put(CONFIG_MAP, made(CONFIG_MAP, "c", "team"))
    delete(store, CONFIG_MAP, "team", "c", propagation=how)
    assert store.get(CONFIG_MAP, "team", "c")["metadata"]["finalizers"] == [mark]
    delete(store, CONFIG_MAP, "team", "c", propagation="Background")
    assert store.get(CONFIG_MAP, "team", "c") is None


def test_a_namespace_is_kept_by_the_finalizers_of_its_spec(store):
    namespace = made(NAMESPACE, "team", spec={"finalizers": ["kubernetes"]})
    namespace["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    settle(store, NAMESPACE, namespace)
    assert store.get(NAMESPACE, None, "team")
    settle(store, NAMESPACE, {**namespace, "spec": {"finalizers": []}})
    assert store.get(NAMESPACE, None, "team") is None


def test_deleting_nothing_is_nothing(store):
    assert delete(store, POD, "team", "p") is None
