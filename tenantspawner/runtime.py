"""The composition root: one client, one set of watches, one feed for all spawners of a process.

Made at the first spawner that needs it, for each different `Wiring` (there is one in practice). Starting makes no
request and never fails for want of an API server: watches go on trying, and whoever needs an answer is told.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tenantspawner.cluster import Cluster, Connection, Deadline, connect
from tenantspawner.errors import TenancyUnavailable, TenantSpawnerError
from tenantspawner.form import Availability
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.names import label_value
from tenantspawner.kube.objects import Pod
from tenantspawner.kube.objects import read as read_object
from tenantspawner.lifecycle import (
    Allowances,
    Care,
    Configured,
    Crowd,
    Feed,
    Pace,
    Reconciler,
    Server,
    SharedLines,
    Sight,
    Sources,
    Sweeper,
    Team,
    Treasury,
    Turns,
    Where,
    availability,
    examine,
    narrowed,
    others_in,
    shared_teams_of,
    surroundings,
    teams_of,
)
from tenantspawner.plan import Binding, Surroundings, subject_of
from tenantspawner.policy import option_problems
from tenantspawner.tenancy import Envelope, Reading, Source, Tenancy, read
from tenantspawner.tenancy.models import Tenant, TenantId

log = logging.getLogger(__name__)

GLANCE = 1.0  # seconds that a form waits to see what it can do without
SETTLE = 30.0  # seconds to wait for the first tenancy, where no other time is set


@dataclass(frozen=True)
class Wiring:
    """What a runtime is made of; equal wirings share one."""

    connection: Connection
    envelope: Envelope
    where: Where | None = None
    hub_profiles: tuple[str, ...] | None = None
    care: Care = field(default_factory=Care)


@dataclass
class Runtime:
    """What the spawners of a process share. `close` ends everything it started."""

    wiring: Wiring
    cluster: Cluster
    sight: Sight
    feed: Feed | None
    treasury: Treasury | None = None
    turns: Turns = field(default_factory=Turns)
    reconciler: Reconciler | None = None
    allowances: Allowances = field(init=False)
    shared: SharedLines = field(init=False)
    crowd: Crowd = field(init=False)
    _sweeping: bool = False
    _examined: bool = False
    _features: frozenset[str] | None = None
    _whoami: str = ""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.allowances = Allowances(self.cluster)
        self.shared = SharedLines(self.cluster, self.allowances, self.shared_teams)
        if self.feed is not None:
            self.feed.on_change(lambda _: self.shared.edited())
        self.crowd = Crowd(lambda: self._in_line().total())

    @classmethod
    async def start(cls, wiring: Wiring) -> "Runtime":
        """Connect and begin to watch.

        Raises
        ------
        AdminMustAct
            There is no way to know where the cluster is.
        """
        cluster = await connect(wiring.connection)
        if wiring.where is None:
            return cls(wiring, cluster, Sight(cluster), None)
        feed = Feed(cluster, wiring.where, partial(_read, wiring))
        feed.start()
        envelope = wiring.envelope
        treasury = Treasury(cluster, envelope.hub_namespace, envelope.hub_id, partial(_teams, feed, envelope.hub_id))
        treasury.start()
        feed.on_change(lambda _: treasury.edited())
        return cls(wiring, cluster, Sight(cluster, treasury.on_pod), feed, treasury)

    def sweep(self, known: Callable[[], Awaitable[Collection[Server]]]) -> None:
        """Begin to sweep what nobody knows; once."""
        if not self._sweeping and self.wiring.care.interval > 0:
            self._sweeping = True
            hub = label_value(self.wiring.envelope.hub_id)
            sweeper = Sweeper(self.cluster, hub, self.sight.watches, known, self.wiring.care)
            self._tasks.append(asyncio.create_task(sweeper.run(), name="sweeper"))
            if self.treasury is not None:
                self._tasks.append(
                    asyncio.create_task(self._sweep_budgets(self.treasury, known), name="budget sweeper")
                )

    async def _sweep_budgets(self, treasury: Treasury, up: Callable[[], Awaitable[object]]) -> None:
        """Return lost grants, from the moment the hub is up, and once a tenancy is in force."""
        await up()
        edited = asyncio.Event()
        if self.feed is not None:
            self.feed.on_change(lambda _: edited.set())  # a budget that is new finds quotas that were no grants
        while True:
            edited.clear()
            await treasury.sweep(self.wiring.care.age)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.wiring.care.interval):
                    await edited.wait()

    def examine(self, configured: Configured) -> None:
        """Begin to look at what the hub may do and what the cluster can; once."""
        if self._examined or self.feed is None:
            return
        self._examined = True

        async def look(feed: Feed) -> None:
            await feed.settled(Deadline.after(SETTLE))
            await examine(self.cluster, partial(_in_force, feed), configured)

        self._tasks.append(asyncio.create_task(look(self.feed), name="examination"))

    def reconcile(
        self, sources: Callable[["Runtime", Feed], Sources], pace: Pace, up: Callable[[], Awaitable[None]]
    ) -> None:
        """Begin to carry the tenancy to the namespaces that exist, as soon as the hub is up; once."""
        if self.reconciler is not None or self.feed is None:
            return
        reconciler = self.reconciler = Reconciler(self.cluster, sources(self, self.feed), self.turns, pace)
        self.feed.on_change(reconciler.edited)

        async def run(feed: Feed) -> None:
            await up()
            await feed.settled(Deadline.after(pace.interval or SETTLE))
            await reconciler.run()

        self._tasks.append(asyncio.create_task(run(self.feed), name="reconciler"))

    def teams(self) -> Mapping[str, Team]:
        """The teams whose budget is leased, in the tenancy of this moment."""
        return _teams(self.feed, self.wiring.envelope.hub_id) if self.feed else {}

    def shared_teams(self) -> Mapping[str, Team]:
        """The teams whose people share a namespace, in the tenancy of this moment."""
        tenancy = _in_force(self.feed) if self.feed else None
        return shared_teams_of(tenancy, self.wiring.envelope.hub_id) if tenancy else {}

    @property
    def waiting(self) -> Counter[str]:
        """How many starts wait, by tenant: in line for a budget, or behind the gate of a queue."""
        return self._in_line() + self.crowd.by_tenant

    def has_room(self, most: int | None) -> bool:
        """Whether one more start may wait, where at most so many may."""
        return most is None or self.waiting.total() < most

    def _in_line(self) -> Counter[str]:
        leased = Counter(self.treasury.waiting) if self.treasury else Counter[str]()
        return leased + Counter(self.shared.waiting)

    async def availability(self, tenant_ids: Iterable[str], places: Mapping[TenantId, str]) -> Availability:
        """What is free of the budgets of these tenants, and in the person's namespaces by tenant, as far as it is known."""
        known = availability(self.teams(), self.treasury.ledger, tenant_ids) if self.treasury else {}
        return narrowed(known, await others_in(self.cluster, places, Deadline.after(GLANCE)))

    def watches(self) -> dict[str, bool]:
        """By kind: whether everything that is seen of it is up to date."""
        found = {"configmaps": self.feed.healthy} if self.feed else {}
        if self.treasury is not None:
            found["leases"] = self.treasury.healthy
        return found | {"pods": all(watch.healthy for watch in self.sight.watches())}

    async def around(self, configured: Configured, tenant: Tenant, deadline: Deadline) -> Surroundings:
        """Read what the plan of anything in a tenant needs of hub and cluster."""
        role = configured.hub_cluster_role
        binding = Binding(role, subject_of(await self.whoami(deadline))) if role else None
        features = await self.features(deadline)
        return await surroundings(self.cluster, configured, tenant, deadline, features=features, hub_binding=binding)

    async def features(self, deadline: Deadline) -> frozenset[str]:
        """The API groups the cluster serves; asked until there was an answer."""
        if self._features is None:
            try:
                self._features = await self.cluster.groups(deadline)
            except TenantSpawnerError as trouble:
                log.warning("Cannot ask which API groups there are: %s", trouble.detail)
                return frozenset()
        return self._features

    async def whoami(self, deadline: Deadline) -> str:
        """The hub's own user name to the API server; asked once."""
        if not self._whoami:
            self._whoami = await self.cluster.whoami(deadline)
        return self._whoami

    async def look(
        self, namespace: str, name: str, ours: Callable[[Mapping[str, Any]], bool], deadline: Deadline
    ) -> Pod | None:
        """Ask the API server for a pod by name; None when there is none, or it is not ours."""
        found = await self.cluster.get(POD, namespace, name, deadline)
        return read_object(Pod, found) if found is not None and ours(found) else None

    async def close(self) -> None:
        """End all watches and connections, at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.feed is not None:
            await self.feed.close()
        await self.sight.close()
        await self.shared.close()
        if self.treasury is not None:
            await self.treasury.close()
        await self.cluster.close()


def _in_force(feed: Feed) -> Tenancy | None:
    try:
        return feed.tenancy()
    except TenancyUnavailable:
        return None


def _teams(feed: Feed, hub_id: str) -> Mapping[str, Team]:
    tenancy = _in_force(feed)
    return teams_of(tenancy, hub_id) if tenancy else {}


def _read(wiring: Wiring, sources: Sequence[Source]) -> Reading:
    """Read a tenancy as `check` does, with the hub's own bounds."""
    today = datetime.now(UTC).date()
    return read(sources, wiring.envelope, hub_profiles=wiring.hub_profiles, today=today, further=option_problems)


_running: dict[Wiring, asyncio.Task[Runtime]] = {}


async def runtime(wiring: Wiring) -> Runtime:
    """Return the runtime of a wiring, started at the first call."""
    task = _running.get(wiring)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = asyncio.create_task(Runtime.start(wiring), name="runtime")
        _running[wiring] = task
    return await asyncio.shield(task)


def running() -> list[Runtime]:
    """The runtimes that have started."""
    started = (task for task in _running.values() if task.done() and not task.cancelled())
    return [task.result() for task in started if task.exception() is None]


async def close_all() -> None:
    """Close every runtime of this process."""
    tasks = [*_running.values()]
    _running.clear()
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is None:
            await task.result().close()
