"""Covers the product's own code under exactly the rights of mode 3, with the policies in force: a whole start and stop by `lifecycle`.

There is no node here: when the pod is made, the test says in its stead that it runs.
"""

import asyncio

import pytest

from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.lifecycle import Journal, Manner, Sight, Turns, spawn, stop
from tests.rbac.plans import the_plan
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
    plan = the_plan(hub, "product", profile="small")
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
