"""The garbage collector: what is owned follows its owners, in the background, in the foreground, or not at all."""

import asyncio

import pytest

from tenantspawner.kube.kinds import CONFIG_MAP, POD, SECRET
from tenantspawner.localcluster.controllers import start_controllers
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.deletion import delete
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store
from tests.localcluster.worlds import until


@pytest.fixture
async def store():
    made_store = Store()
    controllers = start_controllers(made_store, ClusterSettings())
    yield made_store
    await controllers.close()


def put(store, kind, name, *owners, blocking=False, namespace="team", **content):
    obj = made(kind, name, namespace, **content)
    if owners:
        obj["metadata"]["ownerReferences"] = [reference(owner, blocking=blocking) for owner in owners]
    return store.put(kind, obj)


def reference(owner, *, blocking=False):
    metadata = owner["metadata"]
    head = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**head, "blockOwnerDeletion": True} if blocking else head


def names(store, kind=SECRET):
    return [obj["metadata"]["name"] for obj in store.list(kind)]


async def test_what_is_owned_goes_after_its_owner_and_so_on_down(store):
    owner = put(store, POD, "p", spec={})
    child = put(store, SECRET, "token", owner)
    put(store, CONFIG_MAP, "deep", child)
    put(store, SECRET, "free")
    delete(store, POD, "team", "p")
    await until(lambda: names(store) == ["free"] and not names(store, CONFIG_MAP))


async def test_what_has_another_owner_stays_and_forgets_the_first(store):
    one, two = put(store, POD, "one", spec={}), put(store, POD, "two", spec={})
    put(store, SECRET, "s", one, two)
    delete(store, POD, "team", "one")
    await until(lambda: store.get(SECRET, "team", "s")["metadata"]["ownerReferences"] == [reference(two)])
    delete(store, POD, "team", "two")
    await until(lambda: names(store) == [])


async def test_another_object_of_the_same_name_is_not_the_owner(store):
    gone = made(POD, "p", "team", spec={})
    put(store, POD, "p", spec={})
    put(store, SECRET, "s", gone)
    await until(lambda: names(store) == [])


async def test_an_owner_in_another_namespace_does_not_count(store):
    owner = put(store, POD, "p", spec={}, namespace="other")
    put(store, SECRET, "s", owner)
    await until(lambda: names(store) == [])


async def test_owners_of_kinds_nobody_knows_are_left_alone(store):
    odd = {"apiVersion": "example.org/v1", "kind": "Odd", "metadata": {"name": "o", "uid": "1"}}
    put(store, SECRET, "s", odd)
    await asyncio.sleep(0.03)
    assert names(store) == ["s"]


async def test_an_owner_that_is_marked_only_keeps_what_it_owns(store):
    owner = put(store, POD, "p", spec={"nodeName": "n"}, status={"phase": "Running"})
    put(store, SECRET, "s", owner)
    delete(store, POD, "team", "p")
    await asyncio.sleep(0.03)
    assert names(store) == ["s"]


async def test_in_the_foreground_the_owner_waits_for_what_blocks_it(store):
    owner = put(store, CONFIG_MAP, "owner")
    held = put(store, POD, "p", owner, blocking=True, spec={"nodeName": "n"}, status={"phase": "Running"})
    delete(store, CONFIG_MAP, "team", "owner", propagation="Foreground")
    await until(lambda: "deletionTimestamp" in store.get(POD, "team", "p")["metadata"])
    assert names(store, CONFIG_MAP) == ["owner"]
    delete(store, POD, "team", held["metadata"]["name"], grace=0)
    await until(lambda: names(store, CONFIG_MAP) == [])


async def test_in_the_foreground_deep_dependents_go_first_too(store):
    owner = put(store, CONFIG_MAP, "owner")
    middle = put(store, CONFIG_MAP, "middle", owner, blocking=True)
    put(store, SECRET, "leaf", middle, blocking=True)
    order = []
    store.subscribe(lambda event: event.type == "DELETED" and order.append(event.object["metadata"]["name"]))
    delete(store, CONFIG_MAP, "team", "owner", propagation="Foreground")
    await until(lambda: order == ["leaf", "middle", "owner"])


async def test_orphans_lose_their_owner_and_stay(store):
    owner = put(store, CONFIG_MAP, "owner")
    put(store, SECRET, "s", owner)
    delete(store, CONFIG_MAP, "team", "owner", propagation="Orphan")
    await until(lambda: names(store, CONFIG_MAP) == [])
    assert "ownerReferences" not in store.get(SECRET, "team", "s")["metadata"]


async def test_a_reference_taken_off_in_time_saves_an_object(store):
    owner = put(store, POD, "p", spec={})
    owned = put(store, SECRET, "s", owner)
    store.put(
        SECRET,
        {**owned, "metadata": {key: value for key, value in owned["metadata"].items() if key != "ownerReferences"}},
    )
    delete(store, POD, "team", "p")
    await asyncio.sleep(0.03)
    assert names(store) == ["s"]


async def test_what_was_there_before_the_collector_is_collected_too():
    store = Store()
    put(store, SECRET, "s", made(POD, "gone", "team"))
    controllers = start_controllers(store, ClusterSettings())
    await until(lambda: names(store) == [])
    await controllers.close()
