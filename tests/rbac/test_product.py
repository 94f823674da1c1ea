"""Covers the product's own code under exactly a mode's rights: a whole start and stop by `lifecycle` in mode 3, with the policies in
force; and in every mode the hub, when it asks at its start, misses nothing.

There is no node here: when the pod is made, the test says in its stead that it runs.
"""

import asyncio
import json

import pytest

from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.lifecycle import Journal, Manner, Sight, Turns, spawn, stop
from tenantspawner.lifecycle.examine import missing
from tenantspawner.lifecycle.rights import Mode, Posture, needed
from tests.rbac.plans import PULL_SECRET, the_plan
from tests.rbac.world import MERGE

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

RUNNING = {
    "phase": "Running",
    "podIP": "10.1.2.3",
    "podIPs": [{"ip": "10.1.2.3"}],
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [
        {
            "name": "notebook",
            "ready": True,
            "restartCount": 0,
            "image": "i",
            "imageID": "i",
            "state": {"running": {"startedAt": "2026-11-24T00:00:00Z"}},
        }
    ],
}


async def test_a_start_and_a_stop_need_no_more(plane, hub):
    plan = the_plan(hub, "product", profile="small", team=False)
    path = f"/api/v1/namespaces/{plan.namespace}/pods/{plan.pod_name}"
    mark = await asyncio.to_thread(plane.audit_mark)
    cluster = await connect(Connection(kubeconfig=str(plane.kubeconfig(hub.user))))
    sight = Sight(cluster)

    async def view(deadline):
        return await sight.pods(plan.namespace, "component=singleuser-server", deadline)

    async def run_it(made):
        await asyncio.to_thread(hub.ok, "PATCH", f"{path}/status", {"status": RUNNING}, MERGE, user="admin")

    try:
        deadline = Deadline.after(60)
        started = await spawn(cluster, view, plan, deadline, Journal(), manner=Manner(), turns=Turns(), on_made=run_it)
        assert started.address == "10.1.2.3"
        pods = (await view(deadline)).store
        place = (plan.namespace, plan.pod_name)
        stopping = stop(cluster, pods, *place, ours=lambda _: True, deadline=Deadline.after(60), now=True)
        assert await stopping
    finally:
        await sight.close()
        await cluster.close()
    rows = await asyncio.to_thread(lambda: plane.audit(user=hub.user, since=mark))
    settled = {(row.verb, row.resource, row.name) for row in rows if row.code < 300}
    refused = [str(row) for row in rows if row.code == 403 and (row.verb, row.resource, row.name) not in settled]
    assert refused == []


MAKES = ("tenantspawner-hub-namespace", "tenantspawner-notebook")
POSTURES = (
    Posture(Mode.HUB, "lab1", spaces=("lab1",), pull_secrets=(PULL_SECRET,)),
    Posture(Mode.TENANT, "lab2", spaces=("spare",), pull_secrets=(PULL_SECRET,), binds=("tenantspawner-notebook",)),
    Posture(Mode.USER, "jupyterhub", pull_secrets=(PULL_SECRET,), binds=MAKES, binds_itself=True),
)


@pytest.mark.parametrize("posture", POSTURES, ids=lambda posture: posture.mode.value)
async def test_the_hub_misses_no_right_of_its_mode(plane, hub, printed, posture):
    spare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "spare"}}
    await asyncio.to_thread(plane.kubectl, "apply", "-f", "-", stdin=json.dumps(spare))
    at = ("--tenant-namespace", "spare") if posture.mode is Mode.TENANT else ()
    rights = await asyncio.to_thread(printed, "--mode", posture.mode, "--namespace", posture.home, *at)
    await asyncio.to_thread(plane.kubectl, "apply", "-f", "-", stdin=rights)
    cluster = await connect(Connection(kubeconfig=str(plane.kubeconfig(f"system:serviceaccount:{posture.home}:hub"))))
    try:
        deadline = Deadline.after(20)
        while (lacking := await missing(cluster, needed(posture), deadline)) and not deadline.passed:
            await asyncio.sleep(0.2)  # what was just bound is known a moment later
    finally:
        await cluster.close()
    assert [str(right) for right in lacking] == []
