"""What a plan needs to know of the cluster: the hub's pull secrets that a tenant names, the features there are."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import AdminMustAct
from tenantspawner.kube.kinds import SECRET
from tenantspawner.plan import Binding, Surroundings
from tenantspawner.tenancy import Envelope
from tenantspawner.tenancy.models import Tenant


@dataclass(frozen=True, slots=True)
class Configured:
    """What the hub's configuration says of the surroundings of all servers: bounds, peers, secret variables, its role."""

    envelope: Envelope
    peers: tuple[dict[str, str], ...]
    secret_env: tuple[str, ...]
    hub_cluster_role: str = ""


async def surroundings(
    cluster: Cluster,
    configured: Configured,
    tenant: Tenant,
    deadline: Deadline,
    *,
    features: frozenset[str],
    hub_binding: Binding | None,
) -> Surroundings:
    """Read what the plan of anything in a tenant needs.

    Raises
    ------
    AdminMustAct
        A pull secret that the tenant names is not in the hub's namespace.
    """
    home, names = configured.envelope.hub_namespace, tenant.pull_secrets
    found = await asyncio.gather(*(_pull_secret(cluster, home, name, deadline) for name in names))
    return Surroundings(
        configured.envelope,
        peers=configured.peers,
        features=features,
        hub_binding=hub_binding,
        pull_secrets=dict(zip(names, found, strict=True)),
        secret_env=configured.secret_env,
    )


async def _pull_secret(cluster: Cluster, namespace: str, name: str, deadline: Deadline) -> dict[str, Any]:
    secret = await cluster.get(SECRET, namespace, name, deadline)
    if secret is None:
        raise AdminMustAct(
            "The credentials for this team's images are missing, so this server cannot start. Ask the administrator of this hub.",
            f"pullSecrets: there is no Secret {namespace}/{name}",
        )
    return secret
