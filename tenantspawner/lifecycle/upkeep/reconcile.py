"""The tenancy carried to the namespaces that exist: after each edit, at the hub's start, and every few minutes.

A few namespaces at a time, starts first (`turns`), resumable: the digest in a namespace says what was provisioned last. What
somebody else changes is noticed by watches where the hub has the right to them, else by the periodic pass, and put back.
A namespace whose tenant or person is no more is set to zero and reported, never deleted; when they come back it is restored.
No pod is ever changed. What has failed is tried again, and is in the log and in `ReconcileState`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.cluster.deadline import now
from tenantspawner.errors import TenancyUnavailable, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.kube.names import label_value
from tenantspawner.lifecycle.turns import GaveWay, Turns
from tenantspawner.lifecycle.upkeep.align import Came, Hands, close, keep
from tenantspawner.lifecycle.upkeep.tally import Closures, ReconcileState, Tally
from tenantspawner.lifecycle.upkeep.views import Views
from tenantspawner.plan import (
    Close,
    Keep,
    Law,
    Leave,
    Ruling,
    Site,
    Standing,
    Surroundings,
    judge,
    namespace_name,
    provisions,
    standing_of,
)
from tenantspawner.policy import HubProfile, Identity, Username, entitle_tenant
from tenantspawner.tenancy import Envelope, Tenancy
from tenantspawner.tenancy.models import Tenant, TenantId

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
SETTLE = 0.1  # seconds, so that what changes together is looked at together
FEW = 3  # namespaces at once while starts come
SETTLED = 0.3  # seconds from a change until it is looked at, by when all watches have told of what was written with it
AGAIN = 60.0  # seconds until a pass in which something failed is made again
ONE = 60.0  # seconds that one namespace may take
PATIENT_AFTER = 3  # repairs of one namespace; whoever undoes them is not fought every second
LONGEST_PATIENCE = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """`interval` in seconds between two passes that look at everything (0: only edits are carried), and how many at once."""

    interval: float = 600.0
    at_once: int = 10


@dataclass(frozen=True, slots=True)
class Sources:
    """What reconciling asks of others, each time afresh.

    `everybody` are all people the hub knows, with their groups; `person` one of them, None when unknown. `hub_profiles`
    is None where they differ from person to person. `tell` puts a sentence where the tenancy's admin looks.
    """

    envelope: Envelope
    tenancy: Callable[[], Tenancy]
    everybody: Callable[[], Awaitable[Mapping[Username, Identity]]]
    person: Callable[[Username], Identity | None]
    around: Callable[[Tenant], Awaitable[Surroundings]]
    hub_profiles: Mapping[str, HubProfile] | None
    tell: Callable[[str, str], Awaitable[None]]


@dataclass(slots=True)
class _Docket:
    """One pass: by what namespaces are judged, and what it has come to."""

    law: Law
    people: Mapping[Username, Identity]
    verify: bool
    tally: Tally
    arounds: dict[TenantId, asyncio.Task[Surroundings]] = field(default_factory=dict)


class Reconciler:
    """Keeps the namespaces of one hub in line. `run` until cancelled; `state` may be read at any time."""

    def __init__(self, cluster: Cluster, sources: Sources, turns: Turns, pace: Pace) -> None:
        self.state = ReconcileState()
        self._cluster = cluster
        self._sources = sources
        self._turns = turns
        self._pace = pace
        self._selector = f"{labels.HUB}={label_value(sources.envelope.hub_id)}"
        self._views = Views(cluster, self._selector, self.touch)
        self._hands = Hands(cluster, self._views)
        self._wake = asyncio.Event()
        self._edited = True
        self._touched: dict[str, None] = {}
        self._awaited: set[str] = set()
        self._repairs: dict[str, int] = {}
        self._closures = Closures()
        turns.on_free(self.touch)

    def edited(self, _: Tenancy | None = None) -> None:
        """Look at all namespaces again: there is another tenancy."""
        self._edited = True
        self._wake.set()

    def touch(self, namespace: str) -> None:
        """Look at one namespace again soon: something in it has changed, perhaps by our own hand.

        The hub's own is nobody's to keep in line: servers of `per: hub` come and go in it, and not even its label is ours.
        """
        if namespace in self._awaited or namespace == self._sources.envelope.hub_namespace:
            return
        self._awaited.add(namespace)
        repairs = self._repairs.get(namespace, 0)
        patience = 2.0 ** (repairs - PATIENT_AFTER + 1) if repairs >= PATIENT_AFTER else 0.0
        asyncio.get_running_loop().call_later(min(SETTLED + patience, LONGEST_PATIENCE), self._touch, namespace)

    def _touch(self, namespace: str) -> None:
        self._awaited.discard(namespace)
        self._touched[namespace] = None
        self._wake.set()

    async def run(self) -> None:
        """Reconcile again and again."""
        due = now() + self._pace.interval if self._pace.interval else float("inf")
        try:
            while True:
                await self._woken(due)
                periodic = now() >= due
                try:
                    await self._round(periodic=periodic)
                except TenancyUnavailable:
                    self._touched.clear()  # nobody can start anything; the next good tenancy begins a pass
                except TenantSpawnerError as trouble:
                    log.warning("Namespaces could not be brought in line with the tenancy: %s", trouble.detail)
                    due = min(due, now() + AGAIN)
                except Exception:  # the next pass may find better times
                    log.exception("Bringing namespaces in line with the tenancy failed")
                    due = min(due, now() + AGAIN)
                if periodic:
                    self._repairs.clear()
                    due = now() + self._pace.interval if self._pace.interval else float("inf")
                if self.state.failed:
                    due = min(due, now() + AGAIN)
        finally:
            await self._views.close()

    async def _woken(self, due: float) -> None:
        if not self._edited:
            try:
                async with asyncio.timeout_at(due if due != float("inf") else None):
                    await self._wake.wait()
            except TimeoutError:
                return
        await asyncio.sleep(SETTLE)

    async def _round(self, *, periodic: bool) -> None:
        whole, self._edited = self._edited or periodic, False
        self._wake.clear()
        tenancy = self._sources.tenancy()
        if whole:
            await self._views.open(Deadline.after(ONE))
            await self._everything(tenancy, verify=periodic)
        elif self._touched:
            await self._work(deque(), self._docket(tenancy, {}, 0, verify=False))

    def _docket(self, tenancy: Tenancy, people: Mapping[Username, Identity], total: int, *, verify: bool) -> _Docket:
        today: date = datetime.now(UTC).date()
        law = Law(tenancy, today, self._sources.envelope, self._sources.hub_profiles)
        return _Docket(law, people, verify, Tally(total))

    async def _everything(self, tenancy: Tenancy, *, verify: bool) -> None:
        """One whole pass; given up when the tenancy changes meanwhile, since the next one does it all."""
        self._touched.clear()
        namespaces = await self._namespaces(tenancy)  # before the people: whose namespace it is, is known by then
        total = len(namespaces)
        docket = self._docket(tenancy, await self._sources.everybody(), total, verify=verify)
        self.state = replace(self.state, namespaces=total, waiting=total, blind=self._views.blind())
        await self._work(deque(namespaces), docket)
        if self._edited:
            return
        await self._conclude(docket.tally)

    async def _conclude(self, tally: Tally) -> None:
        """Say what a whole pass has come to."""
        passes, finished = self.state.passes + 1, datetime.now(UTC)
        self.state = replace(
            self.state, waiting=0, closed=len(tally.closed), failed=tally.failed, passes=passes, finished=finished
        )
        tally.tell_end()
        if said := self._closures.tell(tally.closed):
            await self._sources.tell("NamespacesSetToZero", said)

    async def _namespaces(self, tenancy: Tenancy) -> list[Json]:
        """All namespaces of ours; without the right to list them, those that tenants share, by their names."""
        deadline = Deadline.after(ONE)
        blind = NAMESPACE.plural in self._views.blind()
        if not blind or await self._cluster.allowed("list", NAMESPACE, deadline=deadline):
            return await self._views.namespaces(deadline)
        found = [await self._cluster.get(NAMESPACE, None, name, deadline) for name in self._shared(tenancy)]
        return [item for item in found if item is not None]

    def _shared(self, tenancy: Tenancy) -> Iterable[str]:
        for tenant_id, tenant in tenancy.tenants.items():
            if tenant.namespace.per == "tenant":
                entitlement = entitle_tenant(tenancy, TenantId(tenant_id), self._sources.hub_profiles)
                yield namespace_name(entitlement, self._sources.envelope, self._sources.envelope.hub_namespace)

    async def _work(self, todo: deque[Json], docket: _Docket) -> None:
        """Go through namespaces, a few at a time; what is touched meanwhile goes first."""
        async with asyncio.TaskGroup() as group:
            for rank in range(max(1, self._pace.at_once)):
                group.create_task(self._worker(rank, todo, docket))

    async def _worker(self, rank: int, todo: deque[Json], docket: _Docket) -> None:
        while not self._edited:
            if rank >= FEW and todo and self._turns.lately():
                await asyncio.sleep(SETTLE)
            elif self._touched:
                name = next(iter(self._touched))
                del self._touched[name]
                await self._again(name, docket)
            elif todo:
                await self._one(todo.popleft(), docket, verify=docket.verify)
                self.state = replace(self.state, waiting=len(todo))
                docket.tally.tell_progress(len(todo))
            else:
                return
            await asyncio.sleep(0)

    async def _again(self, name: str, docket: _Docket) -> None:
        """Look at a namespace in which something has changed."""
        if self._turns.wanted(name):
            return  # told again when the start has left it
        noted = self._views.namespace(name).seen
        try:
            noted = noted or await self._cluster.get(NAMESPACE, None, name, Deadline.after(ONE))
        except TenantSpawnerError as trouble:
            log.warning("Namespace %s could not be looked at: %s", name, trouble.detail)
        if noted is not None and self._is_ours(noted):
            await self._one(noted, docket, verify=False)
        elif noted is not None and not noted["metadata"].get("deletionTimestamp"):
            log.error(
                "Namespace %s does not carry this hub's label (any more): it is left alone, nothing starts there", name
            )

    def _is_ours(self, noted: Json) -> bool:
        marks = noted["metadata"].get("labels") or {}
        return bool(marks.get(labels.HUB) == label_value(self._sources.envelope.hub_id))

    async def _one(self, noted: Json, docket: _Docket, *, verify: bool) -> None:
        name = noted["metadata"]["name"]
        try:
            came = await self._settle(self._views.namespace(name).seen or noted, docket, verify=verify)
        except GaveWay:
            if not self._turns.wanted(name):
                self.touch(name)
            return
        except TenantSpawnerError as trouble:
            docket.tally.fail(name, trouble)
            return
        docket.tally.came[came] += 1
        if came is Came.CHANGED:
            self.state = replace(self.state, changed=self.state.changed + 1)
        elif came is Came.REPAIRED:
            self._repairs[name] = self._repairs.get(name, 0) + 1
            self.state = replace(self.state, repaired=self.state.repaired + 1)

    async def _settle(self, noted: Json, docket: _Docket, *, verify: bool) -> Came:
        """Judge one namespace and carry that out."""
        metadata = noted["metadata"]
        name = metadata["name"]
        marks = metadata.get("labels") or {}
        standing = standing_of(name, marks, metadata.get("annotations") or {})
        if standing is None or not self._is_ours(noted) or name == self._sources.envelope.hub_namespace:
            return Came.IN_LINE
        ruling = self._ruling(standing, docket)
        if isinstance(ruling, Leave):
            return Came.IN_LINE
        deadline = Deadline.after(ONE)
        async with self._turns.upkeep(name) as turn:
            if isinstance(ruling, Close):
                docket.tally.closed[name] = ruling.why
                return await close(self._hands, turn, noted, deadline)
            entitlement = ruling.entitlement
            around = await self._around(entitlement.tenant_id, entitlement.tenant, docket)
            wanted = provisions(Site(name, entitlement, around))
            if wanted is None:
                return Came.IN_LINE
            return await keep(self._hands, turn, wanted, noted, deadline, verify=verify)

    def _ruling(self, standing: Standing, docket: _Docket) -> Ruling:
        """Judge; before a person's namespace is closed, the hub is asked about them once more."""
        person = standing.person
        if person is None:
            return judge(standing, docket.law, None)
        unknown = Identity(person) if docket.people else None
        ruling = judge(standing, docket.law, docket.people.get(person) or unknown)
        if isinstance(ruling, Keep):
            return ruling
        return judge(standing, docket.law, self._sources.person(person) or unknown)

    async def _around(self, tenant_id: TenantId, tenant: Tenant, docket: _Docket) -> Surroundings:
        """What is around a tenant's namespaces, read once a pass."""

        async def read() -> Surroundings:
            return await self._sources.around(tenant)

        task = docket.arounds.get(tenant_id)
        if task is None:
            task = docket.arounds[tenant_id] = asyncio.create_task(read(), name=f"surroundings of {tenant_id}")
        return await asyncio.shield(task)
