"""Events about pods and nodes, as the components of Kubernetes make them.

Recording is immediate and never fails: events wait in a short queue and one task posts them. The same event
again raises the count of the first one. One that cannot be posted, or comes when the queue is full, is lost, as
in any cluster; containers do not depend on events.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tenantspawner.errors import ClusterTrouble
from tenantspawner.kube.kinds import EVENT
from tenantspawner.localcluster.node.client import Client
from tenantspawner.localcluster.node.clock import timestamp

log = logging.getLogger(__name__)

LONGEST_QUEUE = 2000


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about. `field_path` names a container: ``spec.containers{notebook}``."""

    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str = ""
    field_path: str = ""

    @classmethod
    def of_pod(cls, pod: Mapping[str, Any], field_path: str = "") -> "Subject":
        """Return the subject for a pod or one of its containers."""
        metadata = pod["metadata"]
        version = metadata.get("resourceVersion", "")
        return cls("Pod", metadata["namespace"], metadata["name"], metadata["uid"], version, field_path)

    def reference(self) -> dict[str, str]:
        """Return the ``involvedObject``."""
        reference = {"apiVersion": "v1", "kind": self.kind, "name": self.name, "uid": self.uid}
        optional = {
            "namespace": self.namespace,
            "resourceVersion": self.resource_version,
            "fieldPath": self.field_path,
        }
        return reference | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class _Happening:
    subject: Subject
    kind: str
    reason: str
    message: str
    at: str

    @property
    def key(self) -> "_Happening":
        return replace(self, at="", subject=replace(self.subject, resource_version=""))


class EventRecorder:
    """Posts events in the name of one component (``kubelet``) of one host."""

    def __init__(self, client: Client, component: str, host: str = "") -> None:
        self._client = client
        self._component = component
        self._host = host
        self._queue: asyncio.Queue[_Happening] = asyncio.Queue(LONGEST_QUEUE)
        self._known: dict[_Happening, tuple[str, int]] = {}

    def normal(self, subject: Subject, reason: str, message: str) -> None:
        """Record something that goes as it should."""
        self._record(_Happening(subject, "Normal", reason, message, timestamp()))

    def warning(self, subject: Subject, reason: str, message: str) -> None:
        """Record something that does not."""
        self._record(_Happening(subject, "Warning", reason, message, timestamp()))

    async def run(self) -> None:
        """Post what was recorded until cancelled."""
        while True:
            happening = await self._queue.get()
            try:
                await self._post(happening)
            except ClusterTrouble as trouble:
                log.debug("an event was lost: %s", trouble.detail)
            finally:
                self._queue.task_done()

    async def flush(self, seconds: float) -> None:
        """Wait until everything recorded is posted, at most so long."""
        try:
            await asyncio.wait_for(self._queue.join(), seconds)
        except TimeoutError:
            log.debug("events were lost at the end")

    def _record(self, happening: _Happening) -> None:
        try:
            self._queue.put_nowait(happening)
        except asyncio.QueueFull:
            log.debug("an event was lost: the queue is full")

    async def _post(self, happening: _Happening) -> None:
        namespace = happening.subject.namespace or "default"
        if happening.key in self._known:
            name, count = self._known[happening.key]
            again = {"count": count + 1, "lastTimestamp": happening.at}
            await self._client.patch(EVENT, namespace, name, again)
            self._known[happening.key] = (name, count + 1)
            return
        created = await self._client.create(EVENT, namespace, self._event(happening, namespace))
        if len(self._known) >= LONGEST_QUEUE:
            self._known.clear()
        self._known[happening.key] = (created["metadata"]["name"], 1)

    def _event(self, happening: _Happening, namespace: str) -> dict[str, Any]:
        return {
            "metadata": {"name": f"{happening.subject.name}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
            "involvedObject": happening.subject.reference(),
            "type": happening.kind,
            "reason": happening.reason,
            "message": happening.message[:1000],
            "source": {"component": self._component} | ({"host": self._host} if self._host else {}),
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": happening.at,
            "lastTimestamp": happening.at,
            "count": 1,
        }
