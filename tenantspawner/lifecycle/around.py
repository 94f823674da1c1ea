"""What a plan needs to know of the cluster: the hub's pull secrets that a tenant names, the features there are."""

import asyncio
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import AdminMustAct
from tenantspawner.kube.kinds import SECRET
from tenantspawner.plan import Surroundings
from tenantspawner.policy import Choice
from tenantspawner.tenancy import Envelope


async def surroundings(
    cluster: Cluster, envelope: Envelope, choice: Choice, features: frozenset[str], deadline: Deadline
) -> Surroundings:
    """Read what the plan of a choice needs.

    Raises
    ------
    AdminMustAct
        A pull secret that the tenant names is not in the hub's namespace.
    """
    names = choice.entitlement.tenant.pull_secrets
    found = await asyncio.gather(*(_pull_secret(cluster, envelope.hub_namespace, name, deadline) for name in names))
    return Surroundings(envelope, features=features, pull_secrets=dict(zip(names, found, strict=True)))


async def _pull_secret(cluster: Cluster, namespace: str, name: str, deadline: Deadline) -> dict[str, Any]:
    secret = await cluster.get(SECRET, namespace, name, deadline)
    if secret is None:
        raise AdminMustAct(
            "The credentials for this team's images are missing, so this server cannot start. Ask the administrator of this hub.",
            f"pullSecrets: there is no Secret {namespace}/{name}",
        )
    return secret
