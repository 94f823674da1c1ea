"""What others have put into a namespace of ours, looked at before the pod is asked for: their quotas, their limit ranges.

They count and are left as they are. What would be refused by them is said with its numbers before anything is taken for it. Without
the right to look, or when the look fails, the API server says it, and its refusal is put into the same words.

And who uses what a quota does not leave, once somebody has to be told.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tenantspawner.budget import OtherQuota, excess, others_among
from tenantspawner.cluster import Cluster, Deadline, Meaning, Store, meaning
from tenantspawner.errors import ApiError, Denied, OverOwnQuota, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.breaches import breaches
from tenantspawner.kube.charges import in_quota
from tenantspawner.kube.kinds import LIMIT_RANGE, POD, RESOURCE_QUOTA, Kind
from tenantspawner.kube.objects import Pod
from tenantspawner.kube.quantities import format as written
from tenantspawner.observe import Using, exceeded_keys, limits_broken, quota_exceeded, why_denied
from tenantspawner.plan import Plan
from tenantspawner.plan.quota import NAME
from tenantspawner.tenancy.models import TenantId

log = logging.getLogger(__name__)

SETTLES = 2.0  # seconds in which what a pod of a moment ago had is free again
_PAUSE = 0.2
_REFUSALS = {
    Meaning.DENIED, Meaning.OVER_QUOTA, Meaning.INVALID, Meaning.NO_RIGHT, Meaning.QUOTA_UNKNOWN, Meaning.NO_SERVICE_ACCOUNT,
}  # fmt: skip

Seen = Sequence[Mapping[str, Any]]


async def within_others(cluster: Cluster, plan: Plan, pods: Store[Pod], deadline: Deadline) -> None:
    """Refuse what limit ranges or quotas of others would refuse; writes nothing.

    Raises
    ------
    Denied
        A limit range does not let this pod pass.
    OverOwnQuota
        Another quota does not leave enough.
    """
    if plan.provisions is None:
        return
    ranges, quotas = await asyncio.gather(
        *(_seen(cluster, plan.namespace, kind, deadline) for kind in (LIMIT_RANGE, RESOURCE_QUOTA))
    )
    if rules := breaches(plan.pod["spec"], ranges):
        raise Denied(limits_broken(rules, plan.contact), f"{plan.namespace}: {rules}")
    if pods.get(plan.namespace, plan.pod_name) is not None:
        return  # an earlier server makes way, and its share is free then
    need, patience = in_quota(plan.pod, ranges), deadline.shorter(SETTLES)
    while (found := excess(others_among(quotas, NAME), need)) is not None:
        if patience.remaining() <= _PAUSE:
            using = await using_of(cluster, plan, found.keys, deadline)
            amounts = {key: _written(numbers) for key, numbers in found.keys.items()}
            raise OverOwnQuota(quota_exceeded(found.name, amounts, plan.contact, using))
        await asyncio.sleep(_PAUSE)
        quotas = await _seen(cluster, plan.namespace, RESOURCE_QUOTA, deadline)


async def others_in(
    cluster: Cluster, places: Mapping[TenantId, str], deadline: Deadline
) -> dict[TenantId, list[OtherQuota]]:
    """Look for quotas of others in the namespaces of a person, by tenant; leaves out what cannot be seen."""

    async def look(tenant_id: TenantId, namespace: str) -> tuple[TenantId, list[OtherQuota]]:
        return tenant_id, others_among(await _seen(cluster, namespace, RESOURCE_QUOTA, deadline), NAME)

    return dict(await asyncio.gather(*(look(*place) for place in places.items())))


async def refused(cluster: Cluster, plan: Plan, error: ApiError, deadline: Deadline) -> TenantSpawnerError:
    """Put the API server's refusal of a plan's object into words; what is no refusal stays what it is."""
    means = meaning(error.answer)
    if means not in _REFUSALS:
        return error
    if means is not Meaning.OVER_QUOTA:
        return Denied(why_denied(error.answer, plan.contact), error.detail)
    log.warning("%s: %s", plan.namespace, error.detail)
    using = await using_of(cluster, plan, exceeded_keys(error.answer), deadline)
    return OverOwnQuota(why_denied(error.answer, plan.contact, using))


async def using_of(cluster: Cluster, plan: Plan, keys: Collection[str], deadline: Deadline) -> Using:
    """Tell who uses these keys of a quota in the plan's namespace; nothing where that cannot be seen.

    In the hub's own namespace all teams are together: there a person is told of nobody else.
    """
    try:
        pods = await cluster.list(POD, plan.namespace, deadline=deadline)
    except TenantSpawnerError as trouble:
        log.warning("Cannot see what uses the quota of %s: %s", plan.namespace, trouble.detail)
        return {}
    told = (pod for pod in pods if plan.provisions is not None or _is_mine(pod, plan))
    charged = [(_name(pod, plan), in_quota(pod)) for pod in told]
    return {key: _most_first((name, amounts.get(key, Decimal(0))) for name, amounts in charged) for key in keys}


def _most_first(amounts: Any) -> list[tuple[str, str]]:
    used = sorted(((name, amount) for name, amount in amounts if amount), key=lambda item: (-item[1], item[0]))
    return [(name, written(amount)) for name, amount in used]


def _name(pod: Mapping[str, Any], plan: Plan) -> str:
    """What a person calls it: their server, somebody's server, or a pod by its name."""
    notes = pod["metadata"].get("annotations") or {}
    owner, server = notes.get(labels.OWNER), notes.get(labels.SERVER)
    if not _is_ours(pod) or not owner:
        return f"pod {pod['metadata']['name']}"
    named = f" *{server}*" if server else ""
    return f"your server{named}" if _is_mine(pod, plan) else f"{owner}'s server{named}"


def _is_ours(pod: Mapping[str, Any]) -> bool:
    return labels.HUB in (pod["metadata"].get("labels") or {})


def _is_mine(pod: Mapping[str, Any], plan: Plan) -> bool:
    notes, mine = pod["metadata"].get("annotations") or {}, plan.pod["metadata"]["annotations"]
    return _is_ours(pod) and notes.get(labels.OWNER) == mine.get(labels.OWNER)


def _written(numbers: tuple[Decimal, Decimal, Decimal]) -> tuple[str, str, str]:
    asked, used, hard = numbers
    return written(asked), written(used), written(hard)


async def _seen(cluster: Cluster, namespace: str, kind: Kind, deadline: Deadline) -> Seen:
    """List a kind in a namespace; empty where the hub has no right to, or gets no answer."""
    try:
        return await cluster.list(kind, namespace, deadline=deadline)
    except TenantSpawnerError as trouble:
        log.debug("Cannot see %s of %s beforehand: %s", kind.plural, namespace, trouble.detail)
        return ()
