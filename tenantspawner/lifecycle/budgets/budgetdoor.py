"""The requests behind the steps of grants and returns: the tenant's Lease, the namespaces' ResourceQuotas, their pods.

Writes go by merge patch with the version that was read, never by apply, which would create what is gone; a conflict, a missing object
and one that exists already all mean the same: lost, read again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantspawner.budget import (
    NOTHING,
    Amounts,
    Answer,
    Ledger,
    LedgerSeen,
    NoLedger,
    NoQuota,
    Outcome,
    PodFound,
    PodsSeen,
    QuotaSeen,
    QuotasSeen,
    Speech,
    lease_name,
    steps,
)
from tenantspawner.cluster import Cluster, Deadline, Meaning, meaning
from tenantspawner.errors import ApiError
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import LEASE, NAMESPACE, POD, RESOURCE_QUOTA
from tenantspawner.kube.names import label_value
from tenantspawner.lifecycle.gate import PATIENCE, not_in_force
from tenantspawner.plan import Manifest
from tenantspawner.plan.quota import NAME

log = logging.getLogger(__name__)

_AT_ONCE = 8  # lists of pods
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)  # seconds between looks at a quota, then the last one again
_LOST = {Meaning.CONFLICT, Meaning.QUOTA_CONFLICT, Meaning.NOT_FOUND, Meaning.ALREADY_EXISTS}
_NO_NAMESPACE = {Meaning.NOT_FOUND, Meaning.TERMINATING}


@dataclass(frozen=True, slots=True)
class Queueing:
    """How a team waits for its budget: for `max_wait` seconds, and at most `max_length` at once."""

    max_wait: float
    max_length: int


@dataclass(frozen=True, slots=True)
class Team:
    """A tenant's budget: `keys` are leased, `total` is how much there is of each, `hub_id` whose namespaces they are.

    Without `queueing` nobody waits: what cannot be afforded is refused. `deletes` says that pods which use what nobody granted are
    deleted, the youngest first.
    """

    tenant_id: str
    hub_id: str
    keys: frozenset[str]
    total: Amounts
    speech: Speech
    queueing: Queueing | None = None
    deletes: bool = False

    @property
    def marks(self) -> Mapping[str, str]:
        """The labels of everything of this tenant."""
        return {labels.HUB: label_value(self.hub_id), labels.TENANT: self.tenant_id}


class BudgetDoor:
    """What a step is as a request."""

    def __init__(self, cluster: Cluster, hub_namespace: str) -> None:
        self._cluster = cluster
        self._hub_namespace = hub_namespace
        self._lists_quotas: bool | None = None  # in all namespaces; asked once

    async def carry_out(self, team: Team, step: steps.Step, quota: Manifest | None, deadline: Deadline) -> Answer:  # noqa: C901, PLR0911  # one case a step
        """Do one step and return what came of it.

        Raises
        ------
        ApiError, Unreachable
            The cluster's trouble. The step may have been done.
        QuotaNotEnforced
            The quota controller does not answer.
        """
        match step:
            case steps.ReadQuota():
                return await self.read_quota(step.namespace, deadline)
            case steps.ReadLedger():
                return await self.read_ledger(team, deadline)
            case steps.SwapLedger():
                return await self._swap(team, step, deadline)
            case steps.RaiseQuota() | steps.LowerQuota():
                return await self._write_quota(team, step, deadline)
            case steps.CreateQuota():
                return await self._create_quota(team, step.namespace, quota, deadline)
            case steps.CreateLedger():
                return await self._create_ledger(team, deadline)
            case steps.WaitHard():
                return await self._until_in_force(step.namespace, deadline)
            case steps.CountPods():
                return await self.count_pods(team, [step.namespace], deadline)
            case steps.CountAllPods():
                quotas = await self.read_quotas(team, deadline)
                return await self.count_pods(team, [quota.namespace for quota in quotas.quotas], deadline)
            case steps.ReadQuotas():
                return await self.read_quotas(team, deadline)
            case _:
                raise AssertionError(f"{type(step).__name__} is no request")

    async def read_ledger(self, team: Team, deadline: Deadline) -> LedgerSeen | NoLedger:
        """Read a tenant's ledger."""
        lease = await self._cluster.get(LEASE, self._hub_namespace, lease_name(team.tenant_id), deadline)
        if lease is None:
            return NoLedger()
        version = lease["metadata"]["resourceVersion"]
        text = (lease["metadata"].get("annotations") or {}).get(labels.LEDGER, "")
        try:
            return LedgerSeen(version, Ledger.parse(text))
        except ValueError as problem:
            if text:
                log.error("The budget ledger of %s cannot be read: %s", team.tenant_id, problem)
            return NoLedger(version)

    async def read_quota(self, namespace: str, deadline: Deadline) -> QuotaSeen | NoQuota:
        """Read the quota of ours in a namespace."""
        quota = await self._cluster.get(RESOURCE_QUOTA, namespace, NAME, deadline)
        return NoQuota(namespace) if quota is None else QuotaSeen.read(quota)

    async def read_quotas(self, team: Team, deadline: Deadline) -> QuotasSeen:
        """Read the quotas of all the tenant's namespaces: in one list where the hub may, else one by one."""
        selector = ",".join(f"{key}={value}" for key, value in team.marks.items())
        if self._lists_quotas is None:
            self._lists_quotas = await self._cluster.allowed("list", RESOURCE_QUOTA, deadline=deadline)
        if self._lists_quotas:
            found = await self._cluster.list(RESOURCE_QUOTA, label_selector=selector, deadline=deadline)
        else:
            spaces = await self._cluster.list(NAMESPACE, label_selector=selector, deadline=deadline)
            found = await self._quotas_of(spaces, deadline)
        return QuotasSeen(tuple(QuotaSeen.read(quota) for quota in found if quota["metadata"]["name"] == NAME))

    async def _quotas_of(self, spaces: Sequence[dict[str, Any]], deadline: Deadline) -> list[dict[str, Any]]:
        few = asyncio.Semaphore(_AT_ONCE)

        async def quota(space: dict[str, Any]) -> dict[str, Any] | None:
            async with few:
                try:
                    return await self._cluster.get(RESOURCE_QUOTA, space["metadata"]["name"], NAME, deadline)
                except ApiError as error:
                    # One that is being made just now: the hub has no right there before it has a quota.
                    made = labels.PLAN_DIGEST in (space["metadata"].get("annotations") or {})
                    if made or meaning(error.answer) is not Meaning.NO_RIGHT:
                        raise
                    return None

        quotas = await asyncio.gather(*(quota(space) for space in spaces))
        return [quota for quota in quotas if quota is not None]

    async def count_pods(self, team: Team, namespaces: Collection[str], deadline: Deadline) -> PodsSeen:
        """Count the pods of these namespaces, whoever made them."""
        return PodsSeen(tuple(pod.seen for pod in await self.find_pods(team, namespaces, deadline)))

    async def find_pods(self, team: Team, namespaces: Collection[str], deadline: Deadline) -> tuple[PodFound, ...]:
        """Find the pods of these namespaces, whoever made them."""
        few = asyncio.Semaphore(_AT_ONCE)

        async def pods(namespace: str) -> list[dict[str, Any]]:
            async with few:
                return await self._cluster.list(POD, namespace, deadline=deadline)

        found = await asyncio.gather(*(pods(namespace) for namespace in namespaces))
        return tuple(PodFound.read(pod, team.keys) for some in found for pod in some)

    async def delete_pod(self, pod: PodFound, deadline: Deadline) -> None:
        """Delete that very pod, gracefully."""
        await self._cluster.delete(POD, pod.seen.namespace, pod.name, uid=pod.uid, deadline=deadline)

    async def _swap(self, team: Team, step: steps.SwapLedger, deadline: Deadline) -> Outcome:
        body = {"metadata": {"annotations": {labels.LEDGER: step.new.text()}}}
        name = lease_name(team.tenant_id)
        writing = self._cluster.patch(LEASE, self._hub_namespace, name, body, deadline, resource_version=step.version)
        return await _written(writing)

    async def _write_quota(self, team: Team, step: steps.RaiseQuota | steps.LowerQuota, deadline: Deadline) -> Outcome:
        body = {
            "metadata": {"annotations": {labels.GRANT_NONCE: step.nonce}},
            "spec": {"hard": steps.hard(step.leased, team.keys, {})},
        }
        writing = self._cluster.patch(
            RESOURCE_QUOTA, step.namespace, NAME, body, deadline, resource_version=step.version
        )
        return await _written(writing)

    async def _create_quota(self, team: Team, namespace: str, quota: Manifest | None, deadline: Deadline) -> Outcome:
        """Make the quota with nothing of what is leased; without a manifest, with nothing else."""
        others = quota["spec"]["hard"] if quota else {}
        metadata = quota["metadata"] if quota else {"name": NAME, "namespace": namespace, "labels": dict(team.marks)}
        made = {
            "apiVersion": RESOURCE_QUOTA.api_version,
            "kind": RESOURCE_QUOTA.kind,
            "metadata": metadata,
            "spec": {"hard": steps.hard(NOTHING, team.keys, others)},
        }
        try:
            return await _written(self._cluster.create(made, deadline))
        except ApiError as error:
            if quota is None and meaning(error.answer) in _NO_NAMESPACE:
                return Outcome.NO_NAMESPACE
            raise

    async def _create_ledger(self, team: Team, deadline: Deadline) -> Outcome:
        metadata = {"name": lease_name(team.tenant_id), "namespace": self._hub_namespace, "labels": dict(team.marks)}
        lease = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": {}}
        return await _written(self._cluster.create(lease, deadline))

    async def _until_in_force(self, namespace: str, deadline: Deadline) -> QuotaSeen | NoQuota:
        """Wait until the quota is in force, whatever it says by then."""
        limit = deadline.shorter(PATIENCE)
        turn = 0
        while True:
            quota = await self._cluster.get(RESOURCE_QUOTA, namespace, NAME, deadline)
            if quota is None:
                return NoQuota(namespace)
            if (seen := QuotaSeen.read(quota)).in_force:
                return seen
            pause = _PAUSES[min(turn, len(_PAUSES) - 1)]
            if limit.remaining() <= pause:
                raise not_in_force(namespace, quota)
            turn += 1
            await asyncio.sleep(pause)


async def _written(writing: Awaitable[object]) -> Outcome:
    try:
        await writing
    except ApiError as error:
        means = meaning(error.answer)
        if means is Meaning.NOT_FOUND and error.doing.startswith("create"):
            raise
        if means in _LOST:
            return Outcome.LOST
        raise
    return Outcome.WRITTEN
