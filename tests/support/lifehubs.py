"""Hubs without JupyterHub: a runtime with a tenancy, and the verbs, for as many people as a test wants.

Each has its own namespace, id and prefix, so that several stand in one cluster. What JupyterHub would know, which people and
servers there are, the test says.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenantspawner.cluster import Connection, Deadline
from tenantspawner.kube import labels
from tenantspawner.kube.names import label_value
from tenantspawner.lifecycle import Care, Configured, Journal, Manner, Server, Sources, Started, Where, spawn, stop
from tenantspawner.plan import Chosen, Plan, PodSettings, ServerContext, draw, namespace_name, with_secret_env
from tenantspawner.policy import Identity, Username, choose, entitle, read_request
from tenantspawner.runtime import Runtime, Wiring
from tenantspawner.tenancy import Envelope

DOCUMENT = """\
version: 1
images: {light: {image: "localhost/light:1"}}
profiles:
  small: {cpu: 100m, memory: 64Mi}
  gpu: {cpu: 100m, memory: 64Mi, gpu: 1}
tenants:
  physics:
    members: [{users: ["*"]}]
    images: [light]
    profiles: [small, gpu]
    roles: [tenantspawner-notebook]
    quota: {user: {cpu: 2, memory: 4Gi, gpu: 1}}
    storage: {capacity: 1Gi}
"""
ROLE = "tenantspawner-hub-namespace"
TENANCY = "tenants"  # the ConfigMap


def envelope(namespace: str, *, hub_id: str = "", prefix: str = "") -> Envelope:
    name = hub_id or namespace
    return Envelope(hubId=name, hubNamespace=namespace, namespacePrefix=prefix or f"{name}-")


@dataclass
class LifeHub:
    """One hub; made by `a_hub`. `server` is what each person's server is called, so that another hub can have one beside it."""

    run: Runtime
    configured: Configured
    server: str = ""
    servers: dict[str, Plan] = field(default_factory=dict)
    people: dict[Username, Identity] = field(default_factory=dict)

    @property
    def home(self) -> str:
        return self.configured.envelope.hub_namespace

    @property
    def hub_id(self) -> str:
        return self.configured.envelope.hub_id

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.home}:hub"

    def namespace_of(self, person: str) -> str:
        return f"{self.configured.envelope.namespace_prefix}physics--{person}"

    async def plan(self, person: str, deadline: Deadline, profile: str = "small") -> Plan:
        assert self.run.feed is not None
        await self.run.feed.settled(deadline)
        identity = Identity(Username(person), frozenset())
        self.people[Username(person)] = identity
        today = datetime.now(UTC).date()
        entitled = entitle(self.run.feed.tenancy(), identity, today, {})
        choice = choose(entitled, read_request({"tenant": "physics", "profile": profile}))
        bounds = self.configured.envelope
        around = await self.run.around(self.configured, choice.entitlement.tenant, deadline)
        server = ServerContext(
            pod_name=f"jupyter-{person}--{self.server}" if self.server else f"jupyter-{person}",
            namespace=namespace_name(choice.entitlement, bounds, bounds.hub_namespace),
            username=person,
            pvc_name=f"claim-{person}",
            hub_namespace=bounds.hub_namespace,
            env={"JUPYTERHUB_API_TOKEN": secrets.token_hex(16), "JUPYTERHUB_USER": person},
        )
        server = with_secret_env(server, around, f"notebook-{secrets.token_hex(10)}")
        return draw(Chosen.of(choice, PodSettings(), server.pvc_name), server, around, secrets.token_hex(8))

    async def start(self, person: str, *, within: float = 60, profile: str = "small") -> Started:
        deadline = Deadline.after(within)
        plan = self.servers[person] = await self.plan(person, deadline, profile)
        selector = f"{labels.HUB}={label_value(self.hub_id)}"

        async def nothing(_: object) -> None:
            """The database is the test's affair."""

        return await spawn(
            self.run.cluster,
            lambda limit: self.run.sight.pods(plan.namespace, selector, limit),
            plan,
            deadline,
            Journal(),
            manner=Manner(events=False),
            turns=self.run.turns,
            on_made=nothing,
        )

    async def stop(self, person: str) -> bool:
        plan, deadline = self.servers[person], Deadline.after(60)
        pods = await self.run.sight.pods(plan.namespace, f"{labels.HUB}={label_value(self.hub_id)}", deadline)
        return await stop(
            self.run.cluster,
            pods.store,
            plan.namespace,
            plan.pod_name,
            ours=lambda pod: pod["metadata"]["annotations"][labels.OWNER] == person,
            deadline=deadline,
        )

    def known(self) -> set[Server]:
        return {Server(person, "") for person in self.servers}

    def sources(self) -> Sources:
        """What a reconciler asks; all of it is this hub's."""
        assert self.run.feed is not None

        async def everybody() -> Mapping[Username, Identity]:
            return self.people

        async def tell(reason: str, note: str) -> None:
            """Nobody listens."""

        return Sources(
            envelope=self.configured.envelope,
            tenancy=self.run.feed.tenancy,
            everybody=everybody,
            person=self.people.get,
            around=lambda tenant: self.run.around(self.configured, tenant, Deadline.after(30)),
            hub_profiles={},
            tell=tell,
        )


@asynccontextmanager
async def a_hub(kubeconfig: Path, bounds: Envelope, *, role: str = ROLE) -> AsyncIterator[LifeHub]:
    """Start a hub that reads its tenancy from the ConfigMap `tenants` of its namespace."""
    where = Where(bounds.hub_namespace, TENANCY)
    run = await Runtime.start(Wiring(Connection(kubeconfig=str(kubeconfig)), bounds, where, (), Care(interval=0)))
    secret = ("*TOKEN*", "*SECRET*", "*PASSWORD*", "*_KEY")
    try:
        yield LifeHub(run, Configured(bounds, ({"component": "hub"},), secret, role))
    finally:
        await run.close()


async def all_started(hub: LifeHub, people: Sequence[str], **how: Any) -> list[Started | BaseException]:
    """Start everybody's server at once."""
    return await asyncio.gather(*(hub.start(person, **how) for person in people), return_exceptions=True)
