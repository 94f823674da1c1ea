"""Starting a pod and waiting until it is ready.

A create is made once. When the name is taken, what is there decides: this very spawn's pod is adopted, a finished one of
the same server is deleted by uid, one that runs under an older spawn is stopped gracefully, anything else is refused. The
Secret with the token comes right after the pod, owned by it. A pod that never becomes ready is deleted; none is orphaned.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tenantspawner.cluster import PASSING, Cluster, Deadline, Meaning, Store, meaning
from tenantspawner.errors import ApiError, NotOurs, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.ownership import same_server, spawned_by
from tenantspawner.lifecycle.servers.others import refused
from tenantspawner.observe import exceeded_keys
from tenantspawner.plan import Plan, owned

log = logging.getLogger(__name__)

RELEASE_PATIENCE = 10.0  # seconds until admission has noticed that a previous pod is gone, or our grant there


@dataclass(frozen=True, slots=True)
class Made:
    """The pod that was created: its uid, and the spawn it is of."""

    name: str
    namespace: str
    uid: str


async def ensure_claim(cluster: Cluster, plan: Plan, deadline: Deadline) -> None:
    """Make the home volume's claim if there is none; an existing one is never changed.

    It is looked for first: a create answered AlreadyExists would be charged to the quota all the same.
    """
    claim = plan.claim
    if claim is None:
        return
    namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
    if await cluster.get(PERSISTENT_VOLUME_CLAIM, namespace, name, deadline) is not None:
        return
    try:
        await cluster.create(claim, deadline, mine=lambda _: True, expected=PASSING)
    except ApiError as error:
        raise await refused(cluster, plan, error, deadline) from error


async def create_pod(
    cluster: Cluster,
    pods: Store[Pod],
    plan: Plan,
    deadline: Deadline,
    journal: Journal,
    *,
    counted: Collection[str] = (),
) -> Made:
    """Create the pod of a plan, and its token.

    Of the keys in `counted` the namespace has enough by its pods, whatever admission says in the first seconds.

    Raises
    ------
    Denied, OverOwnQuota
        The API server refuses it for good; the sentence has the numbers.
    NotOurs
        Another pod has the name.
    """
    freed = await _clear(cluster, pods, plan, deadline, journal)
    journal.say("Starting the server's pod.", 40)
    pod = await _create(cluster, pods, plan, deadline, journal, freed=freed, counted=counted)
    made = Made(plan.pod_name, plan.namespace, pod["metadata"]["uid"])
    dependents = [obj for obj in (plan.token, plan.certificates, plan.service) if obj]
    try:
        for obj in dependents:
            await cluster.create(owned(obj, made.name, made.uid), deadline, mine=lambda _: True, expected=PASSING)
    except TenantSpawnerError:
        await remove(cluster, made, deadline)
        raise
    return made


async def remove(cluster: Cluster, made: Made, deadline: Deadline, grace_seconds: int | None = None) -> None:
    """Delete that very pod; when it cannot be done now, the sweeper will."""
    try:
        await cluster.delete(
            POD, made.namespace, made.name, uid=made.uid, deadline=deadline, grace_seconds=grace_seconds
        )
    except TenantSpawnerError as trouble:
        log.warning("Pod %s/%s could not be deleted: %s", made.namespace, made.name, trouble.detail)


async def _create(
    cluster: Cluster,
    pods: Store[Pod],
    plan: Plan,
    deadline: Deadline,
    journal: Journal,
    *,
    freed: bool,
    counted: Collection[str],
) -> dict[str, Any]:
    spawn_id = plan.pod["metadata"]["annotations"][labels.SPAWN]
    release = deadline.shorter(RELEASE_PATIENCE)
    while True:
        try:
            return await cluster.create(
                plan.pod, deadline, mine=lambda pod: spawned_by(pod, spawn_id), expected=PASSING
            )
        except ApiError as error:
            means = meaning(error.answer)
            if means is Meaning.ALREADY_EXISTS:
                freed = await _clear(cluster, pods, plan, deadline, journal, look=True) or freed
            elif means is Meaning.OVER_QUOTA and (freed or _granted(error, plan, counted)) and release.remaining() > 1:
                await asyncio.sleep(0.3)  # a pod is gone, or a grant there, and admission has not noticed yet
            else:
                raise await refused(cluster, plan, error, deadline) from error


async def _clear(
    cluster: Cluster, pods: Store[Pod], plan: Plan, deadline: Deadline, journal: Journal, *, look: bool = False
) -> bool:
    """Get an earlier pod of this server out of the way; True when there was one.

    Without `look` only what the watch has seen is asked for: a first start costs no request here.
    """
    if not look and pods.complete and pods.get(plan.namespace, plan.pod_name) is None:
        return False
    there = await cluster.get(POD, plan.namespace, plan.pod_name, deadline)
    if there is None:
        return False
    if not same_server(there, plan.pod):
        raise NotOurs(
            f"A pod named {plan.pod_name} runs in {plan.namespace} and is not this server's, so this one cannot start. "
            "Ask the administrator of this hub."
        )
    journal.say("Stopping the earlier server first.", 35)
    await _stop_and_wait(cluster, there, deadline)
    return True


async def _stop_and_wait(cluster: Cluster, pod: Mapping[str, Any], deadline: Deadline) -> None:
    """Delete a pod by uid, gracefully unless it has ended, and wait until it is gone."""
    metadata = pod["metadata"]
    ended = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
    namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
    await cluster.delete(POD, namespace, name, uid=uid, deadline=deadline, grace_seconds=0 if ended else None)
    pause = 0.05
    while True:
        there = await cluster.get(POD, namespace, name, deadline)
        if there is None or there["metadata"]["uid"] != uid:
            return
        deadline.check("wait until the earlier server is gone")
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


def _granted(error: ApiError, plan: Plan, counted: Collection[str]) -> bool:
    """Whether only keys are exceeded that this spawn has a grant for, or was counted to have: admission's view is older."""
    exceeded = exceeded_keys(error.answer)
    return plan.provisions is not None and bool(exceeded) and exceeded <= plan.provisions.leased.union(counted)
