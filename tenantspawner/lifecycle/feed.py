"""The live tenancy: ConfigMaps watched, read off the event loop, the last good version kept.

A new version is in force as soon as it is read and has no problems. A broken one changes nothing: it is told in the log and as
an Event on its ConfigMap, with line and column. Until there has been a good one nobody can start a server, and `tenancy` says why.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.errors import DeadlinePassed, Problem, TenancyUnavailable, TenantSpawnerError
from tenantspawner.kube.kinds import CONFIG_MAP, EVENT
from tenantspawner.kube.objects import ConfigMap
from tenantspawner.tenancy import Reading, Source, Tenancy

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml", ".json")
SETTLE = 0.05  # seconds, so that ConfigMaps changed together are read together
_LONGEST_NOTE = 1000
_SHOWN = 5
Read = Callable[[Sequence[Source]], Reading]


@dataclass(frozen=True, slots=True)
class Where:
    """Which ConfigMaps are read: one by name, or those with a label."""

    namespace: str
    name: str = ""
    selector: str = ""

    def __str__(self) -> str:
        return (
            f"ConfigMap {self.namespace}/{self.name}"
            if self.name
            else f"ConfigMaps of {self.namespace} with {self.selector}"
        )


class Feed:
    """The tenancy of this moment. `start` returns at once; nothing here ever raises but `tenancy`."""

    def __init__(self, cluster: Cluster, where: Where, read: Read) -> None:
        self.problems: tuple[Problem, ...] = ()
        self._cluster = cluster
        self._where = where
        self._read = read
        self._good: Tenancy | None = None
        self._seen = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Tenancy], None]] = []
        field = f"metadata.name={where.name}" if where.name else None
        self._watch: Watch[ConfigMap] = cluster.watch(
            ConfigMap, namespace=where.namespace, label_selector=where.selector or None, field_selector=field
        )

    def start(self) -> None:
        """Begin to watch."""
        self._watch.store.on_change(lambda _old, _new: self._changed.set())
        self._watch.start()
        self._task = asyncio.create_task(self._follow(), name="tenancy feed")

    async def close(self) -> None:
        """End the watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._watch.close()

    def on_change(self, listener: Callable[[Tenancy], None]) -> None:
        """Call back with each version that comes into force."""
        self._listeners.append(listener)

    async def settled(self, deadline: Deadline) -> None:
        """Wait until the first version has been read, good or not; returns at the deadline all the same."""
        with suppress(DeadlinePassed):
            async with deadline.timeout():
                await self._seen.wait()

    @property
    def healthy(self) -> bool:
        """Whether edits are seen as they are made."""
        return self._watch.healthy

    def tenancy(self) -> Tenancy:
        """Return the last good version.

        Raises
        ------
        TenancyUnavailable
            There has been none since the hub started; says why.
        """
        if self._good is not None:
            return self._good
        raise TenancyUnavailable(
            "Nobody can start a server at the moment: this hub's list of teams cannot be read. Running servers are not affected. "
            "The administrator of this hub finds the reason in its log.",
            self.trouble() or f"{self._where} has not been read yet",
        )

    async def tell(self, reason: str, note: str) -> None:
        """Put a sentence where the tenancy's admin looks: as an Event on its first ConfigMap."""
        for item in sorted(self._watch.store.all(), key=lambda item: item.metadata.name)[:1]:
            await self._post_event(item, reason, note)

    def trouble(self) -> str:
        """What is wrong at the moment, for the log and the admin's page; empty when nothing is."""
        if self.problems:
            return "; ".join(str(problem) for problem in self.problems[:_SHOWN])
        if not self._watch.store.complete:
            return f"{self._where}: {self._watch.last_error or 'not read yet'}"
        if not self._watch.store.all():
            return f"{self._where} does not exist"
        return ""

    async def _follow(self) -> None:
        while not self._watch.store.complete:
            await self._synced()
        while True:
            self._changed.clear()
            try:
                await self._take()
            except Exception:  # whatever it is, the last good version stays in force and the feed lives
                log.exception("Reading %s failed", self._where)
            self._seen.set()
            await self._changed.wait()
            await asyncio.sleep(SETTLE)

    async def _synced(self) -> None:
        try:
            await self._watch.synced(Deadline.after(5))
        except TenantSpawnerError:
            self._seen.set()
            log.warning("No tenancy yet: %s. Servers that run go on; nobody can start one.", self.trouble())

    async def _take(self) -> None:
        maps = sorted(self._watch.store.all(), key=lambda item: item.metadata.name)
        sources = [
            Source(name=f"{item.metadata.name}/{key}", text=item.data[key])
            for item in maps
            for key in sorted(item.data)
            if key.endswith(SUFFIXES)
        ]
        if not maps:
            log.error("%s does not exist. %s", self._where, self._kept())
            return
        reading = await asyncio.to_thread(self._read, sources)
        for warning in reading.warnings:
            log.warning("%s", warning)
        if reading.tenancy is None:
            await self._reject(reading.problems, maps)
            return
        self.problems = ()
        if reading.tenancy != self._good:
            self._good = reading.tenancy
            log.info("Tenancy in force: %d tenants, from %s", len(self._good.tenants), self._where)
            for listener in self._listeners:
                listener(self._good)

    async def _reject(self, problems: tuple[Problem, ...], maps: Sequence[ConfigMap]) -> None:
        if problems == self.problems:
            return
        self.problems = problems
        for problem in problems:
            log.error("%s", problem)
        log.error("%s has %d problems. %s", self._where, len(problems), self._kept())
        for item in maps:
            own = [problem for problem in problems if problem.source.startswith(f"{item.metadata.name}/")]
            if own:
                note = f"{self._kept()} " + "; ".join(str(problem) for problem in own)
                await self._post_event(item, "TenancyRejected", note)

    def _kept(self) -> str:
        return "The last good version stays in force." if self._good else "Nobody can start a server."

    async def _post_event(self, item: ConfigMap, reason: str, note: str) -> None:
        """Tell it where the admin looks: ``kubectl describe configmap``."""
        about = {
            "apiVersion": CONFIG_MAP.api_version,
            "kind": CONFIG_MAP.kind,
            "namespace": item.metadata.namespace,
            "name": item.metadata.name,
            "uid": item.metadata.uid,
            "resourceVersion": item.metadata.resource_version,
        }
        try:
            await self._cluster.create(_event(about, reason, note[:_LONGEST_NOTE]), Deadline.after(10))
        except TenantSpawnerError as trouble:
            log.warning("%s could not be posted as an Event: %s", reason, trouble.detail)


def _event(about: dict[str, str], reason: str, note: str) -> dict[str, object]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"generateName": f"{about['name']}-", "namespace": about["namespace"]},
        "involvedObject": about,
        "type": "Warning",
        "reason": reason,
        "message": note,
        "source": {"component": "tenantspawner"},
        "reportingComponent": "tenantspawner",
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
    }
