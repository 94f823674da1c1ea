"""One container of a pod, from its image to its last exit.

`ContainerLoop.run` goes through image, variables, start and end, again and again as the restart policy says, with
the back-off of a kubelet: the first restart at once, then after 10 s doubling to five minutes, anew after ten minutes
without a crash. What is known at each moment is `view`. Nothing in it is cancelled: every wait ends by itself when the
pod is to end, so no process is started and then forgotten.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenantspawner.kube.kinds import CONFIG_MAP, SECRET
from tenantspawner.localcluster.node import recipe as recipes
from tenantspawner.localcluster.node.clock import timestamp
from tenantspawner.localcluster.node.environment import NotReadyError, Source, decoded, environment, sources
from tenantspawner.localcluster.node.events import Subject
from tenantspawner.localcluster.node.images import ImageRule, Runs
from tenantspawner.localcluster.node.light import LightContainer
from tenantspawner.localcluster.node.logs import latest, log_path, tail_text
from tenantspawner.localcluster.node.options import Services
from tenantspawner.localcluster.node.process import ProcessContainer, Recipe, RunningContainer, StartError
from tenantspawner.localcluster.node.pulling import Puller, delays
from tenantspawner.localcluster.node.reaper import NODE_VARIABLE
from tenantspawner.localcluster.node.sandbox import Sandbox, StoppedError
from tenantspawner.localcluster.node.status import ContainerView, Running, State, Terminated, Waiting
from tenantspawner.localcluster.node.volumes import fetch, mounts

Json = Mapping[str, Any]

CALM_SECONDS = 600
START_FAILED = 128
_KINDS = {"Secret": SECRET, "ConfigMap": CONFIG_MAP}


class ContainerLoop:
    """Runs one container. `policy` is Always, OnFailure or Never; `place` is its list in the pod's spec."""

    def __init__(
        self, spec: Json, view: ContainerView, sandbox: Sandbox, services: Services, *, policy: str, place: str
    ) -> None:
        self._spec = spec
        self._sandbox = sandbox
        self._services = services
        self._policy = policy
        self._subject = Subject.of_pod(sandbox.pod, f"spec.{place}{{{spec['name']}}}")
        self._puller = Puller(services.images, services.events, sandbox, self._subject)
        self._backoff = delays(services.options.first_backoff)
        self._running: RunningContainer | None = None
        self.view = view
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def logs(self) -> Path:
        """The directory of the container's logs."""
        return self._sandbox.directory / "logs" / str(self._spec["name"])

    async def run(self) -> None:
        """Run the container until it will not be started again, or the pod is to end."""
        previous = self.view.state
        try:
            if isinstance(previous, Terminated) and not await self._again(previous, lived=0, first=True):
                return
            first = not isinstance(previous, Terminated)
            while True:
                begun = time.monotonic()
                ended = await self._once()
                if not await self._again(ended, lived=time.monotonic() - begun, first=first):
                    return
                first = False
        except StoppedError:
            return
        finally:
            self._show(final=isinstance(self.view.state, Terminated))
            self.started.set()

    async def stop(self, grace: float) -> None:
        """End the container's process, if it has one. The sandbox must be stopping already."""
        if self._running is not None and isinstance(self.view.state, Running):
            message = f"Stopping container {self._spec['name']}"
            self._services.events.normal(self._subject, "Killing", message)
            await self._running.stop(grace)

    async def _once(self) -> Terminated:
        """Start the container once and wait for its end."""
        image = await self._puller.have(self._spec, self._wait, self._services.options.first_backoff)
        self._sandbox.check()
        self._show(image=image, image_id=self._services.images.digest(image))
        rule = self._services.images.rule(image)
        values = await self._values()
        self._sandbox.check()
        self.ended.clear()
        self._show(container_id=f"local://{uuid.uuid4().hex}")
        try:
            running = await self._start(rule, self._recipe(rule, values))
        except (StartError, OSError) as problem:
            return self._not_started(str(problem))
        self._running = running
        since = timestamp()
        self._show(state=Running(since), ready=True)
        self.started.set()
        self._services.events.normal(self._subject, "Started", f"Started container {self._spec['name']}")
        if self._sandbox.stopping.is_set():  # asked to end while it was being started
            await running.stop(0)
        return self._over(await running.wait(), since)

    async def _start(self, rule: ImageRule, recipe: Recipe) -> RunningContainer:
        self._services.events.normal(self._subject, "Created", f"Created container: {self._spec['name']}")
        if rule.runs is Runs.LIGHT:
            return await LightContainer.start(recipe, self._sandbox.name, self._sandbox.address)
        return await ProcessContainer.start(recipe)

    def _recipe(self, rule: ImageRule, values: Mapping[str, str]) -> Recipe:
        where = mounts(self._spec, self._sandbox, values)
        local = recipes.local_environment(
            values, self._sandbox.name, self._sandbox.address, where, self._services.options.home
        )
        directory = recipes.working_directory(self._spec, local, where)
        for needed in (Path(local["HOME"]), Path(local["TMPDIR"]), directory):
            needed.mkdir(parents=True, exist_ok=True)
        return Recipe(
            container_id=self.view.container_id.removeprefix("local://"),
            command=recipes.command(self._spec, rule.command, values),
            environment=local | {NODE_VARIABLE: self._services.node_id},
            directory=directory,
            log=log_path(self.logs, self.view.restarts),
        )

    async def _values(self) -> dict[str, str]:
        """Return the container's variables, once everything they come from is there."""
        told = ""
        while True:
            try:
                found = await self._found()
                return environment(self._spec, self._sandbox.pod, self._sandbox.address, found)
            except NotReadyError as problem:
                if str(problem) != told:
                    told = str(problem)
                    self._services.events.warning(self._subject, "Failed", f"Error: {problem}")
                    self._wait(Waiting("CreateContainerConfigError", told))
            await self._sandbox.pause(self._services.options.config_retry)

    async def _found(self) -> dict[Source, dict[str, str]]:
        found = {}
        for source in sources(self._spec):
            obj = await fetch(self._services.client, _KINDS[source.kind], self._sandbox, source.name)
            if obj is not None:
                found[source] = decoded({"kind": source.kind, **obj})
        return found

    async def _again(self, ended: Terminated, *, lived: float, first: bool) -> bool:
        """Wait until the container may be started again; False when it must not be."""
        if self._sandbox.stopping.is_set() or not restarts(self._policy, ended.exit_code):
            return False
        if lived > CALM_SECONDS:
            self._backoff = delays(self._services.options.first_backoff)
        self._show(last=ended)
        if not first:
            await self._crash_loop(next(self._backoff))
        self._show(restarts=self.view.restarts + 1)
        return True

    async def _crash_loop(self, delay: float) -> None:
        pod = f"{self._sandbox.name}_{self._sandbox.namespace}({self._sandbox.uid})"
        message = f"Back-off restarting failed container {self._spec['name']} in pod {pod}"
        self._services.events.warning(self._subject, "BackOff", message)
        self._wait(Waiting("CrashLoopBackOff", f"back-off {delay:g}s {message[9:]}"))
        await self._sandbox.pause(delay)

    def _over(self, code: int, since: str) -> Terminated:
        self._running = None
        self.ended.set()
        wants_logs = self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and code != 0
        ended = Terminated(
            exit_code=code,
            reason="Completed" if code == 0 else "Error",
            started_at=since,
            finished_at=timestamp(),
            message=tail_text(latest(self.logs), 80)[-2048:] if wants_logs else "",
            container_id=self.view.container_id,
        )
        self._show(state=ended, ready=False)
        return ended

    def _not_started(self, message: str) -> Terminated:
        self.ended.set()
        self._services.events.warning(self._subject, "Failed", f"Error: {message}")
        now = timestamp()
        ended = Terminated(START_FAILED, "StartError", now, now, message, self.view.container_id)
        self._show(state=ended, ready=False)
        return ended

    def _wait(self, waiting: Waiting) -> None:
        self._show(state=waiting, ready=False)

    def _show(self, **changes: State | str | int | Terminated | None) -> None:
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]  # fields of ContainerView, by name
        self._sandbox.changed()


def restarts(policy: str, exit_code: int) -> bool:
    """Say whether a container that ended so is started again."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)
