"""The quota controller: when a quota comes into force, and when what was used is free again."""

import asyncio
from datetime import UTC, datetime

import pytest

from tenantspawner.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA
from tenantspawner.localcluster.admission.usage import is_charged
from tenantspawner.localcluster.controllers import start_controllers
from tenantspawner.localcluster.deletion import delete
from tenantspawner.localcluster.settings import ClusterSettings
from tests.localcluster.worlds import World, claim, config_map, container, pod, quota, until

ONE_CPU = container(limits={"cpu": "1", "memory": "1Gi"})


@pytest.fixture
def settings():
    return ClusterSettings(quota_delay=0.0)


@pytest.fixture
async def world(settings):
    made = World()
    controllers = start_controllers(made.store, settings)
    made.controllers = controllers
    yield made
    await controllers.close()


def status(world, name="q"):
    return world.store.get(RESOURCE_QUOTA, "team", name).get("status")


def set_hard(world, hard):
    stored = world.store.get(RESOURCE_QUOTA, "team", "q")
    world.store.put(RESOURCE_QUOTA, {**stored, "spec": {"hard": hard}})


async def test_a_new_quota_is_filled_with_what_is_there_already(world):
    world.create(pod("a", ONE_CPU))
    world.create(pod("b", container(requests={"cpu": "500m"})))
    world.create(config_map())
    hard = {"pods": "5", "requests.cpu": "4", "configmaps": "9", "services": "1", "example.org/unknown": "1"}
    world.create(quota(hard, counted=False))
    await until(lambda: status(world))
    assert status(world) == {
        "hard": hard,
        "used": {"pods": "2", "requests.cpu": "1500m", "configmaps": "1", "services": "0"},
    }


async def test_a_changed_limit_comes_into_force(world):
    world.create(quota({"pods": "1"}, counted=False))
    await until(lambda: status(world))
    set_hard(world, {"pods": "3", "secrets": "1"})
    await until(lambda: status(world) == {"hard": {"pods": "3", "secrets": "1"}, "used": {"pods": "0", "secrets": "0"}})


async def test_the_delay_can_be_set_and_nothing_is_limited_meanwhile(world, settings):
    settings.quota_delay = 0.15
    start = asyncio.get_running_loop().time()
    world.create(quota({"pods": "0"}, counted=False))
    world.create(pod("early"))
    await until(lambda: status(world))
    assert 0.15 <= asyncio.get_running_loop().time() - start < 1
    assert world.why(pod("late")).startswith("exceeded quota")


async def test_a_controller_that_never_acts_can_be_told_to_act_later(world, settings):
    settings.quota_delay = None
    world.create(quota({"pods": "0"}, counted=False))
    await asyncio.sleep(0.1)
    assert not status(world)
    settings.quota_delay = 0.0
    await until(lambda: status(world))


async def test_a_paused_controller_catches_up(world):
    world.controllers.quotas.pause()
    world.create(quota({"pods": "0"}, counted=False))
    await asyncio.sleep(0.05)
    assert not status(world)
    world.controllers.quotas.resume()
    await until(lambda: status(world))


async def test_what_a_deleted_object_used_is_free_again(world):
    world.create(quota({"pods": "1", "persistentvolumeclaims": "1"}, counted=False))
    await until(lambda: status(world))
    world.create(pod("a"))
    world.create(claim("c"))
    assert status(world)["used"] == {"pods": "1", "persistentvolumeclaims": "1"}
    delete(world.store, POD, "team", "a")
    delete(world.store, PERSISTENT_VOLUME_CLAIM, "team", "c")
    await until(lambda: status(world)["used"] == {"pods": "0", "persistentvolumeclaims": "0"})
    world.create(pod("b"))


async def test_a_pod_that_has_ended_is_free_again(world):
    world.create(quota({"pods": "1", "limits.cpu": "1"}, counted=False))
    await until(lambda: status(world))
    running = world.create(pod("a", ONE_CPU))
    world.store.put(POD, {**running, "status": {"phase": "Failed"}})
    await until(lambda: status(world)["used"] == {"pods": "0", "limits.cpu": "0"})


async def test_a_charge_for_nothing_stays_until_something_is_counted_afresh(world):
    world.create(quota({"configmaps": "3"}, counted=False))
    await until(lambda: status(world))
    world.create(config_map("a"))
    world.admit(config_map("a"))  # answered AlreadyExists by the API
    await asyncio.sleep(0.05)
    assert status(world)["used"] == {"configmaps": "2"}
    delete(world.store, CONFIG_MAP, "team", "a")
    await until(lambda: status(world)["used"] == {"configmaps": "0"})


async def test_a_quota_with_scopes_counts_what_is_in_them(world):
    world.create(pod("best"))
    world.create(pod("a", ONE_CPU))
    world.create(quota({"pods": "5"}, name="best", counted=False, scopes=["BestEffort"]))
    await until(lambda: status(world, "best") == {"hard": {"pods": "5"}, "used": {"pods": "1"}})


def test_a_pod_costs_until_its_grace_is_over():
    now = datetime.now(UTC).timestamp()
    asked = pod("a")
    asked["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    due = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert is_charged(asked, due + 30)
    assert not is_charged(asked, due + 31)
    assert is_charged(pod("b"), now)
