"""Bringing one namespace in line: an edit is carried to it, what somebody else has changed is put back, or it is closed.

Pods are never touched. Children are compared with what the watches show, and only those that differ are written. The
digest is recorded last, so that a crash half way is found and done again. Before anything is called drift, the object is read
afresh: a watch may lag behind our own writes. What the API server makes of a manifest in ways nobody foresaw is remembered,
so that it is not put back again and again.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE, RESOURCE_QUOTA, kind_of
from tenantspawner.lifecycle.ownership import check_owner
from tenantspawner.lifecycle.servers.provision import all_of, ensure
from tenantspawner.lifecycle.servers.quotas import close_quota, write_quota
from tenantspawner.lifecycle.turns import Turn
from tenantspawner.lifecycle.upkeep.takeaway import take_away
from tenantspawner.lifecycle.upkeep.views import Views
from tenantspawner.plan import (
    CLOSED,
    Inventory,
    Manifest,
    Provisions,
    differences,
    namespace_change,
    other_hands,
)

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
QUOTA = "tenantspawner"  # the name of our quota
COUNTED_AT_ONCE = 4  # the controller may do 20 a second by default; more than this many gain nothing


class Came(Enum):
    """What upkeep of one namespace came to."""

    IN_LINE = auto()
    CHANGED = auto()
    REPAIRED = auto()
    CLOSED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Hands:
    """What upkeep works with.

    `counting` bounds the quotas that the cluster's quota controller is asked to count anew: a first start waits behind
    them. `accepted` is what the API server has made of manifests, by their place.
    """

    cluster: Cluster
    views: Views
    counting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(COUNTED_AT_ONCE))
    accepted: dict[tuple[str, str, str], tuple[Manifest, Manifest]] = field(default_factory=dict)

    def expected(self, obj: Manifest) -> Manifest:
        """How an object should look when it is read."""
        wanted, answered = self.accepted.get(_place(obj), (None, obj))
        return answered if wanted == obj else obj


async def keep(hands: Hands, turn: Turn, wanted: Provisions, noted: Json, deadline: Deadline, *, verify: bool) -> Came:
    """Make a namespace what it should be. `noted` is the namespace as last seen.

    Parameters
    ----------
    verify
        Look also at what no watch shows.
    """
    if _noted_digest(noted) != wanted.digest or (verify and _left_over(noted, wanted)):
        return await _carry(hands, turn, wanted, deadline)
    return await _repair(hands, turn, wanted, noted, deadline, verify=verify)


async def close(hands: Hands, turn: Turn, noted: Json, deadline: Deadline) -> Came:
    """Set everything that a namespace's quota counts to 0; what is in it stays and runs on."""
    name = noted["metadata"]["name"]
    if _noted_digest(noted) == CLOSED and _is_closed(hands, name):
        return Came.IN_LINE
    await turn.rest()
    there = await hands.cluster.get(NAMESPACE, None, name, deadline)
    if there is None or _going(there) or _hub(there) != _hub(noted):
        return Came.GONE
    await turn.rest()
    written = await close_quota(hands.cluster, there, QUOTA, deadline)
    if _noted_digest(there) == CLOSED:
        return Came.CLOSED if written else Came.IN_LINE
    body = {"metadata": {"annotations": {labels.PLAN_DIGEST: CLOSED}}}
    await hands.cluster.patch(NAMESPACE, None, name, body, deadline)
    return Came.CLOSED


async def _carry(hands: Hands, turn: Turn, wanted: Provisions, deadline: Deadline) -> Came:
    """Carry an edit: write what differs, take away what was dropped, record what has been provisioned."""
    cluster = hands.cluster
    await turn.rest()
    there = await _now(hands, wanted.namespace, deadline)
    if there is None or _going(there):
        return Came.GONE
    check_owner(there, wanted.space)
    if _noted_digest(there) == wanted.digest and not _left_over(there, wanted):
        return await _repair(hands, turn, wanted, there, deadline, verify=False)  # a start was here meanwhile
    if wanted.rights is not None and _suspect(hands, wanted.rights, known_only=False):
        await ensure(cluster, wanted.rights, deadline)
    await _write(hands, turn, wanted, deadline)
    left = [ref for ref in _left_over(there, wanted).things if not await take_away(cluster, wanted, ref, deadline)]
    change = namespace_change(wanted.space, there)
    noted = Inventory.of(wanted) | Inventory(frozenset(left))
    record = {labels.PLAN_DIGEST: wanted.digest, labels.INVENTORY: str(noted)}
    change["annotations"] = {**change.get("annotations", {}), **record}
    await turn.rest()
    answer = await cluster.patch(NAMESPACE, None, wanted.namespace, {"metadata": change}, deadline)
    hands.views.answered(answer)
    return Came.CHANGED


async def _now(hands: Hands, namespace: str, deadline: Deadline) -> Json | None:
    """The namespace at this moment: as the watch has it, else as it is read."""
    sighting = hands.views.namespace(namespace)
    return sighting.seen if sighting.known else await hands.cluster.get(NAMESPACE, None, namespace, deadline)


async def _write(hands: Hands, turn: Turn, wanted: Provisions, deadline: Deadline) -> None:
    """Write what differs: the quota first and until it is in force, then the rest."""
    cluster, views = hands.cluster, hands.views
    if _suspect(hands, wanted.quota, known_only=False, leased=wanted.leased):
        async with hands.counting:
            await turn.rest()
            seen = views.look(wanted.quota).seen
            if await write_quota(cluster, wanted.quota, deadline, leased=wanted.leased, seen=seen):
                await views.quota_in_force(wanted.quota, deadline)
    for several in (wanted.fences, wanted.furnishings):
        if objects := [obj for obj in several if _suspect(hands, obj, known_only=False)]:
            await turn.rest()
            await all_of(*(ensure(cluster, obj, deadline) for obj in objects))


def _suspect(hands: Hands, obj: Manifest, *, known_only: bool, leased: frozenset[str] = frozenset()) -> bool:
    """Whether an object is seen to differ; of what is not known, `known_only` says that it does not."""
    sighting = hands.views.look(obj)
    if not sighting.known:
        return not known_only
    return sighting.seen is None or bool(differences(hands.expected(obj), sighting.seen, leased))


async def _repair(
    hands: Hands, turn: Turn, wanted: Provisions, noted: Json, deadline: Deadline, *, verify: bool
) -> Came:
    """Put back what somebody else has changed or deleted."""
    children = [*([wanted.rights] if wanted.rights else []), *wanted.fences, *wanted.furnishings]
    suspects = [obj for obj in children if _suspect(hands, obj, known_only=not verify)]
    repaired = False
    if _suspect(hands, wanted.quota, known_only=not verify, leased=wanted.leased):
        repaired = await _mend_quota(hands, turn, wanted, deadline)
    for obj in suspects:
        repaired |= await _mend(hands, turn, obj, deadline)
    if differences(wanted.space, noted):
        repaired |= await _mend_space(hands, turn, wanted, deadline)
    return Came.REPAIRED if repaired else Came.IN_LINE


async def _mend_quota(hands: Hands, turn: Turn, wanted: Provisions, deadline: Deadline) -> bool:
    await turn.rest()
    quota, leased = wanted.quota, wanted.leased
    live = await hands.cluster.get(RESOURCE_QUOTA, wanted.namespace, quota["metadata"]["name"], deadline)
    differ = differences(quota, live, leased) if live else ()
    written = await write_quota(hands.cluster, quota, deadline, leased=leased, fresh=live is None, seen=live)
    if written:
        _report(quota, live, differ)
    return written


async def _mend(hands: Hands, turn: Turn, obj: Manifest, deadline: Deadline) -> bool:
    await turn.rest()
    if not hands.views.look(obj).known:
        await ensure(hands.cluster, obj, deadline)  # it tells what it takes back; that it was missing nobody can see
        return False
    metadata = obj["metadata"]
    live = await hands.cluster.get(kind_of(obj), metadata["namespace"], metadata["name"], deadline)
    differ = differences(hands.expected(obj), live) if live else ()
    if live and not differ:
        return False
    answer = await hands.cluster.apply(obj, deadline, force=True)
    if differences(obj, answer):
        body = {key: answer[key] for key in obj if key in answer and key not in {"metadata", "apiVersion", "kind"}}
        hands.accepted[_place(obj)] = (obj, {**obj, **body})
    if live and answer["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]:
        return False
    _report(obj, live, differ)
    return True


async def _mend_space(hands: Hands, turn: Turn, wanted: Provisions, deadline: Deadline) -> bool:
    await turn.rest()
    there = await hands.cluster.get(NAMESPACE, None, wanted.namespace, deadline)
    if there is None or _going(there):
        return False
    check_owner(there, wanted.space)
    change = namespace_change(wanted.space, there)
    if not change:
        return False
    await hands.cluster.patch(NAMESPACE, None, wanted.namespace, {"metadata": change}, deadline)
    _report(wanted.space, there, differences(wanted.space, there))
    return True


def _report(obj: Manifest, live: Json | None, differ: tuple[str, ...]) -> None:
    metadata = obj["metadata"]
    where = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    if live is None:
        log.warning("%s %s had been deleted by somebody else: made again", obj["kind"], where)
        return
    fields, who = ", ".join(differ[:5]), other_hands(live) or "somebody unknown"
    log.warning("%s %s had been changed by %s (%s): put back", obj["kind"], where, who, fields)


def _is_closed(hands: Hands, namespace: str) -> bool:
    place = {"kind": RESOURCE_QUOTA.kind, "metadata": {"namespace": namespace, "name": QUOTA}}
    hard = ((hands.views.look(place).seen or {}).get("spec") or {}).get("hard") or {}
    return "pods" in hard and all(value == "0" for value in hard.values())


def _hub(obj: Json) -> str | None:
    return (obj["metadata"].get("labels") or {}).get(labels.HUB)


def _going(obj: Json) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _left_over(noted: Json, wanted: Provisions) -> Inventory:
    """What was put into a namespace and is not wanted any more."""
    return Inventory.noted(noted) - Inventory.of(wanted)


def _noted_digest(noted: Json) -> str:
    return str((noted["metadata"].get("annotations") or {}).get(labels.PLAN_DIGEST, ""))


def _place(obj: Manifest) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
