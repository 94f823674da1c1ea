"""The embedded cluster's scheduler: binds pods to nodes over the API, as kube-scheduler does.

It follows pods and nodes, and after each change tries the pods that wait, the most important and oldest first. What it
has bound counts at once, before the watch shows it. A pod that fits nowhere gets the PodScheduled condition
``Unschedulable`` and a FailedScheduling event, once for each new reason, and is tried again when anything changes.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tenantspawner.errors import ApiError, ClusterTrouble
from tenantspawner.kube.kinds import NODE, PERSISTENT_VOLUME_CLAIM, POD
from tenantspawner.localcluster.node.client import Access, Client
from tenantspawner.localcluster.node.clock import timestamp
from tenantspawner.localcluster.node.events import EventRecorder, Subject
from tenantspawner.localcluster.node.reflector import Change, Reflector
from tenantspawner.localcluster.placement import Candidate, UnschedulableError, place, used_by

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

NAME = "default-scheduler"
NOT_FOUND = 404
RETRY_SECONDS = 0.5


class Scheduler:
    """One scheduler. `start` returns when it has seen all pods and nodes."""

    def __init__(
        self,
        url: str,
        token: str = "",
        ca_file: Path | None = None,
        *,
        client_cert: tuple[Path, Path] | None = None,
        insecure: bool = False,
    ) -> None:
        self._client = Client(Access(url, token, ca_file, client_cert, insecure))
        self._events = EventRecorder(self._client, NAME)
        self._pods = Reflector(self._client, POD.path(), self._observe)
        self._nodes = Reflector(self._client, NODE.path(), lambda _change, _node: self._wake.set())
        self._wake = asyncio.Event()
        self._bound: dict[str, str] = {}  # uid -> node, until the watch shows it
        self._told: dict[str, str] = {}  # uid -> why it fits nowhere
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to schedule."""
        running = (self._events.run(), self._pods.run(), self._nodes.run(), self._run())
        self._tasks = [asyncio.create_task(one) for one in running]
        try:
            await self._pods.synced.wait()
            await self._nodes.synced.wait()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop scheduling."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._client.close()

    def _observe(self, change: Change, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if change is Change.DELETED or pod["spec"].get("nodeName"):
            self._bound.pop(uid, None)
            self._told.pop(uid, None)
        self._wake.set()

    async def _run(self) -> None:
        await self._pods.synced.wait()
        await self._nodes.synced.wait()
        while True:
            await self._wake.wait()
            self._wake.clear()
            for pod in self._waiting():
                try:
                    await self._schedule(pod)
                except ClusterTrouble as trouble:
                    log.info("a pod could not be scheduled yet: %s", trouble.detail)
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)

    def _waiting(self) -> list[Json]:
        """Return the pods to schedule: the most important first, then the oldest."""
        waiting = [pod for pod in self._pods.objects.values() if self._ours(pod)]
        return sorted(waiting, key=lambda pod: (-int(pod["spec"].get("priority") or 0), _age(pod)))

    def _ours(self, pod: Json) -> bool:
        spec, metadata = pod["spec"], pod["metadata"]
        return (
            not spec.get("nodeName")
            and not spec.get("schedulingGates")
            and (spec.get("schedulerName") or NAME) == NAME
            and not metadata.get("deletionTimestamp")
            and metadata["uid"] not in self._bound
        )

    async def _schedule(self, pod: Json) -> None:
        try:
            await self._claims_ready(pod)
            node = place(pod, self._candidates())
        except UnschedulableError as why:
            await self._refuse(pod, str(why))
            return
        await self._bind(pod, node)

    def _candidates(self) -> list[Candidate]:
        on_node: dict[str, list[Json]] = {}
        for uid, pod in self._pods.objects.items():
            if node := pod["spec"].get("nodeName") or self._bound.get(uid):
                on_node.setdefault(node, []).append(pod)
        return [
            Candidate(node, used_by(on_node.get(node["metadata"]["name"], ()))) for node in self._nodes.objects.values()
        ]

    async def _claims_ready(self, pod: Json) -> None:
        """Raise `UnschedulableError` while a claim of the pod is missing or not bound to a volume."""
        for volume in pod["spec"].get("volumes") or ():
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            problem = claim and await self._claim_problem(pod["metadata"]["namespace"], claim)
            if problem:
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)  # claims are not watched
                raise UnschedulableError(f"0/{len(self._nodes.objects)} nodes are available: {problem}.")

    async def _claim_problem(self, namespace: str, name: str) -> str:
        try:
            claim = await self._client.get(PERSISTENT_VOLUME_CLAIM, namespace, name)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            return f'persistentvolumeclaim "{name}" not found'
        pending = (claim.get("status") or {}).get("phase") == "Pending"
        return "pod has unbound immediate PersistentVolumeClaims" if pending else ""

    async def _bind(self, pod: Json, node: str) -> None:
        metadata = pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "target": target,
        }
        uid = metadata["uid"]
        self._bound[uid] = node
        try:
            path = POD.path(metadata["namespace"], metadata["name"], "binding")
            await self._client.request("POST", path, body=body)
        except ClusterTrouble:
            self._bound.pop(uid, None)
            raise
        where = f"{metadata['namespace']}/{metadata['name']}"
        self._events.normal(Subject.of_pod(pod), "Scheduled", f"Successfully assigned {where} to {node}")

    async def _refuse(self, pod: Json, why: str) -> None:
        """Tell the pod why it waits, once for each reason."""
        metadata = pod["metadata"]
        if self._told.get(metadata["uid"]) == why:
            return
        self._events.warning(Subject.of_pod(pod), "FailedScheduling", why)
        others = [one for one in (pod.get("status") or {}).get("conditions") or () if one["type"] != "PodScheduled"]
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}
        body = {
            "metadata": {"uid": metadata["uid"]},
            "status": {"conditions": [*others, condition | {"lastTransitionTime": timestamp()}]},
        }
        await self._client.patch(POD, metadata["namespace"], metadata["name"], body, "status")
        self._told[metadata["uid"]] = why


def _age(pod: Json) -> tuple[str, str]:
    return pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]
