"""Covers many people who start for the first time at the same moment, and that no secret shows anywhere afterwards."""

import asyncio
import base64
import json

import pytest
import pytest_asyncio

from tenantspawner.kube import kinds
from tests.support.clusterside import PlaneWorld
from tests.support.hubs import (
    HUB_NAMESPACE,
    a_person,
    a_service,
    a_world,
    hub_requests,
    log_of,
    namespace_of,
    objects,
    pods,
)
from tests.support.places import PLACES
from tests.support.served import in_history, on_watches

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PEOPLE = [f"person-{number:02}" for number in range(50)]
CONFIG = """
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.log_level = "DEBUG"
c.KubeSpawner.environment = {"PLAIN": "shown", "MY_PASSWORD": "canary-of-the-administrator"}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, config=CONFIG) as world:
        yield world


@pytest.fixture(scope="module", autouse=True)
def history(world):
    """Every version of quotas and pods from the beginning."""
    return on_watches(world.plane, HUB_NAMESPACE) if isinstance(world, PlaneWorld) else in_history(world.cluster)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


async def test_fifty_people_start_at_once_and_each_has_a_server_behind_a_quota(world, rest):
    people = PEOPLE
    await asyncio.gather(*(rest.user(name) for name in people))
    answers = await asyncio.gather(*(rest.start(name, {"profile": "small"}) for name in people))
    assert {answer.status for answer in answers} <= {201, 202}
    await asyncio.gather(*(rest.ready(name, 60) for name in people))
    assert [await rest.reach(f"/user/{name}/") for name in people] == [200] * len(people)
    running = pods(world)
    assert {pod["metadata"]["namespace"] for pod in running} == {namespace_of(name) for name in people}
    assert len(running) == len(people)
    refused = [row for row in hub_requests(world) if row.verb == "create" and row.code == 403]
    assert refused == [], "a create was refused on the way"


async def test_no_pod_was_made_before_its_quota_was_in_force(history):
    versions = sorted(await history(), key=lambda one: one.number)
    for name in PEOPLE:
        mine = [one for one in versions if one.object["metadata"]["namespace"] == namespace_of(name)]
        pod_made = next(one.number for one in mine if one.kind == "Pod")
        assert next(one.number for one in mine if counts(one)) < pod_made


def counts(version):
    """Whether a quota limits what is created."""
    item = version.object
    return version.kind == "ResourceQuota" and (item.get("status") or {}).get("hard") == item["spec"]["hard"]


async def test_a_second_start_costs_the_pod_and_not_a_round_of_provisioning(world, rest):
    name = "person-03"
    await rest.stop(name)
    await rest.gone(name)
    before = len(hub_requests(world, namespace_of(name)))
    await rest.run(name, {"profile": "small"})
    asked = hub_requests(world, namespace_of(name))[before:]
    writes = [(row.verb, row.resource) for row in asked if row.verb not in {"get", "list", "watch"}]
    assert writes == [("create", "pods"), ("create", "secrets")]


async def test_no_secret_shows_in_log_answer_state_pod_or_event(world, rest):
    name = "person-01"
    (pod,) = pods(world, namespace_of(name))
    secrets = objects(world, kinds.SECRET, namespace_of(name))
    canaries = {base64.b64decode(value).decode() for secret in secrets for value in (secret.get("data") or {}).values()}
    tokens = {item["name"] for item in pod["spec"]["containers"][0]["env"] if "valueFrom" in item}
    assert {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "MY_PASSWORD"} <= tokens
    assert "canary-of-the-administrator" in canaries
    assert any(len(canary) == 32 for canary in canaries), "the API token is in the Secret"
    await rest.start("person-02", {"profile": "small", "image": "absent"})
    async with a_person(world, name) as person:
        pages = [(await person.get(path)).text for path in ("/hub/home", f"/hub/spawn/{name}/second")]
    shown = {
        "log": log_of(world),
        "manifests": json.dumps([pods(world), objects(world, kinds.EVENT), objects(world, kinds.NAMESPACE)]),
        "answers": "".join([(await rest.call("GET", f"/users/{name}?include_stopped_servers")).text, *pages]),
        "progress": json.dumps(await rest.progress(name)),
        "state": (world.hub.directory / "hub.sqlite").read_bytes().decode("latin-1"),
    }
    for canary in canaries:
        assert [place for place, text in shown.items() if canary in text] == []
