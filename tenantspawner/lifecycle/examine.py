"""A look at what the hub may do and what the cluster can, at its start: what is missing is named, and the hub runs on.

Rights are asked for by SelfSubjectAccessReview, a few at once. Each that is missing is one line in the log, with what does
not work without it; then one line with the command that mends it. A cluster that does not let us in is told the same way,
once for each reason, and asked again until it does. Never raises, never holds anything up.
"""

import asyncio
import logging
from collections.abc import Callable

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube.advice import advice
from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.kube.versions import does_without
from tenantspawner.lifecycle.around import Configured
from tenantspawner.lifecycle.rights import Mode, Posture, Right, mending, needed, posture_of
from tenantspawner.tenancy import Tenancy

log = logging.getLogger(__name__)

AT_ONCE = 8
AGAIN = 15.0  # seconds until a cluster that does not let us in is asked again
WITHIN = 60.0  # seconds for all questions


async def examine(cluster: Cluster, tenancy: Callable[[], Tenancy | None], configured: Configured) -> tuple[Right, ...]:
    """Look until it was possible to; tell what is missing, and return it."""
    told = ""
    while True:
        try:
            return await _look(cluster, posture_of(tenancy(), configured), configured)
        except TenantSpawnerError as trouble:
            if (said := advice(trouble)) != told:
                log.error("%s The hub runs on and goes on trying; until then nobody can start a server.", said)
            told = said
        await asyncio.sleep(AGAIN)


async def missing(cluster: Cluster, rights: tuple[Right, ...], deadline: Deadline) -> tuple[Right, ...]:
    """Ask for each of these rights, a few at once, and return those we do not have."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def lacks(right: Right) -> bool:
        async with turn:
            return not await cluster.allowed(
                right.verb, right.kind, right.namespace, right.name, right.subresource, deadline=deadline
            )

    answers = await asyncio.gather(*(lacks(right) for right in rights))
    return tuple(right for right, lacking in zip(rights, answers, strict=True) if lacking)


async def _look(cluster: Cluster, posture: Posture, configured: Configured) -> tuple[Right, ...]:
    deadline = Deadline.after(WITHIN)
    user = await cluster.whoami(deadline)
    lacking = await missing(cluster, needed(posture), deadline)
    for right in lacking:
        log.warning("%s has no right to %s. Without it %s.", user, right, right.without)
    if lacking:
        log.warning("%d rights are missing for mode %s. To grant them: %s", len(lacking), posture.mode, mending(posture, configured, user))  # fmt: skip
        _tell_role(posture, configured)
    else:
        log.info("All rights of mode %s are there", posture.mode)
    await _tell_namespaces(cluster, posture, deadline)
    await _tell_version(cluster, deadline)
    return lacking


def _tell_role(posture: Posture, configured: Configured) -> None:
    """Those rights are of use only when the hub binds itself: the commonest half of a set-up to be forgotten."""
    if posture.mode is Mode.USER and not configured.hub_cluster_role:
        log.warning(
            "Set c.TenantSpawner.hub_cluster_role = 'tenantspawner-hub-namespace' as well, so that the hub gives itself rights "
            "in the namespaces it makes"
        )


async def _tell_namespaces(cluster: Cluster, posture: Posture, deadline: Deadline) -> None:
    """Say which namespaces are not there that somebody else has to make, as far as we may look."""
    for name in dict.fromkeys((posture.home, *(space for space in posture.spaces if space))):
        may_look = await cluster.allowed("get", NAMESPACE, name, name, deadline=deadline)
        if may_look and await cluster.get(NAMESPACE, None, name, deadline) is None:
            log.error(
                "There is no namespace %s. Make it (kubectl create namespace %s), or correct the name.", name, name
            )


async def _tell_version(cluster: Cluster, deadline: Deadline) -> None:
    version = await cluster.version(deadline)
    for clause in does_without(version):
        log.warning("Kubernetes %s: %s.", version, clause)
