"""Making a namespace what the plan says, before any pod.

Order is what matters: the namespace by POST (an existing one must be ours and this owner's), then quota, limits and network
policies at once, then the quota gate, then account, rights and secrets at once. Children are applied on the server under our
field manager, so that only fields of ours are ever written. The digest is recorded last: a crash half way leaves none, and
the next spawn does everything again, which changes nothing that is already so.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from enum import StrEnum
from typing import Any

from tenantspawner.cluster import Cluster, Deadline, Meaning, meaning
from tenantspawner.errors import ApiError, NotOurs
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE, RESOURCE_QUOTA
from tenantspawner.lifecycle.gate import in_force, quota_in_force
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.ownership import check_owner
from tenantspawner.lifecycle.servers.quotas import write_quota
from tenantspawner.plan import Inventory, Manifest, Provisions

log = logging.getLogger(__name__)

TERMINATING_PATIENCE = 60.0  # seconds
PASSING = (Meaning.NO_RIGHT, Meaning.NO_SERVICE_ACCOUNT, Meaning.QUOTA_UNKNOWN)


class Outcome(StrEnum):
    """What provisioning came to."""

    UNCHANGED = "unchanged"
    MADE = "made"
    UPDATED = "updated"


async def provision(cluster: Cluster, wanted: Provisions, deadline: Deadline, journal: Journal) -> Outcome:
    """Make a namespace what it must be before any pod.

    When this returns, the quota is enforced by the API server. When it raises, no pod exists, and nothing that is not ours
    was touched.
    """
    existing = await claim_namespace(cluster, wanted.space, deadline, journal)
    if existing is not None and await _as_recorded(cluster, existing, wanted, deadline):
        journal.say("Your namespace is ready.", 30)
        return Outcome.UNCHANGED
    if existing is not None:
        await _relabel(cluster, existing, wanted.space, deadline)
    if wanted.rights is not None:
        await ensure(cluster, wanted.rights, deadline)
    journal.say("Setting quota, limits and network rules.", 15)
    await _walls(cluster, wanted, deadline, fresh=existing is None)
    journal.say("Waiting until the quota is in force.", 20)
    await quota_in_force(cluster, wanted.quota, deadline, wanted.leased)
    await all_of(*(ensure(cluster, obj, deadline) for obj in wanted.furnishings))
    await _record(cluster, wanted, existing, deadline)
    journal.say("Your namespace is ready.", 30)
    return Outcome.UPDATED if existing is not None else Outcome.MADE


async def claim_namespace(
    cluster: Cluster, space: Manifest, deadline: Deadline, journal: Journal
) -> Mapping[str, Any] | None:
    """Make sure the namespace exists and is ours; returns it as it was before, None when it was made just now.

    Raises
    ------
    NotOurs
        Somebody else's namespace has that name, or a terminating one does not go away.
    """
    name = space["metadata"]["name"]
    patience = deadline.shorter(TERMINATING_PATIENCE)
    while True:
        existing = await cluster.get(NAMESPACE, None, name, deadline)
        if existing is None:
            journal.say("Making your namespace.", 10)
            try:
                await cluster.create(space, deadline)
            except ApiError as error:
                if meaning(error.answer) not in {Meaning.ALREADY_EXISTS, Meaning.TERMINATING}:
                    raise
                await asyncio.sleep(0.2)  # another start of the same tenant was first, or it is going: look again
                continue
            return None
        check_owner(existing, space)
        if not existing["metadata"].get("deletionTimestamp"):
            return existing
        journal.say("Waiting until the earlier namespace is gone.", 5)
        await _outwait(existing, patience)


async def ensure(cluster: Cluster, obj: Manifest, deadline: Deadline) -> None:
    """Apply one object; where somebody else has changed a field of ours, take back that field and say so."""
    try:
        await cluster.apply(obj, deadline, expected=PASSING)
    except ApiError as error:
        if meaning(error.answer) is not Meaning.FIELD_CONFLICT:
            raise
        who = "; ".join(cause.message for cause in error.answer.causes)
        metadata = obj["metadata"]
        log.warning(
            "Taking back fields of %s %s/%s: %s", obj["kind"], metadata.get("namespace", ""), metadata["name"], who
        )
        await cluster.apply(obj, deadline, force=True)


async def _walls(cluster: Cluster, wanted: Provisions, deadline: Deadline, *, fresh: bool) -> None:
    """Write the quota, and apply limits and network policies, at once."""
    quota = write_quota(cluster, wanted.quota, deadline, leased=wanted.leased, fresh=fresh)
    await all_of(quota, *(ensure(cluster, obj, deadline) for obj in wanted.fences))


async def all_of(*works: Coroutine[Any, Any, object]) -> None:
    """Do at once what does not depend on each other; the first failure is raised, the others are ended."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _as_recorded(cluster: Cluster, existing: Mapping[str, Any], wanted: Provisions, deadline: Deadline) -> bool:
    """Whether nothing needs to be written: the digest is recorded, and the quota still stands and is in force."""
    recorded = (existing["metadata"].get("annotations") or {}).get(labels.PLAN_DIGEST)
    if recorded != wanted.digest:
        return False
    name = wanted.quota["metadata"]["name"]
    seen = await cluster.get(RESOURCE_QUOTA, wanted.namespace, name, deadline)
    return in_force(seen, wanted.quota["spec"]["hard"], wanted.leased)


async def _relabel(cluster: Cluster, existing: Mapping[str, Any], space: Manifest, deadline: Deadline) -> None:
    """Bring labels and annotations in line, by merge patch: an apply would conflict with our own POST."""
    there, wanted = existing["metadata"], space["metadata"]
    changes = {
        key: {name: value for name, value in wanted[key].items() if (there.get(key) or {}).get(name) != value}
        for key in ("labels", "annotations")
    }
    if any(changes.values()):
        await cluster.patch(NAMESPACE, None, there["name"], {"metadata": changes}, deadline)


async def _record(cluster: Cluster, wanted: Provisions, existing: Mapping[str, Any] | None, deadline: Deadline) -> None:
    """Say what has been provisioned. What an edit has dropped stays in the inventory until it has been taken away."""
    things = Inventory.of(wanted) | (Inventory.noted(existing) if existing else Inventory())
    recorded = {labels.PLAN_DIGEST: wanted.digest, labels.INVENTORY: str(things)}
    await cluster.patch(NAMESPACE, None, wanted.namespace, {"metadata": {"annotations": recorded}}, deadline)


async def _outwait(existing: Mapping[str, Any], patience: Deadline) -> None:
    if patience.remaining() > 1:
        await asyncio.sleep(0.5)
        return
    name = existing["metadata"]["name"]
    stuck = [
        item.get("message", "")
        for item in (existing.get("status") or {}).get("conditions") or []
        if item.get("status") == "True"
    ]
    raise NotOurs(
        f"The namespace {name} is being deleted and does not go away, so this server cannot start. Ask the administrator of this hub.",
        f"Namespace {name} is terminating for more than {TERMINATING_PATIENCE:.0f} s. {' '.join(stuck)[:500]}",
    )
