"""Covers JupyterHub with our spawner on the real control plane, with exactly the rights of mode 3 and under our policies.

Fifty servers survive an API server that is killed; and each right that was granted is used, none that was not is asked for.
"""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import pytest_asyncio
import yaml

from tenantspawner.kube import kinds
from tenantspawner.localcluster.demo.command import rights as mode_3
from tests.integration.real.wholehubs import BARE, CONFIG, FURNISHED, PULL_SECRET, SECRET, break_tenancy, fail_and_leave
from tests.support.hubs import HUB_USER, LIGHT, a_service, a_world, eventually, log_of, namespace_of
from tests.support.rights import granted, settle, used

pytestmark = [
    pytest.mark.realcluster,
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    pytest.mark.asyncio(loop_scope="module"),
]

PEOPLE = [f"person-{number:02}" for number in range(50)]
NOT_THE_HUBS = {"tenantspawner-notebook", "tenantspawner-break-glass"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def manifests():
    return await mode_3()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(plane, manifests):
    node = replace(LIGHT, storage=True)
    made = [*manifests, SECRET]
    options = {"config": CONFIG, "manifests": made, "node": node, "kubeconfig": plane.kubeconfig()}
    async with a_world(tenancy=FURNISHED, **options) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as service:
        yield service


def servers(look):
    """The uid of each server's pod by its namespace."""
    found = look("/api/v1/pods?labelSelector=tenantspawner.io/hub%3Djupyterhub")
    return {pod["metadata"]["namespace"]: pod["metadata"]["uid"] for pod in found}


async def ready(rest):
    """Whose servers the hub calls ready."""
    answer = await rest.call("GET", "/users?limit=200")
    return {user["name"] for user in answer.json if user.get("servers", {}).get("", {}).get("ready")}


async def test_every_right_is_used_and_nothing_more_is_asked_for(plane, world, rest, look, manifests):
    home = namespace_of("ada")
    await rest.run("ada", {"profile": "gpu"})
    assert left(look, home) == DROPPED

    await world.admin.edit_tenancy(BARE)  # another quota; without role and pull secret
    await eventually(lambda: not left(look, home), 60, "what no document says any more is still there")
    await eventually(lambda: cpu_of(look, home) == "5", 30, "the quota is the old one")
    await break_tenancy(world, BARE.replace("profiles:", "profile:", 1))
    await world.admin.edit_tenancy(BARE)

    await fail_and_leave(rest)
    await eventually(lambda: look(f"/api/v1/namespaces/{home}/persistentvolumeclaims") == [], 30, "the volume stays")
    await eventually(lambda: "rights of mode user are there" in log_of(world), 30)

    rows = await asyncio.to_thread(plane.audit, user=HUB_USER)
    rights = granted(each for each in manifests if each["metadata"]["name"] not in NOT_THE_HUBS)
    account = settle(rights, waited_through(rows))
    print(f"{len(rights)} rights, {len(rights - used(rows))} of them not used, {len(rows)} requests")
    assert not account.unused, str(account)
    assert not account.refused, str(account)


DROPPED = {"notebook-tenantspawner-notebook", PULL_SECRET}


def left(look, namespace):
    """What an edit will drop, and is there."""
    paths = (kinds.ROLE_BINDING.path(namespace), kinds.SECRET.path(namespace))
    return {item["metadata"]["name"] for path in paths for item in look(path)} & DROPPED


def cpu_of(look, namespace):
    (quota,) = look(kinds.RESOURCE_QUOTA.path(namespace))
    return quota["spec"]["hard"]["limits.cpu"]


def waited_through(rows):
    """Leave out refusals that ended by themselves: a binding, or a quota, takes a moment to be known everywhere."""
    came = {(row.verb, row.resource, row.namespace) for row in rows if row.code < 300}
    return [row for row in rows if row.code != 403 or (row.verb, row.resource, row.namespace) not in came]


async def test_a_killed_api_server_costs_none_of_fifty_servers(plane, world, rest, look, components):
    await asyncio.gather(*(rest.user(name) for name in PEOPLE))
    answers = await asyncio.gather(*(rest.start(name, {"profile": "small"}) for name in PEOPLE))
    assert {answer.status for answer in answers} <= {201, 202}, next(each.text for each in answers if each.status > 202)
    await asyncio.gather(*(rest.ready(name, 120) for name in PEOPLE))
    before, mark = servers(look), plane.audit_mark()
    assert len(before) == len(PEOPLE)

    await asyncio.to_thread(plane.kill_apiserver)
    for _ in range(8):  # each server is polled every second
        assert await ready(rest) == set(PEOPLE)
        await asyncio.sleep(1)
    await asyncio.to_thread(plane.start_apiserver)
    back = time.monotonic()

    def seen_again():
        rows = plane.audit(user=HUB_USER, since=mark)
        return {row.namespace for row in rows if (row.verb, row.resource, row.code) == ("watch", "pods", 200)}

    await eventually(lambda: seen_again() >= before.keys(), 30, "not every server is watched again")
    print(f"all {len(before)} watched again {time.monotonic() - back:.1f} s after the API server")
    gone = namespace_of(PEOPLE[0])
    plane.request("DELETE", f"/api/v1/namespaces/{gone}/pods/jupyter-{PEOPLE[0]}?gracePeriodSeconds=0")

    async def noticed():
        return await ready(rest) == set(PEOPLE[1:])

    await eventually(noticed, 30 - (time.monotonic() - back), "a poll does not see what has happened")
    assert servers(look) == {name: uid for name, uid in before.items() if name != gone}
    rows = [
        row for row in plane.audit(user=HUB_USER, since=mark) if row.verb in {"delete", "create", "patch", "update"}
    ]
    assert [str(row) for row in rows if row.resource not in {"selfsubjectaccessreviews", "selfsubjectreviews"}] == []
    assert "Traceback" not in log_of(world)


async def test_with_the_cluster_wide_read_role_drift_is_put_back_at_once_and_the_role_is_used(plane, look):
    read = await asyncio.to_thread(printed, "--mode", "user", "--namespace", "jupyterhub", "--cluster-read")
    node = replace(LIGHT, storage=True)
    mark = plane.audit_mark()
    options = {"config": CONFIG, "manifests": [*read, SECRET], "node": node, "kubeconfig": plane.kubeconfig()}
    async with a_world(tenancy=FURNISHED, **options) as world, a_service(world) as rest:
        await rest.run("grace", {"profile": "gpu"})
        home = namespace_of("grace")
        for kind, change in DRIFT:
            for item in look(kind.path(home)):
                if "tenantspawner.io/hub" in (item["metadata"].get("labels") or {}):
                    path = kind.path(home, item["metadata"]["name"])
                    reply = plane.request("PATCH", path, change, content="application/merge-patch+json")
                    assert reply.status == 200, reply
        await eventually(lambda: log_of(world).count("put back") >= len(DRIFT), 40, "not all drift is put back")
        await rest.stop("grace")
        await rest.gone("grace", 60)
    rows = await asyncio.to_thread(plane.audit, user=HUB_USER, since=mark)
    wide = granted(each for each in read if each["metadata"]["name"] == "tenantspawner-hub-read")
    account = settle(wide, waited_through(rows))
    assert not account.unused, str(account)
    assert not account.refused, str(account)


DRIFT = (
    (kinds.LIMIT_RANGE, {"spec": {"limits": []}}),
    (kinds.NETWORK_POLICY, {"spec": {"policyTypes": ["Ingress"]}}),
    (kinds.SERVICE_ACCOUNT, {"automountServiceAccountToken": True}),
    (kinds.ROLE_BINDING, {"subjects": []}),
)


def printed(*arguments):
    command = [sys.executable, "-m", "tenantspawner", "rbac", *arguments]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [each for each in yaml.safe_load_all(out) if each]
