"""A reconciler with a tenancy and people that a test can change, over the embedded cluster."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tenantspawner.cluster import Cluster, Connection, Deadline, connect
from tenantspawner.errors import TenancyUnavailable
from tenantspawner.kube import kinds
from tenantspawner.lifecycle import Configured, Journal, Pace, Reconciler, Sources, Turns, surroundings
from tenantspawner.lifecycle.servers.provision import provision
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.plan import Site, namespace_name, provisions
from tenantspawner.policy import Identity, Username, entitle
from tenantspawner.tenancy import Envelope, Source, Tenancy, read
from tests.support.hubs import eventually

HOME = "jupyterhub"
BOUNDS = {
    "hub_id": "hub",
    "hub_namespace": HOME,
    "namespace_prefix": "hub-",
    "allowed_object_kinds": ("ConfigMap",),
    "allowed_cluster_roles": ("view", "edit"),
}
ENVELOPE = Envelope.model_validate(BOUNDS, by_name=True)
QUOTA = "tenantspawner"


def soon() -> Deadline:
    return Deadline.after(20)


def person(name: str, *groups: str) -> Identity:
    return Identity(Username(name), frozenset(groups))


def tenancy_of(text: str) -> Tenancy:
    reading = read([Source("tenants.yaml", text)], ENVELOPE)
    assert reading.tenancy is not None, reading.problems
    return reading.tenancy


@dataclass
class Office:
    """What a hub would hold, and hands to look at the cluster."""

    local: LocalCluster
    cluster: Cluster
    turns: Turns = field(default_factory=Turns)
    people: dict[Username, Identity] = field(default_factory=dict)
    text: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)
    features: frozenset[str] = frozenset()
    _tenancy: Tenancy | None = None
    reconciler: Reconciler | None = None

    def know(self, *people: Identity) -> None:
        self.people |= {one.name: one for one in people}

    def edit(self, text: str) -> None:
        """Put a document in force."""
        self.text, self._tenancy = text, tenancy_of(text)
        if self.reconciler is not None:
            self.reconciler.edited()

    def tenancy(self) -> Tenancy:
        if self._tenancy is None:
            raise TenancyUnavailable("none yet")
        return self._tenancy

    def sources(self) -> Sources:
        async def everybody():
            return dict(self.people)

        async def tell(reason: str, note: str) -> None:
            self.told.append((reason, note))

        return Sources(ENVELOPE, self.tenancy, everybody, self.people.get, self.around, {}, tell)

    async def around(self, tenant):
        configured = Configured(ENVELOPE, ({"component": "hub"},), ())
        return await surroundings(self.cluster, configured, tenant, soon(), features=self.features, hub_binding=None)

    async def settle_in(self, name: str, tenant: str) -> str:
        """Provision a person's namespace, as a start does; returns its name."""
        from datetime import date

        who = self.people.get(Username(name), person(name))
        every = entitle(self.tenancy(), who, date(2026, 1, 1)).tenants
        entitlement = next(one for one in every if one.tenant_id == tenant)
        namespace = namespace_name(entitlement, ENVELOPE, HOME)
        wanted = provisions(Site(namespace, entitlement, await self.around(entitlement.tenant)))
        async with self.turns.start(namespace):
            await provision(self.cluster, wanted, soon(), Journal())
        return namespace

    @asynccontextmanager
    async def at_work(self, pace: Pace | None = None, cluster: Cluster | None = None):
        """Reconcile in the background."""
        self.reconciler = Reconciler(cluster or self.cluster, self.sources(), self.turns, pace or Pace())
        task = asyncio.create_task(self.reconciler.run())
        try:
            yield self.reconciler
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def passed(self, passes: int = 1) -> None:
        """Wait for so many whole passes."""
        await eventually(lambda: self.reconciler.state.passes >= passes)

    # -- looking

    def get(self, kind, namespace, name) -> Any:
        return self.local.store.get(kind, namespace, name)

    def hard(self, namespace: str) -> dict[str, str]:
        found = self.get(kinds.RESOURCE_QUOTA, namespace, QUOTA)
        return dict(found["spec"]["hard"]) if found else {}

    def notes(self, namespace: str) -> dict[str, str]:
        return self.get(kinds.NAMESPACE, None, namespace)["metadata"]["annotations"]

    def change(self, kind, namespace, name, **parts) -> None:
        """Change an object as somebody would, past everything."""
        there = self.get(kind, namespace, name)
        self.local.store.put(kind, {**there, **parts})

    def writes(self, since: int = 0) -> list[str]:
        reads = {"get", "list", "watch"}
        rows = [*self.local.requests][since:]
        return [str(row) for row in rows if row.verb not in reads and "reviews" not in row.plural]

    def pod(self, namespace: str, name: str = "server") -> None:
        """A server that runs, as far as objects go."""
        spec = {"containers": [{"name": "notebook", "image": "x"}]}
        metadata = {"name": name, "namespace": namespace}
        self.local.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


@asynccontextmanager
async def an_office(document: str = "", users=None):
    async with LocalCluster(users) as local:
        cluster = await connect(Connection(kubeconfig=str(local.kubeconfig())))
        local.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}})
        office = Office(local, cluster)
        if document:
            office.edit(document)
        try:
            yield office
        finally:
            await cluster.close()


__all__ = ["ENVELOPE", "HOME", "Office", "an_office", "eventually", "person", "replace", "soon", "tenancy_of"]
