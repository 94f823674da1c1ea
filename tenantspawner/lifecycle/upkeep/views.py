"""What upkeep sees of namespaces and of what was put into them: one watch a kind, where the hub may watch everywhere.

Where it may not, nothing is known of that kind, and upkeep looks at it only in its periodic pass. The right is asked for
again at each of those. A change that matters (not a quota's own counting) is told with the namespace it is in.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.cluster.store import newer
from tenantspawner.errors import DeadlinePassed, TenantSpawnerError
from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.kube.objects import KubeObject, Namespace, ResourceQuota
from tenantspawner.kube.provisioned import LimitRange, NetworkPolicy, RoleBinding, ServiceAccount
from tenantspawner.plan import Manifest

log = logging.getLogger(__name__)

Json = Mapping[str, Any]
WATCHED: tuple[type[KubeObject], ...] = (
    Namespace, ResourceQuota, LimitRange, NetworkPolicy, ServiceAccount, RoleBinding,
)  # fmt: skip
FIRST_LIST = 10.0  # seconds to wait for it; a kind that takes longer is not known until then
COUNTED_WITHIN = 2.0  # seconds; then the quota controller is too slow, or does not work
_CHANGES_BY_ITSELF = {"metadata", "status"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object as last seen; `known` is False where nothing can be said, else `seen` None means that it is gone."""

    known: bool
    seen: Json | None = None


class Views:
    """The watches of one hub's upkeep. `close` ends them."""

    def __init__(self, cluster: Cluster, selector: str, touched: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._selector = selector
        self._touched = touched
        self._watches: dict[str, Watch[Any]] = {}
        self._answers: dict[tuple[str, str, str], Json] = {}

    def answered(self, obj: Json) -> None:
        """Take what the API server has answered to a write of ours, until the watch has caught up with it."""
        self._answers[obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = obj

    async def open(self, deadline: Deadline) -> None:
        """Watch what may be watched and is not yet; returns when the first lists are there, or soon after."""
        missing = [slim for slim in WATCHED if slim.KIND.kind not in self._watches]
        allowed = await asyncio.gather(*(self._may_watch(slim, deadline) for slim in missing))
        new = [self._start(slim) for slim, may in zip(missing, allowed, strict=True) if may]
        limit = deadline.shorter(FIRST_LIST)
        await asyncio.gather(*(watch.synced(limit) for watch in new), return_exceptions=True)

    def blind(self) -> tuple[str, ...]:
        """The kinds that are not watched."""
        return tuple(slim.KIND.plural for slim in WATCHED if slim.KIND.kind not in self._watches)

    def look(self, obj: Manifest) -> Sighting:
        """Tell what stands in the place of a manifest."""
        metadata = obj["metadata"]
        return self._sighting(obj["kind"], metadata.get("namespace"), metadata["name"])

    def namespace(self, name: str) -> Sighting:
        """Tell what is known of a namespace."""
        return self._sighting(NAMESPACE.kind, None, name)

    async def namespaces(self, deadline: Deadline) -> list[Json]:
        """Return all namespaces of this hub, as far as labels say so.

        Raises
        ------
        ApiError
            They are not watched, and may not be listed either.
        """
        watch = self._watches.get(NAMESPACE.kind)
        if watch is not None and watch.store.complete and watch.healthy:
            return [_plain(item) for item in watch.store.all()]
        return [*await self._cluster.list(NAMESPACE, label_selector=self._selector, deadline=deadline)]

    async def quota_in_force(self, quota: Manifest, deadline: Deadline) -> None:
        """Wait on the watch until the quota controller has counted a quota that was changed; not long, and not without one."""
        watch: Watch[ResourceQuota] | None = self._watches.get(ResourceQuota.KIND.kind)
        if watch is None or not watch.healthy:
            return
        metadata, wanted = quota["metadata"], quota["spec"]["hard"]

        def counted(seen: ResourceQuota | None) -> bool:
            return seen is None or (seen.spec.hard == seen.status.hard and wanted.items() <= seen.spec.hard.items())

        with suppress(DeadlinePassed):
            await watch.store.until(metadata["namespace"], metadata["name"], counted, deadline.shorter(COUNTED_WITHIN))

    async def close(self) -> None:
        """End all watches."""
        watches, self._watches = [*self._watches.values()], {}
        await asyncio.gather(*(watch.close() for watch in watches))

    async def _may_watch(self, slim: type[KubeObject], deadline: Deadline) -> bool:
        try:
            return await self._cluster.allowed("watch", slim.KIND, deadline=deadline.shorter(10))
        except TenantSpawnerError as trouble:
            log.warning("Cannot ask for the right to watch %s: %s", slim.KIND.plural, trouble.detail)
            return False

    def _start(self, slim: type[KubeObject]) -> Watch[Any]:
        watch: Watch[Any] = self._cluster.watch(slim, label_selector=self._selector)
        watch.store.on_change(self._tell)
        watch.start()
        self._watches[slim.KIND.kind] = watch
        return watch

    def _tell(self, old: KubeObject | None, new: KubeObject | None) -> None:
        one = new or old
        if one is not None and (old is None or new is None or _content(old) != _content(new)):
            self._touched(one.metadata.namespace or one.metadata.name)

    def _sighting(self, kind: str, namespace: str | None, name: str) -> Sighting:
        watch = self._watches.get(kind)
        if watch is None or not watch.store.complete or not watch.healthy:
            return Sighting(known=False)
        found = watch.store.get(namespace, name)
        seen = None if found is None else _plain(found)
        answer = self._answers.pop((kind, namespace or "", name), None)
        if seen is not None and answer is not None and _is_later(answer, seen):
            self._answers[kind, namespace or "", name] = answer
            return Sighting(known=True, seen=answer)
        return Sighting(known=True, seen=seen)


def _content(obj: KubeObject) -> tuple[Any, ...]:
    body = (getattr(obj, name) for name in obj.__struct_fields__ if name not in _CHANGES_BY_ITSELF)
    return (obj.metadata.uid, obj.metadata.labels, obj.metadata.annotations, *body)


def _is_later(one: Json, other: Json) -> bool:
    """Whether one view of the same object is newer than another."""
    mine, theirs = one["metadata"], other["metadata"]
    return mine["uid"] == theirs["uid"] and newer(mine["resourceVersion"], theirs["resourceVersion"])


def _plain(obj: KubeObject) -> Json:
    plain: Json = msgspec.to_builtins(obj)
    return plain
