"""What a person, and in the hub's own namespace a team, may have where no ResourceQuota says it: counted from the pods.

In a namespace that a team shares the ResourceQuota is the team's, so a person's own ceilings are the hub's to hold; in the hub's
own (``per: hub``) the team's budget too. Counted is what the API server lists, under one lock a tenant that is held until the new
pod is created: two starts of this hub never pass a bound together. What runs beside the hub (pods made with kubectl, a second
hub) is counted, not stopped; where a team shares a namespace, its ResourceQuota stops that.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from weakref import WeakValueDictionary

from tenantspawner.budget import Amounts, Cause, Shortage, Speech, over_own, own_shortage, refusal, total
from tenantspawner.budget.shortage import holders_of
from tenantspawner.cluster import Cluster, Deadline, Meaning, meaning
from tenantspawner.errors import ApiError
from tenantspawner.kube import labels
from tenantspawner.kube.charges import in_quota
from tenantspawner.kube.kinds import LIMIT_RANGE, POD
from tenantspawner.kube.names import label_value
from tenantspawner.lifecycle.budgets.grants import Held
from tenantspawner.plan import Plan
from tenantspawner.plan.quota import own_ceilings, team_budget
from tenantspawner.policy import Entitlement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one spawn takes, and the bounds it is held against.

    `selector` finds the tenant's pods in the namespace; a pod named `pod_name` is this server's earlier one, which makes way.
    """

    tenant_id: str
    namespace: str
    selector: str | None
    pod_name: str
    person: str
    need: Amounts
    own: Mapping[str, Decimal]
    team: Mapping[str, Decimal]
    speech: Speech


def allowance_of(entitlement: Entitlement, plan: Plan, hub_id: str) -> Allowance | None:
    """What a plan's pod takes of what the hub itself counts; None where every person has a namespace with a quota."""
    shared = entitlement.tenant.namespace.per
    if shared == "user":
        return None
    fences = plan.provisions.fences if plan.provisions else ()
    ranges = [fence for fence in fences if fence["kind"] == LIMIT_RANGE.kind]
    marks = f"{labels.HUB}={label_value(hub_id)},{labels.TENANT}={entitlement.tenant_id}"
    return Allowance(
        tenant_id=str(entitlement.tenant_id),
        namespace=plan.namespace,
        selector=marks if shared == "hub" else None,  # in the team's own namespace all pods are charged to it
        pod_name=plan.pod_name,
        person=str(entitlement.identity.name),
        need=Amounts(in_quota(plan.pod, ranges)),
        own=own_ceilings(entitlement),
        team=team_budget(entitlement.tenant, entitlement.gpu),
        speech=Speech(entitlement.display_name, entitlement.gpu, entitlement.contact),
    )


class Allowances:
    """What the hub counts itself; one a process."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def afford(self, allowance: Allowance, deadline: Deadline) -> None:
        """Refuse what is too much, with numbers and names; writes nothing.

        Raises
        ------
        OverOwnQuota, BudgetExhausted
            It is more than the person, or the team, may have.
        """
        there = await self.count(allowance.namespace, allowance.selector, deadline) or []
        _hold_own(allowance, there)
        _hold_team(allowance, there)

    async def afford_own(self, allowance: Allowance, deadline: Deadline) -> None:
        """Refuse what is too much for the person, whatever the team has.

        Raises
        ------
        OverOwnQuota
            It is more than the person may have.
        """
        _hold_own(allowance, await self.count(allowance.namespace, allowance.selector, deadline) or [])

    async def count(self, namespace: str, selector: str | None, deadline: Deadline) -> list["Counted"] | None:
        """Count what is there before a start has made anything; None where the hub has no right to look.

        It has none in a namespace that is not there yet, and that has nothing in it. Where it is there, and the right is missing
        all the same, `take` is refused.
        """
        try:
            return await self._count(namespace, selector, deadline)
        except ApiError as error:
            if meaning(error.answer) is not Meaning.NO_RIGHT:
                raise
            log.debug("Nothing is counted yet in %s: %s", namespace, error.detail)
            return None

    async def _count(self, namespace: str, selector: str | None, deadline: Deadline) -> list["Counted"]:
        there = await self._cluster.list(POD, namespace, label_selector=selector, deadline=deadline)
        return [Counted.read(pod) for pod in there]

    @asynccontextmanager
    async def take(self, allowance: Allowance, deadline: Deadline) -> AsyncIterator[Held]:
        """Count again, and let no other start of the tenant count until the pod is created.

        Raises
        ------
        OverOwnQuota, BudgetExhausted
            Others were first.
        """
        lock = self._locks.setdefault(allowance.tenant_id, asyncio.Lock())
        async with lock:
            there = await self._count(allowance.namespace, allowance.selector, deadline)
            _hold_own(allowance, there)
            _hold_team(allowance, there)
            yield Held(counted=frozenset(allowance.team) if allowance.selector is None else frozenset())


@dataclass(frozen=True, slots=True)
class Counted:
    """A pod that is there, whose it is, and what it is charged for."""

    name: str
    person: str
    server: str
    charged: Amounts

    @classmethod
    def read(cls, pod: Mapping[str, Any]) -> "Counted":
        """Read a pod; one that says no owner is its own."""
        notes, name = pod["metadata"].get("annotations") or {}, str(pod["metadata"]["name"])
        return cls(
            name, str(notes.get(labels.OWNER) or name), str(notes.get(labels.SERVER, "")), Amounts(in_quota(pod))
        )


def _hold_own(allowance: Allowance, there: list[Counted]) -> None:
    pods = [pod for pod in _others(allowance, there) if pod.person == allowance.person]
    used = total(pod.charged for pod in pods)
    short = own_shortage(allowance.own.items(), used, allowance.need)
    if short is not None:
        raise over_own(short, [(pod.server, pod.charged[short.key]) for pod in pods], allowance.speech)


def _hold_team(allowance: Allowance, there: list[Counted]) -> None:
    pods = _others(allowance, there)
    used = total(pod.charged for pod in pods)
    for key, most in allowance.team.items():
        free, asked = max(most - used[key], Decimal(0)), allowance.need[key]
        if asked > free:
            holders = holders_of((pod.person, pod.charged[key]) for pod in pods)
            raise refusal(Shortage(Cause.BUDGET, key, asked, free, most, holders), allowance.speech)


def _others(allowance: Allowance, there: list[Counted]) -> list[Counted]:
    return [pod for pod in there if pod.name != allowance.pod_name]
