"""What tests of a whole hub on the real control plane share: its tenancy, and a look through the administrator's eyes."""

from tests.support.hubs import TENANCY

PULL_SECRET = "tenantspawner-pull-secret"
FURNISHED = TENANCY.replace(
    "    quota: {user: {cpu: 4",
    f"    roles: [tenantspawner-notebook]\n    pullSecrets: [{PULL_SECRET}]\n    serviceAccount: {{name: worker}}\n"
    "    quota: {user: {cpu: 4",
)
BARE = TENANCY.replace("user: {cpu: 4", "user: {cpu: 5")
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
