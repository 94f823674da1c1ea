"""Writes the status of one pod to the API: always the newest, never one that was written already.

`mark` says that something changed; several changes in a moment make one write. A write is repeated for as long as
that can help; when the pod is gone, or is another one of the same name, there is nothing left to write.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import POD
from tenantspawner.localcluster.node.client import Client, insist
from tenantspawner.localcluster.node.sandbox import Sandbox

log = logging.getLogger(__name__)

_GONE = frozenset({404, 409})
_TOGETHER = 0.01


class StatusWriter:
    """The writer of one pod. `current` builds the status."""

    def __init__(self, client: Client, sandbox: Sandbox, current: Callable[[], dict[str, Any]]) -> None:
        self._client = client
        self._sandbox = sandbox
        self._current = current
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._written: dict[str, Any] = {}

    def mark(self) -> None:
        """Say that the status may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Write changes until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_TOGETHER)
            self._changed.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what is not written yet."""
        async with self._writing:
            status = self._current()
            if not status or status == self._written:
                return
            sandbox = self._sandbox
            body = {"metadata": {"uid": sandbox.uid}, "status": status}
            try:
                await insist(lambda: self._client.patch(POD, sandbox.namespace, sandbox.name, body, "status"))
            except ApiError as error:
                if error.code not in _GONE:
                    log.warning("a pod's status was refused: %s", error.detail)
            self._written = status
