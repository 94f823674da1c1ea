"""A mirror of some objects of the API: one consistent list, then a watch that goes on from there.

The watch is resumed at the last resource version seen, bookmarks included. Listed again is only when the server
says that this version is gone (410); what vanished in between is then reported as deleted. It never gives up and
never raises; after failures it waits 0.2 s doubling to 30 s.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from enum import Enum

from tenantspawner.errors import ApiError, ClusterTrouble
from tenantspawner.localcluster.node.client import Client, Json, backoff

log = logging.getLogger(__name__)

GONE = 410
WATCH_SECONDS = 290
PAUSE = 0.05
"""Seconds after a watch that ended well, so that a server that ends each at once is not asked without pause."""


class Change(Enum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


Handler = Callable[[Change, Json], None]


class Reflector:
    """Keeps `objects` (by uid) as the server has them and tells `handler` each change, in order.

    `handler` must not block and not raise. `synced` is set after the first list.
    """

    def __init__(self, client: Client, path: str, handler: Handler, params: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._path = path
        self._handler = handler
        self._params = dict(params or {})
        self._version = ""
        self.objects: dict[str, Json] = {}
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled."""
        failures = 0
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except ClusterTrouble as trouble:
                if isinstance(trouble, ApiError) and trouble.code == GONE:
                    self._version = ""
                log.info("watch of %s: %s", self._path, trouble.detail)
            except (KeyError, TypeError, AttributeError) as problem:
                # An answer of the wrong shape, as a proxy in between may give: doubt, so list again.
                log.warning("watch of %s: an answer was not understood: %s", self._path, type(problem).__name__)
                self._version = ""
            else:
                failures = 0
                await asyncio.sleep(PAUSE)
                continue
            await asyncio.sleep(backoff(failures))
            failures += 1

    async def _list(self) -> None:
        items, version = await self._client.list_all(self._path, self._params)
        listed = {item["metadata"]["uid"]: item for item in items}
        for uid in self.objects.keys() - listed.keys():
            self._tell(Change.DELETED, self.objects[uid])
        for uid, item in listed.items():
            known = self.objects.get(uid)
            if known is None or known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._tell(Change.ADDED if known is None else Change.MODIFIED, item)
        self._version = version
        self.synced.set()

    async def _watch(self) -> None:
        params = {**self._params, "resourceVersion": self._version}
        async for event in self._client.watch(self._path, params, seconds=WATCH_SECONDS):
            kind, item = event["type"], event["object"]
            if kind == "ERROR":
                self._version = ""  # mostly 410; whatever it is, a new list heals it
                log.info("watch of %s ended: %s", self._path, item.get("reason"))
                return
            if kind != "BOOKMARK":
                self._tell(Change(kind), item)
            self._version = item["metadata"]["resourceVersion"]

    def _tell(self, change: Change, item: Json) -> None:
        uid = item["metadata"]["uid"]
        if change is Change.DELETED:
            self.objects.pop(uid, None)
        else:
            self.objects[uid] = item
        self._handler(change, item)
