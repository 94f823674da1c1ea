"""Namespaces that go away, accounts that appear, volumes, events, and how a controller takes a failure."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tenantspawner.kube.kinds import (
    CONFIG_MAP,
    EVENT,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
)
from tenantspawner.localcluster.controllers import Runner, start_controllers
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.deletion import delete, settle
from tenantspawner.localcluster.kinds import PERSISTENT_VOLUME
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store
from tests.localcluster.worlds import World, claim, pod, until


@pytest.fixture
def settings():
    return ClusterSettings(service_account_delay=0.0)


@pytest.fixture
async def world(settings):
    made_world = World()
    controllers = start_controllers(made_world.store, settings)
    yield made_world
    await controllers.close()


def end(world, name="team"):
    """Mark a namespace as the API does."""
    namespace = world.store.get(NAMESPACE, None, name)
    metadata = {**namespace["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.store.put(NAMESPACE, {**namespace, "metadata": metadata, "status": {"phase": "Terminating"}})


def put(world, kind, name, namespace="team", finalizers=(), **content):
    obj = made(kind, name, namespace, **content)
    if finalizers:
        obj["metadata"]["finalizers"] = list(finalizers)
    return world.store.put(kind, obj)


def conditions(world, name="team"):
    namespace = world.store.get(NAMESPACE, None, name)
    found = (namespace or {}).get("status", {}).get("conditions", [])
    return {condition["type"]: (condition["status"], condition["message"]) for condition in found}


async def test_a_namespace_that_goes_away_takes_everything_in_it_and_nothing_else(world):
    world.namespace("other")
    for name in ("team", "other"):
        put(world, CONFIG_MAP, "c", name)
        put(world, SECRET, "s", name)
    end(world)
    await until(lambda: world.store.get(NAMESPACE, None, "team") is None)
    assert world.store.list(SECRET, "team") == world.store.list(SERVICE_ACCOUNT, "team") == []
    assert len(world.store.list(SECRET, "other")) == 1


async def test_running_pods_go_first_with_their_grace(world):
    put(world, CONFIG_MAP, "c")
    running = put(world, POD, "p", spec={"nodeName": "n"}, status={"phase": "Running"})
    end(world)
    await until(lambda: "deletionTimestamp" in world.store.get(POD, "team", "p")["metadata"])
    assert world.store.get(CONFIG_MAP, "team", "c")
    assert conditions(world)["NamespaceContentRemaining"] == (
        "True",
        "Some resources are remaining: pods. has 1 resource instances",
    )
    delete(world.store, POD, "team", running["metadata"]["name"], grace=0)
    await until(lambda: world.store.get(NAMESPACE, None, "team") is None)


async def test_a_finalizer_keeps_the_namespace_and_is_named(world):
    put(world, CONFIG_MAP, "c", finalizers=["example.org/keep"])
    end(world)
    await until(lambda: conditions(world))
    assert conditions(world)["NamespaceFinalizersRemaining"] == (
        "True",
        "Some content in the namespace has finalizers remaining: example.org/keep in 1 resource instances",
    )
    assert conditions(world)["NamespaceDeletionContentFailure"][0] == "False"
    held = world.store.get(CONFIG_MAP, "team", "c")
    settle(world.store, CONFIG_MAP, {**held, "metadata": {**held["metadata"], "finalizers": []}})
    await until(lambda: world.store.get(NAMESPACE, None, "team") is None)


async def test_a_namespace_with_a_finalizer_of_its_own_stays_empty(world):
    namespace = world.store.get(NAMESPACE, None, "team")
    metadata = {**namespace["metadata"], "finalizers": ["example.org/keep"]}
    world.store.put(NAMESPACE, {**namespace, "metadata": metadata})
    end(world)
    await until(lambda: world.store.get(NAMESPACE, None, "team")["spec"]["finalizers"] == [])
    assert world.store.list(SERVICE_ACCOUNT, "team") == []


async def test_every_namespace_gets_a_default_account_a_moment_later(world, settings):
    settings.service_account_delay = 0.1
    settings.ca_certificate = "PEM"
    world.store.put(NAMESPACE, made(NAMESPACE, "new", spec={}))
    await asyncio.sleep(0.02)
    assert world.store.get(SERVICE_ACCOUNT, "new", "default") is None
    await until(lambda: world.store.get(SERVICE_ACCOUNT, "new", "default"))
    assert world.store.get(CONFIG_MAP, "new", "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"}


async def test_a_deleted_default_account_comes_back(world):
    uid = world.store.remove(SERVICE_ACCOUNT, "team", "default")["metadata"]["uid"]
    again = await until(lambda: world.store.get(SERVICE_ACCOUNT, "team", "default"))
    assert again["metadata"]["uid"] != uid


async def test_a_claim_is_bound_to_a_volume_that_goes_with_it(world):
    world.create(claim("home", "2Gi", storageClassName="standard"))
    bound = await until(
        lambda: (c := world.store.get(PERSISTENT_VOLUME_CLAIM, "team", "home"))["status"].get("phase") == "Bound" and c
    )
    volume = world.store.get(PERSISTENT_VOLUME, None, bound["spec"]["volumeName"])
    assert bound["status"]["capacity"] == volume["spec"]["capacity"] == {"storage": "2Gi"}
    assert volume["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]
    delete(world.store, PERSISTENT_VOLUME_CLAIM, "team", "home")
    await until(lambda: not world.store.list(PERSISTENT_VOLUME_CLAIM) and not world.store.list(PERSISTENT_VOLUME))


async def test_a_claim_in_use_stays_until_the_pod_has_ended(world):
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "home"}}]
    world.create(claim("home"))
    running = world.create(pod("p", nodeName="n", volumes=volumes))
    delete(world.store, PERSISTENT_VOLUME_CLAIM, "team", "home")
    await asyncio.sleep(0.05)
    assert world.store.get(PERSISTENT_VOLUME_CLAIM, "team", "home")
    world.store.put(POD, {**running, "status": {"phase": "Succeeded"}})
    await until(lambda: not world.store.list(PERSISTENT_VOLUME_CLAIM))


async def test_events_are_forgotten_after_a_while(world, settings):
    settings.event_ttl = 0.2
    old = f"{datetime.now(UTC) - timedelta(seconds=9):%Y-%m-%dT%H:%M:%SZ}"
    soon = f"{datetime.now(UTC) + timedelta(seconds=9):%Y-%m-%dT%H:%M:%SZ}"
    for name, time in (("old", old), ("new", soon)):
        event = made(EVENT, name, "team", lastTimestamp=time)
        event["metadata"]["creationTimestamp"] = old
        world.store.put(EVENT, event)
    controllers = start_controllers(world.store, settings)
    await until(lambda: [event["metadata"]["name"] for event in world.store.list(EVENT)] == ["new"])
    await controllers.close()


class Flaky(Controller):
    """Fails the first time."""

    tries = 0

    def existing(self):
        return ("key",)

    def concerned(self, event):
        return ("key",) if event.kind == CONFIG_MAP else ()

    def reconcile(self, key):
        self.tries += 1
        if self.tries == 1:
            raise RuntimeError(f"a bad {key}")


async def test_a_failure_is_logged_and_tried_again(monkeypatch, caplog):
    monkeypatch.setattr("tenantspawner.localcluster.controllers.runner._AFTER_FAILURE", 0.01)
    controller = Flaky(Store(), ClusterSettings())
    with caplog.at_level(logging.ERROR):
        runner = Runner(controller)
        await until(lambda: controller.tries == 2)
    await runner.close()
    assert "Flaky failed and will try again" in caplog.text


async def test_a_closed_controller_sees_nothing_any_more():
    store = Store()
    controller = Flaky(store, ClusterSettings())
    runner = Runner(controller)
    await until(lambda: controller.tries)
    await runner.close()
    store.put(CONFIG_MAP, made(CONFIG_MAP, "c", "team"))
    await asyncio.sleep(0.02)
    assert controller.tries == 1
