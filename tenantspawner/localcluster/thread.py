"""An embedded cluster with an event loop of its own, in a thread: for tests and tools that are not coroutines.

What belongs to the loop (store, faults, log) may be read from any thread between requests; to change it,
go through `run`.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tenantspawner.localcluster.cluster import LocalCluster

Result = TypeVar("Result")


class ClusterThread:
    """Runs one cluster from `__enter__` to `__exit__`."""

    def __init__(
        self, make: Callable[[], LocalCluster] = LocalCluster, port: int = 0, data_file: Path | None = None
    ) -> None:
        self._make = make
        self._port = port
        self._data_file = data_file
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-cluster", daemon=True)
        self._cluster: LocalCluster | None = None

    @property
    def cluster(self) -> LocalCluster:
        """The running cluster."""
        if self._cluster is None:
            raise RuntimeError("the embedded cluster does not run")
        return self._cluster

    def run(self, work: Coroutine[Any, Any, Result], seconds: float = 30) -> Result:
        """Run a coroutine on the cluster's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        try:
            self._cluster = self.run(self._start())
        except BaseException:
            self._stop_loop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, and wait until the thread has ended."""
        try:
            self.run(self.cluster.close())
        finally:
            self._stop_loop()

    async def _start(self) -> LocalCluster:
        cluster = self._make()
        await cluster.start(self._port, self._data_file)
        return cluster

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
