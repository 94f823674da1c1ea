"""An edit carried to 500 namespaces on a real control plane, and what that costs the starts of others.

    python -m benchmarks.reconcile [--namespaces 500] [--controller-qps 150] [--blind]

Prints how long the edit took, how many requests the API server was asked and how many it answered with 429, and how long
a first start is provisioned (namespace, quota in force, policies, account, pod) before and while an edit is carried. Starts come
at random, about two a second. The quota controller counts each changed quota anew, by default at most 20 a second, which then is
the limit of all that waits for a quota, starts too; ``--controller-qps 20`` shows that. ``--blind`` is a hub without the right to watch what it compares. Fails when a bound is passed.
"""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from statistics import median

from tenantspawner.cluster import Cluster, Connection, Deadline, connect
from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle import Configured, Journal, Pace, Reconciler, Sources, Turns, surroundings
from tenantspawner.lifecycle.servers.provision import provision
from tenantspawner.plan import Site, namespace_name, provisions
from tenantspawner.policy import Identity, Username, entitle
from tenantspawner.tenancy import Envelope, Source, read
from tests.support.controlplane.identities import Identity as Caller
from tests.support.controlplane.plane import ControlPlane

HUB = "system:serviceaccount:jupyterhub:hub"
ENVELOPE = Envelope.model_validate(
    {"hub_id": "hub", "hub_namespace": "jupyterhub", "namespace_prefix": "hub-"}, by_name=True
)
SECONDS = 10.0
SLOWER = 1.2
STARTS = 30
DOCUMENT = """
version: 1
profiles: {{small: {{cpu: 100m, memory: 64Mi}}}}
tenants:
  physics: &t
    members: [{{groups: [physics]}}]
    images: [quay.io/x/y:1]
    profiles: [small]
    quota: {{user: {{cpu: {cpu}, memory: 8Gi}}}}
  chemistry:
    members: [{{groups: [chemistry]}}]
    images: [quay.io/x/y:1]
    profiles: [small]
    quota: {{user: {{cpu: 2, memory: 8Gi}}}}
""".replace(" &t", "")


@dataclass
class Hub:
    """As much of a hub as reconciling and provisioning need."""

    cluster: Cluster
    turns: Turns
    people: dict[Username, Identity]
    cpu: int = 4

    def tenancy(self):
        return self._read(self.cpu)

    def _read(self, cpu):
        cached = self.__dict__.setdefault("cached", {})
        if cpu not in cached:
            cached[cpu] = read([Source("tenants.yaml", DOCUMENT.format(cpu=cpu))], ENVELOPE).tenancy
        return cached[cpu]

    async def around(self, tenant):
        deadline = Deadline.after(30)
        configured = Configured(ENVELOPE, ({"component": "hub"},), ())
        return await surroundings(
            self.cluster, configured, tenant, deadline, features=frozenset({"resource.k8s.io"}), hub_binding=None
        )

    def sources(self):
        async def everybody():
            return dict(self.people)

        async def tell(reason, note):
            print(reason, note)

        return Sources(ENVELOPE, self.tenancy, everybody, self.people.get, self.around, {}, tell)

    async def start(self, name: str) -> float:
        """Provision a person's namespace and create a pod; returns the seconds it took."""
        entitlement = entitle(self.tenancy(), self.people[Username(name)], date(2026, 1, 1)).tenants[0]
        namespace = namespace_name(entitlement, ENVELOPE, "jupyterhub")
        wanted = provisions(Site(namespace, entitlement, await self.around(entitlement.tenant)))
        begun = time.perf_counter()
        async with self.turns.start(namespace):
            await provision(self.cluster, wanted, Deadline.after(60), Journal())
            await self.cluster.create(pod(namespace), Deadline.after(30))
        return time.perf_counter() - begun


def pod(namespace):
    resources = {"limits": {"cpu": "100m", "memory": "64Mi"}}
    security = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "notebook", "image": "x", "resources": resources, "securityContext": security}
    spec = {"containers": [container], "serviceAccountName": "notebook", "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server", "namespace": namespace}, "spec": spec}


def known(kind: str, number: int) -> dict[Username, Identity]:
    names = [Username(f"{kind[0]}{each}") for each in range(number)]
    return {name: Identity(name, frozenset({kind})) for name in names}


async def provisioned(hub: Hub, number: int) -> None:
    waiting = [f"p{each}" for each in range(number)]

    async def work():
        while waiting:
            await hub.start(waiting.pop())

    await asyncio.gather(*(work() for _ in range(10)))


async def starts(hub: Hub, names: list[str]) -> list[float]:
    """First starts of others, one after the other with random pauses."""
    took = []
    for name in names:
        await asyncio.sleep(random.uniform(0.1, 0.6))
        took.append(await hub.start(name))
    return took


async def carried(hub: Hub, reconciler: Reconciler, number: int, cpu: int) -> float:
    """Edit, and wait until every namespace has it, as the API server says."""
    before, begun, worked = reconciler.state.passes, time.perf_counter(), time.process_time()
    hub.cpu = cpu
    reconciler.edited()
    await until(lambda: reconciler.state.passes > before)
    took, cpu_time = time.perf_counter() - begun, time.process_time() - worked
    print(f"  {cpu_time:.1f} s of the hub's CPU, with everything else it did")
    quotas = await hub.cluster.list(
        kinds.RESOURCE_QUOTA, label_selector=f"{labels.TENANT}=physics", deadline=Deadline.after(30)
    )
    assert Counter(quota["spec"]["hard"]["limits.cpu"] for quota in quotas) == {str(cpu): number}
    return took


async def until(holds) -> None:
    limit = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < limit
        await asyncio.sleep(0.02)


def asked(plane: ControlPlane, mark) -> tuple[int, int, Counter[str]]:
    rows = [row for row in plane.audit(since=mark) if row.user == HUB]
    verbs = Counter(f"{row.verb} {row.resource}" for row in rows)
    return len(rows), sum(row.code == 429 for row in rows), verbs


async def measure(plane: ControlPlane, kubeconfig: str, number: int, *, blind: bool) -> bool:
    cluster = await connect(Connection(kubeconfig=kubeconfig))
    people = known("physics", number) | known("chemistry", 4 * STARTS)
    hub = Hub(cluster, Turns(), people)
    others = [str(name) for name in people if name.startswith("c")]
    try:
        begun = time.perf_counter()
        await provisioned(hub, number)
        print(f"{number} namespaces provisioned in {time.perf_counter() - begun:.1f} s")
        await starts(hub, others[:5])
        quiet = await starts(hub, others[5 : 5 + STARTS])
        reconciler = Reconciler(cluster, hub.sources(), hub.turns, Pace(interval=0))
        if blind:
            reconciler._views.open = nothing  # noqa: SLF001 - a right that is not there
        task = asyncio.create_task(reconciler.run())
        await until(lambda: reconciler.state.passes)
        mark = await asyncio.to_thread(plane.audit_mark)
        alone = await carried(hub, reconciler, number, 6)
        requests, refused, verbs = await asyncio.to_thread(asked, plane, mark)
        print(
            f"edit alone: {alone:.1f} s, {requests} requests ({requests / number:.1f} a namespace), {refused} answered 429"
        )
        print("  " + ", ".join(f"{count} {verb}" for verb, count in verbs.most_common(8)))
        mark = await asyncio.to_thread(plane.audit_mark)
        busy, last, cpu = [], alone, 7
        rest = others[5 + STARTS :]
        while len(busy) < STARTS:
            edit = asyncio.create_task(carried(hub, reconciler, number, cpu))
            while not edit.done() and len(busy) < STARTS:
                busy += await starts(hub, [rest.pop()])
            last, cpu = await edit, cpu + 1
        refused_too = (await asyncio.to_thread(asked, plane, mark))[1]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    finally:
        await cluster.close()
    slower = median(busy) / median(quiet)
    print(f"edit beside starts: {last:.1f} s, {refused_too} answered 429")
    print(
        f"a first start: {median(quiet) * 1000:.0f} ms before, {median(busy) * 1000:.0f} ms while an edit is carried ({slower:.2f} times)"
    )
    return (blind or alone <= SECONDS) and not refused and not refused_too and slower <= SLOWER


async def nothing(_: Deadline) -> None:
    """A hub that may not watch."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=500)
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--controller-qps", type=int, default=150)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="  log: %(message)s")
    caller = Caller(HUB, ("system:serviceaccounts", "system:serviceaccounts:jupyterhub"))
    pace = [f"--kube-api-qps={options.controller_qps}", f"--kube-api-burst={options.controller_qps * 3 // 2}"]
    with ControlPlane([caller], flags={"kube-controller-manager": pace}) as plane:
        plane.kubectl("create", "clusterrolebinding", "hub", "--clusterrole=cluster-admin", f"--user={HUB}")
        plane.kubectl("create", "namespace", "jupyterhub")
        held = asyncio.run(measure(plane, str(plane.kubeconfig(HUB)), options.namespaces, blind=options.blind))
    print("within all bounds" if held else "a bound was passed")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
