"""One pod on the node, from its binding to its deletion.

The order is a kubelet's: volumes, an address, the init containers one after another (those that restart always go on
as sidecars), the containers together, the end. A pod being deleted is told to stop, gets its grace, and is taken out of
the API only when nothing of it runs any more, by its uid.
"""

import asyncio
import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import POD
from tenantspawner.localcluster.node.addresses import NoAddressError
from tenantspawner.localcluster.node.client import insist
from tenantspawner.localcluster.node.clock import timestamp
from tenantspawner.localcluster.node.container import ContainerLoop
from tenantspawner.localcluster.node.environment import NotReadyError
from tenantspawner.localcluster.node.events import Subject
from tenantspawner.localcluster.node.options import Services
from tenantspawner.localcluster.node.sandbox import Sandbox, StoppedError
from tenantspawner.localcluster.node.status import ContainerView, PodView, Waiting, pod_status, remembered
from tenantspawner.localcluster.node.statuswriter import StatusWriter
from tenantspawner.localcluster.node.volumes import prepare

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

ENDED = frozenset({"Succeeded", "Failed"})
API_GRACE = 2.0
"""Seconds that the end of a node may wait for the API beyond the containers' grace."""
GONE_GRACE = 1.0
"""Seconds for the containers of a pod whose object was taken away by force."""


class PodWorker:
    """Runs one pod. `start` once; then `observe` each new version of the object."""

    def __init__(self, services: Services, pod: Json) -> None:
        self._services = services
        self._deleted = asyncio.Event()
        self._leaving = False
        self._grace: float | None = None
        self._stops: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._over = (pod.get("status") or {}).get("phase") in ENDED
        uid = pod["metadata"]["uid"]
        self.sandbox = Sandbox(pod, services.pods / uid, changed=self._mark)
        self._started_at = (pod.get("status") or {}).get("startTime") or timestamp()
        self._writer = StatusWriter(services.client, self.sandbox, self._status)
        policy = pod["spec"].get("restartPolicy") or "Always"
        self._sidecars = frozenset(one["name"] for one in self._specs("initContainers") if _sidecar(one))
        self._init = [
            self._loop(one, "initContainers", _init_policy(one, policy)) for one in self._specs("initContainers")
        ]
        self._main = [self._loop(one, "containers", policy) for one in self._specs("containers")]

    @property
    def loops(self) -> dict[str, ContainerLoop]:
        """The containers by name."""
        return {loop.view.name: loop for loop in (*self._init, *self._main)}

    def start(self) -> asyncio.Task[None]:
        """Begin; the task ends when the pod is gone from this node."""
        self._task = asyncio.create_task(self._run())
        return self._task

    def observe(self, pod: Json) -> None:
        """Take a new version of the pod."""
        self.sandbox.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._deleted.set()
            self._stop(grace_of(pod))

    def vanish(self) -> None:
        """Learn that the object is gone."""
        self._leaving = True
        self._deleted.set()
        self._stop(GONE_GRACE)

    async def close(self, grace: float) -> None:
        """End the pod's processes because the node ends; its object stays as it is."""
        self._leaving = True
        self._deleted.set()
        self._over = True  # how the containers end now is nobody's news: the next node starts them again
        self._stop(grace)
        if self._task is not None:
            _, stuck = await asyncio.wait([self._task], timeout=grace + API_GRACE)
            for task in stuck:  # it waits for an API server that does not answer
                task.cancel()

    async def _run(self) -> None:
        writing = asyncio.create_task(self._writer.run())
        self._mark()
        try:
            if not self._over:
                await self._live()
            await self._deleted.wait()
            await asyncio.gather(*self._stops)
            await asyncio.to_thread(shutil.rmtree, self.sandbox.directory, ignore_errors=True)
            if not self._leaving:
                await self._remove()
        finally:
            writing.cancel()
            if self.sandbox.address:
                self._services.addresses.give_back(self.sandbox.address)

    async def _live(self) -> None:
        """Run all containers until each has ended for good."""
        background: list[asyncio.Task[None]] = []
        with suppress(StoppedError):
            await self._mount()
            await self._take_address()
            if await self._initialise(background):
                await asyncio.gather(*(loop.run() for loop in self._main))
        if background:
            self.sandbox.stopping.set()
            sidecars = [loop for loop in self._init if loop.view.name in self._sidecars]
            await asyncio.gather(*(loop.stop(grace_of(self.sandbox.pod)) for loop in sidecars), *background)

    async def _initialise(self, background: list[asyncio.Task[None]]) -> bool:
        """Run the init containers; say whether the main ones may start."""
        for loop in self._init:
            if loop.view.name in self._sidecars:
                background.append(asyncio.create_task(loop.run()))
                await loop.started.wait()
            else:
                await loop.run()
                if not loop.view.succeeded:
                    return False
        self.sandbox.check()
        for loop in self._main:
            if isinstance(loop.view.state, Waiting):
                loop.view = _waiting(loop.view, "ContainerCreating")
        self._mark()
        return True

    async def _mount(self) -> None:
        await asyncio.to_thread(self.sandbox.directory.mkdir, parents=True, exist_ok=True)
        told = ""
        while True:
            try:
                self.sandbox.volumes = await prepare(self.sandbox, self._services)
            except NotReadyError as problem:
                if told != str(problem):
                    told = str(problem)
                    message = f"MountVolume.SetUp failed: {problem}"
                    self._services.events.warning(Subject.of_pod(self.sandbox.pod), "FailedMount", message)
            else:
                return
            await self.sandbox.pause(self._services.options.config_retry)

    async def _take_address(self) -> None:
        while not self.sandbox.address:
            try:
                self.sandbox.address = self._services.addresses.take()
            except NoAddressError as problem:
                message = f"Failed to create pod sandbox: {problem}"
                self._services.events.warning(Subject.of_pod(self.sandbox.pod), "FailedCreatePodSandBox", message)
                await self.sandbox.pause(1)
        self._mark()

    async def _remove(self) -> None:
        """Write the last status and take the object out of the API."""
        await self._writer.flush()
        pod = self.sandbox
        try:
            await insist(lambda: self._services.client.delete(POD, pod.namespace, pod.name, uid=pod.uid, grace=0))
        except ApiError as error:
            log.info("a pod was not deleted: %s", error.detail)

    def _stop(self, grace: float) -> None:
        """Tell the containers to end; again when the grace got shorter."""
        self.sandbox.stopping.set()
        if self._grace is None or grace < self._grace:
            self._grace = grace
            for loop in self.loops.values():
                self._stops.add(asyncio.create_task(loop.stop(grace)))

    def _loop(self, spec: Json, place: str, policy: str) -> ContainerLoop:
        key = "initContainerStatuses" if place == "initContainers" else "containerStatuses"
        statuses = (self.sandbox.pod.get("status") or {}).get(key) or ()
        status = next((one for one in statuses if one["name"] == spec["name"]), None)
        view = remembered(spec, status, timestamp())
        if place == "containers" and self._specs("initContainers") and isinstance(view.state, Waiting):
            view = _waiting(view, "PodInitializing")
        return ContainerLoop(spec, view, self.sandbox, self._services, policy=policy, place=place)

    def _specs(self, place: str) -> list[Json]:
        return list(self.sandbox.pod["spec"].get(place) or ())

    def _mark(self) -> None:
        if not self._over:
            self._writer.mark()

    def _status(self) -> dict[str, Any]:
        if self._over:
            return {}
        view = PodView(
            containers=tuple(loop.view for loop in self._main),
            init=tuple(loop.view for loop in self._init),
            sidecars=self._sidecars,
            address=self.sandbox.address,
            started_at=self._started_at,
        )
        return pod_status(self.sandbox.pod, view, timestamp())


def grace_of(pod: Json) -> float:
    """Return the seconds a pod may take to end: what its deletion says, else its spec, else 30."""
    for part, key in (("metadata", "deletionGracePeriodSeconds"), ("spec", "terminationGracePeriodSeconds")):
        if pod[part].get(key) is not None:
            return float(pod[part][key])
    return 30.0


def _sidecar(container: Json) -> bool:
    return container.get("restartPolicy") == "Always"


def _init_policy(container: Json, policy: str) -> str:
    if _sidecar(container):
        return "Always"
    return "Never" if policy == "Never" else "OnFailure"


def _waiting(view: ContainerView, reason: str) -> ContainerView:
    return replace(view, state=Waiting(reason))
