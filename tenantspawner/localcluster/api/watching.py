"""Watches: what happened to a selection of objects since a version, one JSON line an event, until it is cut.

`Watches` hears every change of the store once and hands it to the open watches of that kind. A watch
from a version replays the history first; from none it begins with what is there. Objects that come
into or leave a selection are ADDED and DELETED to it. Bookmarks tell how far it has come.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.selectors import Predicate
from tenantspawner.localcluster.attributes import Refusal
from tenantspawner.localcluster.store import Expired, Store, StoreEvent

Object = dict[str, Any]
Represent = Callable[[Object], Object]

_END = b""
_LAST_BOOKMARK = 2.0
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(eq=False)
class Watch:
    """One open watch; lines wait in its queue until the client takes them."""

    kind: Kind
    namespace: str | None
    selected: Predicate | None
    represent: Represent | None
    queue: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    seen: int = 0

    def offer(self, event: StoreEvent, whole: bytes | None) -> None:
        """Queue a change, as this watch sees it; `whole` is the line of an unselective one."""
        if self.namespace is not None and event.object["metadata"].get("namespace") != self.namespace:
            return
        if event.resource_version <= self.seen:
            return
        self.seen = event.resource_version
        seen_as = event.type if self.selected is None else _seen_as(event, self.selected)
        if seen_as is None:
            return
        if whole is not None and seen_as == event.type and self.represent is None:
            self.queue.put_nowait(whole)
        elif seen_as == "DELETED" and event.type != "DELETED":
            self.send(seen_as, _as_it_was(event))  # it has left the selection: shown as it was in it
        else:
            self.send(seen_as, event.object)

    def send(self, event_type: str, obj: Object) -> None:
        """Queue an event of our own making."""
        self.queue.put_nowait(encode(event_type, self.represent(obj) if self.represent else obj))

    def cut(self) -> None:
        """End the watch cleanly after what waits in its queue."""
        self.queue.put_nowait(_END)


def encode(event_type: str, obj: Object) -> bytes:
    """Return the line of one event."""
    return msgspec.json.encode({"type": event_type, "object": obj}) + b"\n"


def _seen_as(event: StoreEvent, selected: Predicate) -> str | None:
    now = event.type != "DELETED" and selected(event.object)
    before = event.previous is not None and selected(event.previous)
    if now:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else None


def _as_it_was(event: StoreEvent) -> Object:
    before = event.previous or event.object
    metadata = {**before["metadata"], "resourceVersion": event.object["metadata"]["resourceVersion"]}
    return {**before, "metadata": metadata}


class Watches:
    """All open watches of one API server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[Kind, set[Watch]] = defaultdict(set)
        self._unsubscribe = store.subscribe(self._on_event)
        self._closing = False

    def _on_event(self, event: StoreEvent) -> None:
        watches = self._open.get(event.kind)
        if not watches:
            return
        whole = encode(event.type, event.object)
        for watch in watches:
            watch.offer(event, whole)

    def start(self, watch: Watch, version: int | None, *, initial: bool, bookmark: Object | None) -> None:
        """Fill a watch's queue up to the present and let it hear what follows.

        `version` None begins with what is there (`initial`) or with the next change; `bookmark`
        marks the end of the initial events.

        Raises
        ------
        Refusal
            410, when the history does not reach back that far.
        """
        if version:
            try:
                missed = self._store.history_since(version)
            except Expired as error:
                raise Refusal.gone(str(error)) from None
            watch.seen = version
            for event in missed:
                if event.kind is watch.kind:
                    watch.offer(event, None)
        elif initial:
            for obj in self._store.list(watch.kind, watch.namespace):
                if watch.selected is None or watch.selected(obj):
                    watch.send("ADDED", obj)
        watch.seen = max(watch.seen, self._store.resource_version if not version else 0)
        if bookmark is not None:
            bookmark["metadata"] = {
                "resourceVersion": str(self._store.resource_version),
                "annotations": {INITIAL_EVENTS_END: "true"},
            }
            watch.queue.put_nowait(encode("BOOKMARK", bookmark))
        self._open[watch.kind].add(watch)
        if self._closing:
            watch.cut()

    async def lines(self, watch: Watch, *, timeout: float, bookmark_every: float | None) -> AsyncIterator[bytes]:  # noqa: ASYNC109  # the client's own words
        """Yield the watch's lines until it is cut or `timeout` seconds have passed.

        `bookmark_every` in seconds; None for a client that does not take bookmarks.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        try:
            while (left := end - loop.time()) > 0:
                # The last bookmark comes a little before the end, so that the client has it when it asks again.
                due = None if bookmark_every is None else min(bookmark_every, left - _LAST_BOOKMARK)
                bookmarks = due is not None and due > 0
                line = await self._next(watch, due if due is not None and bookmarks else left, bookmarks=bookmarks)
                if line is _END:
                    return
                yield line
        finally:
            self._open[watch.kind].discard(watch)

    async def _next(self, watch: Watch, wait: float, *, bookmarks: bool) -> bytes:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                return await watch.queue.get()
        return self.bookmark(watch) if bookmarks else _END

    def bookmark(self, watch: Watch) -> bytes:
        """Return the line that says how far the watch has come."""
        kind = watch.kind
        metadata = {"resourceVersion": str(self._store.resource_version)}
        return encode("BOOKMARK", {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata})

    def matching(self, wanted: Callable[[Watch], bool]) -> list[Watch]:
        """Return the open watches that the caller wants to disturb."""
        return [watch for watches in self._open.values() for watch in watches if wanted(watch)]

    def close(self) -> None:
        """Cut all watches, and those still to come."""
        self._closing = True
        self._unsubscribe()
        for watch in self.matching(lambda _: True):
            watch.cut()
