"""What one spawn takes of its team's budget, and that it comes back.

A `Lease` knows what to ask for; `Treasury` holds the grants of the process: it lets spawns take, gives back what a pod had
as soon as the pod is gone, whoever deleted it, and sweeps what was lost on the way. It also keeps the ledgers in sight, so that the form
can say what is free without a request.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from tenantspawner.budget import Amounts, Ask, Ledger, SpawnId, Speech, lease_name
from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.errors import PersonMustAct, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.charges import charge
from tenantspawner.kube.kinds import LIMIT_RANGE
from tenantspawner.kube.names import label_value
from tenantspawner.kube.objects import Lease as LeaseObject
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle.budgets.budgetdoor import Queueing, Team
from tenantspawner.lifecycle.budgets.grants import Grants, Held
from tenantspawner.lifecycle.budgets.line import Lines, Room, Say, Turn
from tenantspawner.plan import Manifest, Plan
from tenantspawner.plan.quota import leased_keys, team_budget
from tenantspawner.policy import Entitlement
from tenantspawner.tenancy import Tenancy
from tenantspawner.tenancy.durations import seconds
from tenantspawner.tenancy.models import Queue, SelfService, Tenant

log = logging.getLogger(__name__)

SETTLE_WITHIN = 5.0  # seconds
SWEEP_WITHIN = 60.0  # seconds for one tenant


@dataclass(frozen=True, slots=True)
class Lease:
    """What one spawn asks of a team's budget, and the quota it is to be granted in."""

    team: Team
    ask: Ask
    quota: Manifest


def team_of(tenancy: Tenancy, tenant_id: str, hub_id: str) -> Team | None:
    """A tenant's budget as far as it is leased; None where nothing is."""
    tenant = tenancy.tenants.get(tenant_id)
    keys = leased_keys(tenant, tenancy.gpu) if tenant else frozenset()
    if tenant is None or not keys:
        return None
    total = Amounts({key: amount for key, amount in team_budget(tenant, tenancy.gpu).items() if key in keys})
    speech = Speech(tenant.display_name or tenant_id, tenancy.gpu, tenancy.contact)
    return Team(tenant_id, hub_id, keys, total, speech, queueing_of(tenant), deletes=_deletes(tenant))


def _deletes(tenant: Tenant) -> bool:
    return isinstance(tenant.self_service, SelfService) and tenant.self_service.delete_above_grant


def queueing_of(tenant: Tenant) -> Queueing | None:
    """How a tenant's people wait for its budget; None where they are refused."""
    match tenant.on_exhausted:
        case "refuse":
            return None
        case "queue":
            queue = Queue()
        case said:
            queue = said.queue
    return Queueing(seconds(queue.max_wait), queue.max_length)


def teams_of(tenancy: Tenancy, hub_id: str) -> dict[str, Team]:
    """All tenants whose budget is leased."""
    found = {tenant_id: team_of(tenancy, tenant_id, hub_id) for tenant_id in tenancy.tenants}
    return {tenant_id: team for tenant_id, team in found.items() if team is not None}


def lease_of(team: Team | None, entitlement: Entitlement, plan: Plan) -> Lease | None:
    """What a plan's pod needs of the budget, as the API server will charge it; None where nothing is leased."""
    if team is None or plan.provisions is None:
        return None
    ranges = [fence for fence in plan.provisions.fences if fence["kind"] == LIMIT_RANGE.kind]
    ask = Ask(
        namespace=plan.namespace,
        spawn=SpawnId(plan.pod["metadata"]["annotations"][labels.SPAWN]),
        holder=str(entitlement.identity.name),
        need=Amounts(charge(plan.pod["spec"], ranges)).only(team.keys),
        budget=team.total,
        keys=team.keys,
        ceilings=tuple((item.key, item.amount) for item in entitlement.ceilings if item.key in team.keys),
    )
    return Lease(team, ask, plan.provisions.quota)


class Treasury:
    """The team budgets of one hub.

    Parameters
    ----------
    teams
        The teams with a leased budget in the tenancy of this moment, by tenant.
    """

    def __init__(
        self, cluster: Cluster, hub_namespace: str, hub_id: str, teams: Callable[[], Mapping[str, Team]]
    ) -> None:
        self._grants = Grants(cluster, hub_namespace)
        self._teams = teams
        self._hub_namespace = hub_namespace
        self._lines = Lines(teams, self.ledger, self._grants.ledger)
        self._returns: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)
        self._ledgers: Watch[LeaseObject] = cluster.watch(
            LeaseObject, namespace=hub_namespace, label_selector=f"{labels.HUB}={label_value(hub_id)}"
        )

    def start(self) -> None:
        """Begin to watch the ledgers."""
        self._ledgers.store.on_change(self._on_ledger)
        self._ledgers.start()

    @property
    def healthy(self) -> bool:
        """Whether the ledgers are seen as they are changed."""
        return self._ledgers.healthy

    async def close(self) -> None:
        """End the watch, and let returns that are under way go: the sweep of the next hub ends them."""
        under_way = [task for tasks in self._returns.values() for task in tasks]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._ledgers.close()

    async def settled(self, namespace: str) -> None:
        """Wait, but not for long, until the returns of a namespace that are under way have been made."""
        if under_way := self._returns.get(namespace):
            await asyncio.wait(set(under_way), timeout=SETTLE_WITHIN)

    async def afford(self, lease: Lease, deadline: Deadline) -> None:
        """Refuse what the team has not got, before anything is made; writes nothing. What is coming back just now is waited for."""
        try:
            await self._grants.afford(lease.team, lease.ask, deadline)
        except PersonMustAct:
            if not (under_way := {task for tasks in self._returns.values() for task in tasks}):
                raise
            await asyncio.wait(under_way, timeout=SETTLE_WITHIN)
            await self._grants.afford(lease.team, lease.ask, deadline)

    async def in_line(self, lease: Lease, queueing: Queueing, say: Say, *, room: Room) -> tuple[Lease, Turn]:
        """Wait in line until it can be afforded; the lease comes back as the team's budget is by then. See `Lines.wait`."""
        turn = await self._lines.wait(lease.team, lease.ask, queueing, say, room=room)
        return replace(lease, team=turn.place.team, ask=turn.place.ask), turn

    def edited(self) -> None:
        """Let those who wait look at the budgets of this moment."""
        self._lines.wake()

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many wait in line, by tenant."""
        return self._lines.waiting

    @asynccontextmanager
    async def take_in_turn(self, lease: Lease, turn: Turn, say: Say, deadline: Deadline) -> AsyncIterator[Held]:
        """Hold a grant as `take` does; whoever was quicker in another hub is waited for at the old place."""
        async with self._lines.take(turn, partial(self.take, lease), say, deadline) as held:
            turn.leave()
            yield held

    @asynccontextmanager
    async def take(self, lease: Lease | None, deadline: Deadline) -> AsyncIterator[Held]:
        """Hold a spawn's grant around the creation of its pod; nothing to hold where nothing is leased."""
        if lease is None:
            yield Held()
            return
        async with self._grants.grant(lease.team, lease.ask, lease.quota, deadline) as held:
            yield held

    def on_pod(self, old: Pod | None, new: Pod | None) -> None:
        """Give back what a pod had, as soon as a watch says that it has ended or is gone."""
        if old is None or not (new is None or _ended(new)) or _ended(old):
            return
        team = self._teams().get(old.metadata.labels.get(labels.TENANT, ""))
        spawn = old.metadata.annotations.get(labels.SPAWN)
        if team is not None and spawn:
            self._give_back(team, old.metadata.namespace, SpawnId(spawn))

    async def sweep(self, gap: float) -> None:
        """Return what nobody needs any more, tenant by tenant."""
        for team in self._teams().values():
            try:
                await self._grants.sweep(team, gap, Deadline.after(SWEEP_WITHIN))
            except TenantSpawnerError as trouble:
                log.warning("The budget of %s could not be swept: %s", team.tenant_id, trouble.detail)
            except Exception:  # the other teams' budgets, and the next pass, must not suffer
                log.exception("The budget of %s could not be swept", team.tenant_id)

    def ledger(self, tenant_id: str) -> Ledger | None:
        """The tenant's ledger as last seen; None while it is not known."""
        found = self._ledgers.store.get(self._hub_namespace, lease_name(tenant_id))
        if found is None:
            return Ledger() if self._ledgers.store.complete else None
        with suppress(ValueError):
            return Ledger.parse(found.metadata.annotations.get(labels.LEDGER, ""))
        return None

    def _on_ledger(self, old: LeaseObject | None, new: LeaseObject | None) -> None:
        if changed := new or old:
            self._lines.wake(changed.metadata.name)

    def _give_back(self, team: Team, namespace: str, spawn: SpawnId) -> None:
        returning = self._grants.give_back(team, namespace, spawn)
        task = asyncio.get_running_loop().create_task(returning, name=f"return of a grant in {namespace}")
        self._returns[namespace].add(task)
        task.add_done_callback(partial(self._returned, namespace))

    def _returned(self, namespace: str, task: asyncio.Task[None]) -> None:
        self._returns[namespace].discard(task)
        if not self._returns[namespace]:
            del self._returns[namespace]
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("A grant in %s was not returned, the sweep will: %r", namespace, failure)


def free_of(team: Team, ledger: Ledger) -> dict[str, tuple[Decimal, Decimal]]:
    """By leased key: how much is free, of how much."""
    granted = ledger.granted
    return {key: (max(team.total[key] - granted[key], Decimal(0)), team.total[key]) for key in sorted(team.keys)}


def _ended(pod: Pod) -> bool:
    return pod.status.phase in {"Succeeded", "Failed"}
