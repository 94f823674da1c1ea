"""Covers `cluster.store`: keys, indexes, callbacks, waiting by event, and never an older view."""

import asyncio

import pytest

from tenantspawner.cluster import Deadline, Store, by_label
from tenantspawner.cluster.store import newer
from tenantspawner.errors import DeadlinePassed
from tenantspawner.kube.objects import Pod, read
from tests.support.scripted import pod
from tests.support.virtualtime import clock, in_virtual_time


def a_pod(name, version, *, label=None, **more):
    obj = pod(name, version, **more)
    if label:
        obj["metadata"]["labels"] = {"user": label}
    return read(Pod, obj)


def a_store(*pods):
    store = Store({"user": by_label("user")})
    store.replace(pods)
    return store


def names(pods):
    return sorted(found.metadata.name for found in pods)


def test_objects_are_found_by_key_and_by_index():
    store = a_store(a_pod("a", 1, label="ada"), a_pod("b", 2, label="bob"), a_pod("c", 3, namespace="y"))
    assert store.get("x", "a").metadata.name == "a"
    assert store.get("y", "a") is None
    assert names(store.indexed("namespace", "x")) == ["a", "b"]
    assert names(store.indexed("user", "ada")) == ["a"]
    assert store.indexed("user", "eve") == []
    assert (len(store), names(store.all())) == (3, ["a", "b", "c"])
    with pytest.raises(KeyError):
        store.indexed("team", "x")


def test_indexes_follow_changes():
    store = a_store(a_pod("a", 1, label="ada"))
    store.put(a_pod("a", 2, label="bob"))
    assert store.indexed("user", "ada") == []
    assert names(store.indexed("user", "bob")) == ["a"]
    store.remove(a_pod("a", 3, label="bob"))
    assert store.indexed("user", "bob") == []
    assert store.indexed("namespace", "x") == []


def test_an_older_view_of_the_same_object_is_ignored():
    store = a_store(a_pod("a", 5))
    store.put(a_pod("a", 4, phase="Pending"))
    store.put(a_pod("a", 5, phase="Pending"))
    assert store.get("x", "a").status.phase == "Running"


def test_the_end_of_an_old_object_does_not_take_away_the_new_one():
    store = a_store(a_pod("a", 5, uid="new"))
    store.remove(a_pod("a", 6, uid="old"))
    assert store.get("x", "a") is not None


def test_a_new_object_of_the_same_name_is_a_deletion_and_an_addition():
    store = a_store(a_pod("a", 1, uid="one"))
    seen = []
    store.on_change(lambda old, new: seen.append((old and old.metadata.uid, new and new.metadata.uid)))
    store.replace([a_pod("a", 9, uid="two")])
    assert seen == [("one", None), (None, "two")]


def test_callbacks_end_when_told_and_do_no_harm_when_they_fail(caplog):
    store = a_store()
    seen = []

    def failing(_old, _new):
        raise ValueError

    store.on_change(failing)
    unsubscribe = store.on_change(lambda _, new: seen.append(new.metadata.name))
    store.put(a_pod("a", 1))
    unsubscribe()
    unsubscribe()
    store.put(a_pod("b", 2))
    assert seen == ["a"]
    assert "a callback failed" in caplog.text


@in_virtual_time
async def test_whoever_waits_is_woken_by_the_event():
    store = a_store()
    waiting = asyncio.create_task(
        store.until("x", "a", lambda p: p and p.status.phase == "Running", Deadline.after(60))
    )
    await asyncio.sleep(3)
    store.put(a_pod("a", 1, phase="Pending"))
    store.put(a_pod("a", 2, phase="Running"))
    store.put(a_pod("a", 3, phase="Failed"))  # the state that was waited for lasted no time at all
    assert (await waiting).metadata.resource_version == "2"
    assert clock() == 3


@in_virtual_time
async def test_what_holds_already_is_not_waited_for():
    store = a_store(a_pod("a", 1))
    assert await store.until("x", "a", lambda p: p is not None, Deadline.after(0)) is store.get("x", "a")


@in_virtual_time
async def test_waiting_ends_with_the_deadline_and_leaves_nothing():
    store = a_store()
    with pytest.raises(DeadlinePassed, match="x/a"):
        await store.until("x", "a", lambda p: p is not None, Deadline.after(5))
    assert clock() == 5
    store.put(a_pod("a", 1))


@in_virtual_time
async def test_absent_is_unknown_before_the_first_list_and_gone_after_it():
    store = Store()
    waiting = asyncio.create_task(store.until("x", "a", lambda p: p is None, Deadline.after(60)))
    await asyncio.sleep(5)
    assert not waiting.done()
    store.replace([a_pod("b", 1)])
    assert await waiting is None
    assert clock() == 5


@in_virtual_time
async def test_a_deletion_wakes_who_waits_for_it():
    store = a_store(a_pod("a", 1))
    waiting = asyncio.create_task(store.until("x", "a", lambda p: p is None, Deadline.after(60)))
    await asyncio.sleep(1)
    store.remove(a_pod("a", 2))
    assert await waiting is None


@in_virtual_time
async def test_a_predicate_that_fails_fails_its_own_waiter_only():
    store = a_store()
    bad = asyncio.create_task(store.until("x", "a", lambda p: p is not None and p.status.phase / 2, Deadline.after(60)))
    good = asyncio.create_task(store.until("x", "a", lambda p: p is not None, Deadline.after(60)))
    await asyncio.sleep(1)
    store.put(a_pod("a", 1))
    assert await good is not None
    with pytest.raises(TypeError):
        await bad


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("b", "a", True), ("a", "a", False)],
)
def test_versions_are_compared_as_numbers_where_they_are(version, than, expected):
    assert newer(version, than) is expected
