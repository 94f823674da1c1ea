"""Starts without a hub: the verbs against the embedded cluster, with a node of light servers where pods must run.

Everything a start needs is made here as the hub makes it; each person has a namespace of their own, so that many starts
can share one cluster.
"""

import asyncio
import copy
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tenantspawner.cluster import Cluster, Connection, Deadline, Watch, connect
from tenantspawner.cluster.retry import Rules
from tenantspawner.kube import kinds, labels
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle import Journal, Made, Manner, Started, spawn
from tenantspawner.lifecycle.turns import Turns
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.node import ImageRule, Node, NodeOptions, Runs
from tenantspawner.localcluster.scheduler import Scheduler
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.plan import Plan
from tests.plan.drawing import drawn, pull_secret, tenant

QUICK = Rules(first_pause=0.01, total=3.0, attempt=1.0)
LIGHT = NodeOptions(
    pull_seconds=0.02,
    missing_images=("*absent*",),
    image_rules=(ImageRule("*", Runs.LIGHT, ("light",)),),
    first_backoff=0.5,
    config_retry=0.1,
)
HUB_CONFIG = {"storage_pvc_ensure": True, "storage_capacity": "1Gi"}
WHOLE = {
    "roles": ["tenantspawner-notebook"],
    "pullSecrets": ["registry"],
    "storage": {"capacity": "1Gi"},
    "quota": {"user": {"cpu": 4, "memory": "8Gi", "storage": "5Gi"}},
}


def a_plan(name: str = "ada", spawn_id: str = "spawn-1", config: Mapping[str, Any] | None = None, **keys: Any) -> Plan:
    """What a person of a tenant with everything in it gets; `keys` are laid over the tenant, `config` over the hub's."""
    document = tenant(**{**WHOLE, **keys})
    around = {"pull_secrets": {"registry": pull_secret("registry")}}
    plan = drawn(document, name, around=around, config={**HUB_CONFIG, **(config or {})})
    pod = copy.deepcopy(plan.pod)
    pod["metadata"]["annotations"][labels.SPAWN] = spawn_id
    return replace(plan, pod=pod)


@dataclass
class Lab:
    """A cluster, a client with all rights, and its view of all pods."""

    local: LocalCluster
    cluster: Cluster
    pods: Watch[Pod]
    turns: Turns = field(default_factory=Turns)
    made: list[Made] = field(default_factory=list)

    async def start(
        self,
        plan: Plan,
        *,
        within: float = 20.0,
        grace: float = 1.0,
        events: bool = True,
        journal: Journal | None = None,
        secrets: Collection[str] = (),
    ) -> Started:
        async def on_made(made: Made) -> None:
            self.made.append(made)

        async def view(_: Deadline) -> Watch[Pod]:
            return self.pods

        return await spawn(
            self.cluster,
            view,
            plan,
            Deadline.after(within),
            journal or Journal(),
            manner=Manner(grace, events, secrets),
            turns=self.turns,
            on_made=on_made,
        )

    def get(self, kind: kinds.Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.local.store.get(kind, namespace, name)
        return found

    def pod_of(self, plan: Plan) -> dict[str, Any] | None:
        return self.get(kinds.POD, plan.namespace, plan.pod_name)

    def ever(self, kind: kinds.Kind, namespace: str, what: str = "ADDED") -> list[Any]:
        """The changes of that sort in a namespace, in order."""
        return [
            event
            for event in self.local.store.history_since(0)
            if event.kind is kind and event.type == what and event.object["metadata"].get("namespace") == namespace
        ]

    def asked(self, verb: str, resource: str, namespace: str | None = None) -> list[Any]:
        """What the client asked, by the API's own log."""
        return [
            row
            for row in self.local.requests
            if row.user == "admin-of-tests"
            and (row.verb, row.resource) == (verb, resource)
            and namespace in {None, row.namespace}
        ]

    def make(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        return self.local.create(copy.deepcopy(dict(manifest)))

    def furnish(self, plan: Plan) -> None:
        """Make everything but pod and token, as an earlier start would have."""
        assert plan.provisions is not None
        for obj in plan.provisions.objects():
            self.make(obj)

    def put_status(self, kind: kinds.Kind, namespace: str | None, name: str, status: Mapping[str, Any]) -> None:
        there = self.get(kind, namespace, name)
        assert there is not None
        self.local.store.put(kind, {**there, "status": dict(status)})


@asynccontextmanager
async def a_lab(
    *, node: bool = True, settings: ClusterSettings | None = None, rules: Rules = QUICK, options: NodeOptions = LIGHT
) -> AsyncIterator[Lab]:
    users = {"tests": UserInfo("admin-of-tests", "", ("system:masters",))}
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster(users, settings=settings))
        if node:
            token, ca_file = local.token("admin"), local.ca_file
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await stack.enter_async_context(Scheduler(local.url, token, ca_file))
            await stack.enter_async_context(
                Node(
                    local.url,
                    token,
                    ca_file,
                    name="n1",
                    data_dir=folder,
                    capacity={"cpu": "640", "memory": "4Ti", "pods": "1000"},
                    options=options,
                )
            )
        cluster = await connect(Connection(kubeconfig=str(local.kubeconfig("tests"))))
        cluster._rules = rules
        stack.push_async_callback(cluster.close)
        pods = cluster.watch(Pod)
        pods.start()
        stack.push_async_callback(pods.close)
        await pods.synced(Deadline.after(10))
        yield Lab(local, cluster, pods)


async def timed(work: Any) -> tuple[float, Any]:
    """Seconds something took, and what it came to: its result, or the exception."""
    begun = time.monotonic()
    (result,) = await asyncio.gather(work, return_exceptions=True)
    return time.monotonic() - begun, result
