"""A stand-in for Kueue's pod controller, as far as a pod sees of it. Kueue itself is not here: no queues, no workloads, no webhook.

The gate, which Kueue's webhook adds, is in the hub's pod configuration. The stand-in marks each gated pod of a queue as managed and
gives it Kueue's finalizer; admits those that it is told to, with the event that Kueue writes; and takes the finalizer away
from pods that are deleted. Names and steps are those of kubernetes-sigs/kueue, pkg/controller/jobs/pod.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tenantspawner.cluster import Cluster, Connection, Deadline, connect
from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.objects import Pod
from tenantspawner.localcluster.demo.world import World
from tests.support import clusterside

GATE = "kueue.x-k8s.io/admission"
QUEUE = "kueue.x-k8s.io/queue-name"
MANAGED = "kueue.x-k8s.io/managed"
POD_CONFIG = {"schedulingGates": [{"name": GATE}]}


class Kueue:
    """Opens the gate of pods without a queue's name at once, and of a queue's pods as `admit` says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._admitted: set[str] = set()
        self._dirty = asyncio.Event()
        self.watch = cluster.watch(Pod)

    def admit(self, *people: str) -> None:
        """Let these people's pods in, those that are there and those that come."""
        self._admitted.update(f"jupyter-{name}" for name in people)
        self._dirty.set()

    async def run(self) -> None:
        """Do what is to be done, until cancelled."""
        self.watch.store.on_change(lambda _old, _new: self._dirty.set())
        self.watch.start()
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            for pod in self.watch.store.all():
                try:
                    await self._look(pod)
                except ApiError:  # seen late
                    self._dirty.set()
                    await asyncio.sleep(0.05)

    async def _look(self, pod: Pod) -> None:
        queued, held = QUEUE in pod.metadata.labels, MANAGED in pod.metadata.finalizers
        if pod.going:
            if held:
                await self._patch(pod, {"metadata": {"finalizers": None}})
        elif queued and not held and pod.spec.scheduling_gates:
            await self._patch(pod, {"metadata": {"finalizers": [MANAGED], "labels": {MANAGED: "true"}}})
        elif pod.spec.scheduling_gates and (not queued or pod.metadata.name in self._admitted):
            await self._patch(pod, {"spec": {"schedulingGates": None}})
            await self._tell(pod, "Started", "Admitted by clusterQueue research")

    async def _patch(self, pod: Pod, body: dict[str, Any]) -> None:
        where = (pod.metadata.namespace, pod.metadata.name)
        await self._cluster.patch(POD, *where, body, Deadline.after(10), resource_version=pod.metadata.resource_version)

    async def _tell(self, pod: Pod, reason: str, message: str) -> None:
        metadata = pod.metadata
        about = {"kind": "Pod", "namespace": metadata.namespace, "name": metadata.name, "uid": metadata.uid}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata.name}.{metadata.uid[:8]}", "namespace": metadata.namespace},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Normal",
        }
        await self._cluster.create(event, Deadline.after(10))


@asynccontextmanager
async def a_kueue(world: World) -> AsyncIterator[Kueue]:
    """Let a stand-in run beside a world."""
    cluster_of = world.plane if isinstance(world, clusterside.PlaneWorld) else world.cluster
    kubeconfig = cluster_of.kubeconfig()
    cluster = await connect(Connection(kubeconfig=str(kubeconfig)))
    kueue = Kueue(cluster)
    task = asyncio.create_task(kueue.run())
    try:
        yield kueue
    finally:
        task.cancel()
        await kueue.watch.close()
        await cluster.close()
        with suppress(asyncio.CancelledError):
            await task
