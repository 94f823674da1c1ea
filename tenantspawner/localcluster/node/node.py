"""A node: pods bound to it become local processes.

It speaks the Kubernetes API and nothing else, so it serves any API server. It owns its data directory: one node at a
time may use it, and what an earlier node left running is ended at the start. Everything it starts ends with it: by
`Node.close`, or by the reaper when the node itself is killed.
"""

import asyncio
import fcntl
import logging
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from tenantspawner.kube.kinds import POD
from tenantspawner.localcluster.node import reaper
from tenantspawner.localcluster.node.addresses import open_addresses
from tenantspawner.localcluster.node.client import Access, Client
from tenantspawner.localcluster.node.container import ContainerLoop
from tenantspawner.localcluster.node.events import EventRecorder
from tenantspawner.localcluster.node.images import Images
from tenantspawner.localcluster.node.logserver import LogServer
from tenantspawner.localcluster.node.options import NodeOptions, Services
from tenantspawner.localcluster.node.pod import PodWorker
from tenantspawner.localcluster.node.reflector import Change, Reflector
from tenantspawner.localcluster.node.registration import NodeFacts, Registration
from tenantspawner.localcluster.node.storage import Provisioner

log = logging.getLogger(__name__)

_LAST_EVENTS_SECONDS = 1
_LEAVE_SECONDS = 2


class Node:
    """One node. `capacity` adds to or replaces cpu 8, memory 32Gi, ephemeral-storage 100Gi, pods 110.

    `start` returns when the node is Ready in the API; `close` when no process of it is left.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        ca_file: Path | None = None,
        *,
        name: str,
        data_dir: Path,
        capacity: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Mapping[str, str]] = (),
        options: NodeOptions | None = None,
        client_cert: tuple[Path, Path] | None = None,
        insecure: bool = False,
    ) -> None:
        self._access = Access(url, token, ca_file, client_cert, insecure)
        self._facts = NodeFacts(name, dict(capacity or {}), dict(labels or {}), tuple(taints), 0)
        self._data_dir = Path(data_dir)
        self._options = options or NodeOptions()
        self._workers: dict[str, PodWorker] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closers: list[Any] = []
        self.name = name
        self.log_port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Take the data directory, register, and begin to run pods.

        Raises
        ------
        RuntimeError
            Another node uses the data directory.
        """
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End every container, say goodbye to the API where it answers, and free everything."""
        for task in self._tasks[1:]:
            task.cancel()
        workers = list(self._workers.values())
        await asyncio.gather(*(worker.close(self._options.close_grace) for worker in workers))
        while self._closers:
            await self._closers.pop()()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _start(self) -> None:
        node_id = await self._take_directory()
        client = Client(self._access)
        self._closers.append(client.close)
        addresses = open_addresses(self._options.address_mode, f"{self._data_dir.resolve()}")
        self._closers.append(_later(addresses.close))
        events = EventRecorder(client, "kubelet", self.name)
        images = Images(self._options.pull_seconds, self._options.missing_images, self._options.image_rules)
        self._services = Services(
            self.name, node_id, self._data_dir.resolve(), self._options, client, events, images, addresses
        )
        server = LogServer(self._find, self._options)
        self._closers.append(server.close)
        await server.start()
        self.log_port = server.port
        self._tasks.append(asyncio.create_task(events.run()))
        self._closers.append(lambda: events.flush(_LAST_EVENTS_SECONDS))
        await self._join(client)

    async def _join(self, client: Client) -> None:
        """Register, and follow the pods bound to this node."""
        facts = NodeFacts(
            self.name, self._facts.capacity, self._facts.labels, self._facts.taints, log_port=self.log_port
        )
        registration = Registration(client, facts, self._options.heartbeat)
        await registration.register()
        self._closers.append(lambda: _at_most(_LEAVE_SECONDS, registration.leave()))
        pods = Reflector(client, POD.path(), self._observe, {"fieldSelector": f"spec.nodeName={self.name}"})
        self._tasks += [asyncio.create_task(registration.run()), asyncio.create_task(pods.run())]
        if self._options.storage:
            self._tasks.append(asyncio.create_task(Provisioner(client, self._services.claims).run()))
        await pods.synced.wait()
        await asyncio.to_thread(_clean, self._services.pods, set(pods.objects))

    async def _take_directory(self) -> str:
        """Lock the data directory, end what an earlier node left, and start the reaper; return the node's id."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        lock = (self._data_dir / "lock").open("w")
        self._closers.append(_later(lock.close))
        _lock(lock, self._data_dir)
        file = self._data_dir / "node-id"
        node_id = file.read_text().strip() if file.exists() else uuid.uuid4().hex
        file.write_text(node_id)
        left = await asyncio.to_thread(reaper.end_tagged, reaper.NODE_VARIABLE, node_id)
        if left:
            log.info("ended %d processes that an earlier node left", left)
        await self._start_reaper(node_id)
        return node_id

    async def _start_reaper(self, node_id: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(reaper.__file__), node_id),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

        async def close() -> None:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

        self._closers.append(close)

    def _observe(self, change: Change, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if change is Change.DELETED:
            if worker is not None:
                worker.vanish()
            return
        if worker is None:
            worker = PodWorker(self._services, pod)
            self._workers[uid] = worker
            worker.start().add_done_callback(lambda task: self._done(uid, task))
        worker.observe(pod)

    def _done(self, uid: str, task: asyncio.Task[None]) -> None:
        self._workers.pop(uid, None)
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("the worker of pod %s broke", uid, exc_info=problem)

    def _find(self, namespace: str, name: str) -> Mapping[str, ContainerLoop] | None:
        for worker in reversed(self._workers.values()):
            if (worker.sandbox.namespace, worker.sandbox.name) == (namespace, name):
                return worker.loops
        return None


def _lock(file: IO[str], directory: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise RuntimeError(f"another node uses {directory}; end it, or give this one a directory of its own") from None


def _clean(pods: Path, known: set[str]) -> None:
    """Remove the directories of pods that are gone."""
    for directory in pods.glob("*"):
        if directory.name not in known:
            shutil.rmtree(directory, ignore_errors=True)


def _later(call: Any) -> Any:
    async def later() -> None:
        call()

    return later


async def _at_most(seconds: float, doing: Any) -> None:
    try:
        await asyncio.wait_for(doing, seconds)
    except TimeoutError:
        log.info("the API server did not answer in time at the end")
