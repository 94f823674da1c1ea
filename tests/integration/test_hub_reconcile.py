"""Covers edits that reach existing namespaces through a real hub, while a server runs: quota, groups, a renamed tenant, kubectl.

The person's groups come from the hub's own database, so that what is shown here is also that they are read from there.
"""

import pytest

from tenantspawner.kube import kinds
from tests.support.hubs import (
    HUB_NAMESPACE,
    TENANCY,
    a_service,
    a_world,
    change,
    edit_tenancy,
    eventually,
    log_of,
    namespace_of,
    objects,
    pods,
)
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

GROUPED = TENANCY.replace(
    'members: [{users: ["*"]}]', "members: [{groups: [physics]}, {groups: [leads], quota: {cpu: 32}}]"
)
CONFIG = """
c.TenantSpawner.reconcile_interval = 2
c.JupyterHub.load_groups = {"physics": {"users": ["ada"]}, "leads": {"users": []}}
c.JupyterHub.load_roles[0]["scopes"] += ["admin:groups"]
"""
ADA = namespace_of("ada")


def cpu(world):
    (found,) = [one for one in objects(world, kinds.RESOURCE_QUOTA, ADA) if one["metadata"]["name"] == "tenantspawner"]
    return found["spec"]["hard"].get("limits.cpu")


def told(world):
    events = objects(world, kinds.EVENT, HUB_NAMESPACE)
    return [event["message"] for event in events if event["reason"] == "NamespacesSetToZero"]


@pytest.mark.parametrize("version", PLACES)
async def test_a_running_servers_namespace_follows_quota_group_tenant_and_kubectl(version):
    async with a_world(version, tenancy=GROUPED, config=CONFIG) as world, a_service(world) as rest:
        await rest.run("ada")
        pod = pods(world, ADA)[0]["metadata"]["uid"]
        assert cpu(world) == "4"

        await edit_tenancy(world, GROUPED.replace("cpu: 4,", "cpu: 5,"))
        await eventually(lambda: cpu(world) == "5", why="the quota was edited")

        assert (await rest.call("POST", "/groups/leads/users", json={"users": ["ada"]})).status == 200
        await eventually(lambda: cpu(world) == "32", why="ada is in another group too")

        spec = {"hard": {"limits.cpu": "999"}}
        change(world, kinds.RESOURCE_QUOTA, ADA, "tenantspawner", spec=spec)
        await eventually(lambda: cpu(world) == "32", why="somebody has raised the quota by kubectl")

        await edit_tenancy(world, GROUPED.replace("  physics:\n    displayName", "  astronomy:\n    displayName"))
        await eventually(lambda: cpu(world) == "0", why="there is no such tenant any more")
        await eventually(lambda: any(f"{ADA} (there is no tenant physics)" in said for said in told(world)))
        assert (await rest.server("ada"))["ready"]

        await edit_tenancy(world, GROUPED)
        await eventually(lambda: cpu(world) == "32", why="the tenant is back")
        assert [item["metadata"]["uid"] for item in pods(world, ADA)] == [pod]
        assert "Traceback" not in log_of(world)
