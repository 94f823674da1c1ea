"""The line for a budget whose people share a namespace: the same line, with a count of pods in the place of a ledger.

To the line a pod is a grant: its person stands for the namespace and its name for the spawn, so that an earlier pod of the same
server, which makes way, does not stand in its own way. What is counted, and that it holds at the end, is `Allowances`'; this
only tells who is to wait. One watch of these pods, from the first start on, says when what they amount to has changed; who waits is woken then,
and whoever could start counts what the API server lists. Nothing else is asked.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import msgspec

from tenantspawner.budget import Amounts, Ask, Grant, Ledger, Nonce, SpawnId, Speech, lease_name
from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle.budgets.allowance import Allowance, Allowances, Counted
from tenantspawner.lifecycle.budgets.budgetdoor import Queueing, Team
from tenantspawner.lifecycle.budgets.grants import Held
from tenantspawner.lifecycle.budgets.leases import queueing_of
from tenantspawner.lifecycle.budgets.line import Lines, Room, Say, Turn
from tenantspawner.plan.quota import team_budget
from tenantspawner.tenancy import Tenancy

_NO_NONCE = Nonce("")


def shared_teams_of(tenancy: Tenancy, hub_id: str) -> dict[str, Team]:
    """All tenants with a budget whose people share a namespace: one of the tenant's own, or the hub's."""
    found = {}
    for tenant_id, tenant in tenancy.tenants.items():
        budget = team_budget(tenant, tenancy.gpu)
        if tenant.namespace.per != "user" and budget:
            speech = Speech(tenant.display_name or tenant_id, tenancy.gpu, tenancy.contact)
            found[tenant_id] = Team(tenant_id, hub_id, frozenset(budget), Amounts(budget), speech, queueing_of(tenant))
    return found


class SharedLines:
    """The lines of one hub for what it counts itself.

    Parameters
    ----------
    teams
        The teams of this moment: an edit of the budget reaches those who wait.
    """

    def __init__(self, cluster: Cluster, allowances: Allowances, teams: Callable[[], Mapping[str, Team]]) -> None:
        self._cluster = cluster
        self._allowances = allowances
        self._lines = Lines(teams, self._seen, self._read)
        self._commons: dict[str, _Common] = {}

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many wait in line, by tenant."""
        return self._lines.waiting

    def edited(self) -> None:
        """Let those who wait look at the budgets of this moment."""
        self._lines.wake()

    async def in_line(self, team: Team, allowance: Allowance, queueing: Queueing, say: Say, *, room: Room) -> Turn:
        """Wait until it is this start's turn and its team can afford it. See `Lines.wait`."""
        place = _Place(allowance.namespace, allowance.selector)
        old = self._commons.get(team.tenant_id)
        if old is None or old.place != place:
            wake = partial(self._lines.wake, lease_name(team.tenant_id))
            self._commons[team.tenant_id] = _Common(self._cluster, place, wake)
        if old is not None and old.place != place:
            await old.close()
        return await self._lines.wait(team, _ask(team, allowance), queueing, say, room=room)

    @asynccontextmanager
    async def take_in_turn(self, allowance: Allowance, turn: Turn, say: Say, deadline: Deadline) -> AsyncIterator[Held]:
        """Hold an allowance as `Allowances.take` does; whoever was quicker, as with kubectl, is waited for at the old place."""
        async with self._lines.take(turn, partial(self._allowances.take, allowance), say, deadline) as held:
            yield held
        turn.leave()  # its pod is counted from now on

    async def close(self) -> None:
        """End all watches."""
        await asyncio.gather(*(common.close() for common in self._commons.values()))

    def _seen(self, tenant_id: str) -> Ledger | None:
        common = self._commons.get(tenant_id)
        return common.seen() if common is not None else None

    async def _read(self, team: Team, deadline: Deadline) -> Ledger:
        common = self._commons[team.tenant_id]
        there = await self._allowances.count(common.place.namespace, common.place.selector, deadline)
        if there is not None:
            common.watch()
        return Ledger.of(map(_grant, there or ()), _NO_NONCE)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tenant's pods are."""

    namespace: str
    selector: str | None


class _Common:
    """The pods of one tenant as a watch has them; `changed` is called when they amount to something else."""

    def __init__(self, cluster: Cluster, place: _Place, changed: Callable[[], None]) -> None:
        self.place = place
        self._changed = changed
        self._pods: Watch[Pod] = cluster.watch(Pod, namespace=place.namespace, label_selector=place.selector)
        self._pods.store.on_change(self._on_pod)
        self._grants: dict[str, Grant] = {}
        self._ledger: Ledger | None = None
        self._first_view: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Begin to watch; a second time does nothing."""
        if self._first_view is None:
            self._pods.start()
            self._first_view = asyncio.create_task(self._tell(), name=f"first view of {self.place.namespace}")

    def seen(self) -> Ledger | None:
        """What the pods amount to; None while that is not known."""
        if not self._pods.store.complete:
            return None
        if self._ledger is None:
            self._ledger = Ledger.of(self._grants.values(), _NO_NONCE)
        return self._ledger

    async def close(self) -> None:
        """End the watch."""
        if self._first_view is not None:
            self._first_view.cancel()
        await self._pods.close()

    async def _tell(self) -> None:
        """Let those look who came when nothing was in sight yet: what has gone by then is no change."""
        await self._pods.synced(Deadline(math.inf))
        self._changed()

    def _on_pod(self, old: Pod | None, new: Pod | None) -> None:
        if (pod := new or old) is None:
            return
        name = pod.metadata.name
        grant = _grant(Counted.read(msgspec.to_builtins(new))) if new is not None else None
        if grant != self._grants.get(name):
            self._grants.pop(name, None)
            if grant is not None:
                self._grants[name] = grant
            self._ledger = None
            self._changed()


def _grant(pod: Counted) -> Grant:
    return Grant(pod.person, SpawnId(pod.name), pod.person, _NO_NONCE, pod.charged)


def _ask(team: Team, allowance: Allowance) -> Ask:
    return Ask(
        namespace=allowance.person,
        spawn=SpawnId(allowance.pod_name),
        holder=allowance.person,
        need=allowance.need.only(team.keys),
        budget=team.total,
        keys=team.keys,
        ceilings=tuple((key, most) for key, most in allowance.own.items() if key in team.keys),
    )
