"""What tests of a whole hub on the real control plane share: its tenancy, and a look through the administrator's eyes."""

from tests.support.hubs import TENANCY, eventually

PULL_SECRET = "tenantspawner-pull-secret"
QUOTA = "    quota: {user: {cpu: 4, memory: 8Gi}}\n"
assert QUOTA in TENANCY
_LEASED = "    quota: {user: {cpu: CPU, memory: 8Gi, gpu: 4}, team: {gpu: 4}}\n"
FURNISHED = TENANCY.replace(
    QUOTA,
    f"    roles: [tenantspawner-notebook]\n    pullSecrets: [{PULL_SECRET}]\n    serviceAccount: {{name: worker}}\n"
    + _LEASED.replace("CPU", "4"),
)
BARE = TENANCY.replace(QUOTA, _LEASED.replace("CPU", "5"))
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": PULL_SECRET, "namespace": "jupyterhub"},
    "type": "kubernetes.io/dockerconfigjson",
    "data": {".dockerconfigjson": "e30="},
}
CONFIG = """
c.TenantSpawner.hub_cluster_role = "tenantspawner-hub-namespace"
c.TenantSpawner.failure_grace = 1
"""


async def break_tenancy(world, text):
    """Put a broken document there, and wait until the hub tells of it where its admin looks."""
    told = len(await world.admin.complaints())
    await world.admin.edit_tenancy(text)

    async def complained():
        return len(await world.admin.complaints()) > told

    await eventually(complained, 30, "a broken tenancy is not told where its admin looks")


async def fail_and_leave(rest):
    """Bob's image cannot be pulled; ada stops her server, and leaves the hub for good."""
    await rest.user("bob")
    answer = await rest.start("bob", {"profile": "small", "image": "absent"})
    await rest.gone("bob", 60)
    assert answer.status < 300 or "light-absent" in answer.message
    await rest.stop("ada")
    await rest.gone("ada", 60)
    assert (await rest.call("DELETE", "/users/ada")).status == 204
