"""A team's budget on either cluster: hubs without JupyterHub whose starts take grants, and every version the API ever served.

`broken` replays all versions of quotas, ledgers and pods in the order in which they were written, and answers where a quota was more
than its ledger entry, the ledger more than the budget, or the pods more than the budget.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from tenantspawner.budget import Ledger
from tenantspawner.cluster import Deadline
from tenantspawner.kube import kinds, labels
from tenantspawner.kube.charges import in_quota
from tenantspawner.kube.names import label_value
from tenantspawner.kube.quantities import parse
from tenantspawner.lifecycle import Journal, Manner, Started, lease_of, spawn
from tenantspawner.localcluster import LocalCluster
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.node import Node
from tenantspawner.localcluster.scheduler import Scheduler
from tenantspawner.policy import Identity, Username, entitle
from tests.support.hubs import LIGHT, eventually
from tests.support.lifehubs import TENANCY, LifeHub, a_hub, envelope
from tests.support.served import Version, Versions, in_history, on_watches

GPU = "requests.nvidia.com/gpu"
BUDGET = 10
HUB = UserInfo("the-hub", "", ("system:masters",))
HEAD = """\
version: 1
contact: help@example.edu
images: {{light: {{image: "localhost/light:1"}}, absent: {{image: "localhost/light-absent:1"}}}}
profiles:
  g0: {{cpu: 10m, memory: 16Mi}}
  g1: {{cpu: 10m, memory: 16Mi, gpu: 1}}
  g2: {{cpu: 10m, memory: 16Mi, gpu: 2}}
  g4: {{cpu: 10m, memory: 16Mi, gpu: 4}}
  broken: {{cpu: 10m, memory: 16Mi, gpu: 1, images: [absent]}}
tenants:
  physics:
    displayName: Physics
    members: [{{users: ["*"]}}]
    images: [light, absent]
    profiles: [g0, g1, g2, g4, broken]
    quota: {{{quota}}}
    storage: {{capacity: 1Gi}}
"""


def document(budget: int | None = BUDGET, user: str = "") -> str:
    """A tenancy with that many GPUs for the team; None for no budget at all."""
    team = [] if budget is None else [f"team: {{gpu: {budget}}}"]
    return HEAD.format(quota=", ".join([*team, *([f"user: {{{user}}}"] if user else [])]))


@dataclass
class Ground:
    """A cluster under hubs: where it is, what is there, and all that ever was."""

    kubeconfig: Path
    home: str
    listed: Callable[[kinds.Kind], list[dict[str, Any]]]
    versions: Versions

    def ledger(self) -> Ledger:
        leases = [one for one in self.listed(kinds.LEASE) if one["metadata"]["namespace"] == self.home]
        texts = [(one["metadata"].get("annotations") or {}).get(labels.LEDGER, "") for one in leases]
        return next((Ledger.parse(text) for text in texts if text), Ledger())

    def pods(self) -> list[dict[str, Any]]:
        return [pod for pod in self.listed(kinds.POD) if labels.HUB in pod["metadata"].get("labels", {})]

    def used(self) -> Decimal:
        return sum((in_quota(pod).get(GPU, Decimal(0)) for pod in self.pods()), Decimal(0))

    def allowed(self) -> Decimal:
        quotas = [one for one in self.listed(kinds.RESOURCE_QUOTA) if one["metadata"]["name"] == "tenantspawner"]
        return sum((parse(one["spec"]["hard"].get(GPU, "0")) for one in quotas), Decimal(0))

    async def exact(self, within: float = 15) -> None:
        """Wait until granted and allowed are what the pods use."""
        await eventually(
            lambda: self.ledger().granted[GPU] == self.allowed() == self.used(),
            within,
            "what is granted is not what is used",
        )


def broken(versions: Iterable[Version], budget: int = BUDGET) -> list[str]:
    """Replay everything, and tell where it did not hold."""
    quotas: dict[str, Decimal] = {}
    pods: dict[tuple[str, str], Decimal] = {}
    ledger, found, seen = Ledger(), [], 0
    for version in sorted(versions, key=lambda one: one.number):
        seen += 1
        metadata = version.object["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        match version.kind:
            case "Lease" if name.startswith("tenantspawner-budget-"):
                text = (metadata.get("annotations") or {}).get(labels.LEDGER, "")
                ledger = Ledger.parse(text) if text and not version.gone else Ledger()
            case "ResourceQuota" if name == "tenantspawner":
                # a key that is not there does not limit
                quotas[namespace] = (
                    Decimal(0) if version.gone else parse(version.object["spec"]["hard"].get(GPU, "1000"))
                )
            case "Pod" if labels.HUB in metadata.get("labels", {}):
                pods[namespace, name] = (
                    Decimal(0) if version.gone else Decimal(in_quota(version.object).get(GPU, Decimal(0)))
                )
            case _:
                continue
        for each in quotas if version.kind == "Lease" else quotas.keys() & {namespace}:
            if quotas[each] > ledger.entry(each)[GPU]:
                found.append(f"{version.number}: {each} allows {quotas[each]}, granted {ledger.entry(each)}")
        if ledger.granted[GPU] > budget or sum(pods.values()) > budget:
            found.append(f"{version.number}: {ledger.granted} granted, {sum(pods.values())} used of {budget}")
    assert seen > 0, "nothing was replayed"
    return found


@asynccontextmanager
async def embedded(text: str, folder: Path, home: str = "jupyterhub") -> AsyncIterator[tuple[Ground, LocalCluster]]:
    """The embedded cluster with a node of light servers."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster({"hub": HUB}, history=200_000))
        token = local.token("admin")
        await stack.enter_async_context(Scheduler(local.url, token, local.ca_file))
        capacity = {"cpu": "512", "memory": "4Ti", "pods": "500", "nvidia.com/gpu": "64"}
        place = {"name": "local", "data_dir": folder / "node", "capacity": capacity, "options": LIGHT}
        await stack.enter_async_context(Node(local.url, token, local.ca_file, **place))
        local.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}})
        where = {"name": TENANCY, "namespace": home}
        local.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": {"tenants.yaml": text}})

        yield Ground(local.kubeconfig("hub"), home, local.store.list, in_history(local)), local


def on_a_plane(plane: Any, kubeconfig: Path, home: str) -> Ground:
    """The real control plane; its watch cache is asked afterwards for all that it has served since now."""

    def listed(kind: kinds.Kind) -> list[dict[str, Any]]:
        selector = f"?labelSelector={labels.HUB}%3D{home}" if kind is not kinds.LEASE else ""
        path = kind.path(home if kind is kinds.LEASE else None)
        found: list[dict[str, Any]] = plane.request("GET", path + selector).body["items"]
        return found

    return Ground(kubeconfig, home, listed, on_watches(plane, home))


@asynccontextmanager
async def hubs_of(ground: Ground, count: int = 1) -> AsyncIterator[list[LifeHub]]:
    """So many hubs of one id, each with a treasury of its own."""
    async with AsyncExitStack() as stack:
        where = envelope(ground.home)
        yield [await stack.enter_async_context(a_hub(ground.kubeconfig, where, role="")) for _ in range(count)]


async def click(hub: LifeHub, person: str, size: int | str = 1, *, within: float = 90, grace: float = 45) -> Started:
    """Start somebody's server as the spawner does: look first, then hold what it takes while the pod is made."""
    deadline = Deadline.after(within)
    plan = await hub.plan(person, deadline, f"g{size}" if isinstance(size, int) else size)
    assert hub.run.feed is not None
    assert hub.run.treasury is not None
    who = Identity(Username(person), frozenset())
    entitlement = entitle(hub.run.feed.tenancy(), who, datetime.now(UTC).date(), {}).tenants[0]
    lease = lease_of(hub.run.teams().get("physics"), entitlement, plan)
    if lease is not None:
        await hub.run.treasury.settled(plan.namespace)
        await hub.run.treasury.afford(lease, deadline)
    hub.servers[person] = plan
    selector = f"{labels.HUB}={label_value(hub.hub_id)}"

    async def nothing(_: object) -> None:
        """The database is the test's affair."""

    return await spawn(
        hub.run.cluster,
        lambda limit: hub.run.sight.pods(plan.namespace, selector, limit),
        plan,
        deadline,
        Journal(),
        manner=Manner(grace=grace, events=False),
        turns=hub.run.turns,
        on_made=nothing,
        hold=partial(hub.run.treasury.take, lease),
    )
