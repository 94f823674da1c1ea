"""What this hub sees of its pods: shared watches, answering from memory.

One watch of all namespaces where the hub's rights allow it, else one a namespace, opened when first asked for. Watches
are shared by their label selector, since that can differ between servers of one hub. A pod that no watch has seen is unknown; it is
certainly gone only when a complete view does not have it.
"""

import asyncio
import logging
from collections.abc import Callable

from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.objects import Pod

log = logging.getLogger(__name__)


class Sight:
    """The pods of one hub; `on_change` is told every change, as (old, new). `close` ends all its watches."""

    def __init__(self, cluster: Cluster, on_change: Callable[[Pod | None, Pod | None], None] | None = None) -> None:
        self._cluster = cluster
        self._on_change = on_change
        self._watches: dict[tuple[str | None, str], Watch[Pod]] = {}
        self._everywhere: bool | None = None
        self._asking = asyncio.Lock()

    async def pods(self, namespace: str, selector: str, deadline: Deadline) -> Watch[Pod]:
        """Return a started watch that covers a namespace; it may not be complete yet."""
        scope = None if await self._sees_everything(deadline) else namespace
        watch = self._watches.get((scope, selector))
        if watch is None:
            watch = self._cluster.watch(Pod, namespace=scope, label_selector=selector)
            self._watches[scope, selector] = watch
            if self._on_change is not None:
                watch.store.on_change(self._on_change)
            watch.start()
        return watch

    def glance(self, namespace: str, name: str, selector: str) -> tuple[Pod | None, bool]:
        """Return the pod as last seen, and whether its absence is certain; asks nobody and never raises."""
        for scope in (None, namespace):
            watch = self._watches.get((scope, selector))
            if watch is not None:
                found = watch.store.get(namespace, name)
                return found, found is None and watch.store.complete and watch.healthy
        return None, False

    def watches(self) -> list[Watch[Pod]]:
        """All watches, for the sweeper and for telling how they fare."""
        return [*self._watches.values()]

    async def close(self) -> None:
        """End all watches."""
        watches, self._watches = [*self._watches.values()], {}
        await asyncio.gather(*(watch.close() for watch in watches))

    async def _sees_everything(self, deadline: Deadline) -> bool:
        """Whether the hub may list and watch pods in all namespaces; asked once."""
        async with self._asking:
            if self._everywhere is None:
                try:
                    self._everywhere = await self._cluster.allowed("watch", POD, deadline=deadline.shorter(10))
                except TenantSpawnerError as trouble:
                    log.warning("Cannot ask for the right to watch pods everywhere: %s", trouble.detail)
                    return False
            return self._everywhere
