"""One list, then a watch, into a store: for as long as the process lives.

The list is one consistent view in pages of 500. The watch resumes from the version it has reached, told by events and
bookmarks, however often it is cut; it lists again only when that version has expired or in doubt (see `watchrules`).
The store never goes back to an older view, and keeps the last one while the API server is away. The loop never gives
up and raises nothing: `healthy`, `last_error` and `since` say how it fares.

A stream in which nothing arrives for two minutes, not even a bookmark, is opened anew: the other end may be gone
without a word.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from tenantspawner.cluster import listing
from tenantspawner.cluster.answers import UNREADABLE, Meaning, meaning, read_status
from tenantspawner.cluster.deadline import Deadline, now
from tenantspawner.cluster.lines import Bookmark, Change, Changed, Failure, Unreadable, lines, read_line
from tenantspawner.cluster.store import Index, Store, newer
from tenantspawner.cluster.transport import JSON, Request, Transport
from tenantspawner.cluster.watchrules import Course, End, end_of, next_step
from tenantspawner.errors import ApiError, Unreachable
from tenantspawner.kube.objects import KubeObject, read_json

log = logging.getLogger(__name__)

T = TypeVar("T", bound=KubeObject)

OPEN_WITHIN = 30.0  # seconds for a page of the list, and for the headers of a watch
QUIET = 120.0  # Kubernetes sends a bookmark about every minute
_SETTLED = 1.0  # a stream that has lived so long works
_SERVER_TIMEOUT = 240  # seconds, and up to as many again at random, so that watches do not end together
_LINES_A_TURN = 200  # then the event loop may do something else
_OLD_LISTS_REFUSED = 3


class Watch(Generic[T]):
    """A live view of one kind, in `store`. Made by `Cluster.watch`.

    Parameters
    ----------
    slim
        The struct objects are read into; it knows its kind.
    request
        The list request, with selectors.
    """

    def __init__(
        self,
        slim: type[T],
        request: Request,
        transport: Transport,
        *,
        chance: Callable[[], float] = random.random,
        indexes: Mapping[str, Index[T]] | None = None,
    ) -> None:
        self.store: Store[T] = Store(indexes)
        self.healthy = False
        self.last_error: str | None = None
        self.since = datetime.now(UTC)
        self.lists = 0
        self.streams = 0
        self._slim = slim
        self._request = request
        self._transport = transport
        self._chance = chance
        self._decoder = msgspec.json.Decoder(slim)
        self._page_type = listing.page_of(slim)
        self._pages = msgspec.json.Decoder(self._page_type)
        self._synced = asyncio.Event()
        self._version: str | None = None
        self._newest = ""
        self._old_lists = 0
        self._opened: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; a second start does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"watch: {self._request.doing}")

    async def synced(self, deadline: Deadline) -> None:
        """Wait for the first whole list.

        Raises
        ------
        DeadlinePassed
            There was none in time; `last_error` says why.
        """
        async with deadline.timeout(self._request.doing):
            await self._synced.wait()

    async def close(self) -> None:
        """End the watch; the store keeps what it has."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        course = Course()
        while True:
            before, self._opened, told, why = self._version, None, None, ""
            try:
                if self._version is None:
                    await self._list()
                    before = self._version
                await self._follow()
                end = End.CLOSED
            except ApiError as error:
                end, told, why = end_of(error.answer), error.answer.retry_after, error.detail
                if meaning(error.answer) is Meaning.UNAUTHORIZED:
                    await self._reread_token()
            except Unreachable as error:
                end, why = End.FAILED, error.detail
            except Unreadable as error:
                end, why = End.UNREADABLE, f"{self._request.doing}: {error}"
            except Exception as error:
                log.exception("watch failed in a way nobody thought of: %s", self._request.doing)
                end, why = End.FAILED, type(error).__name__
            step = next_step(
                end,
                course,
                lived=self._lived(),
                moved=self._version != before,
                told=told,
                chance=self._chance(),
            )
            course = step.course
            if step.list_again:
                self._version = None
            if step.degraded:
                self._degraded(why or f"{self._request.doing}: closed at once")
            await asyncio.sleep(step.pause)

    def _lived(self) -> float:
        return 0.0 if self._opened is None else now() - self._opened

    async def _list(self) -> None:
        accept = _metadata_only("PartialObjectMetadataList") if self._slim.METADATA_ONLY else JSON
        items, version = await listing.all_pages(replace(self._request, accept=accept), self._page)
        if not version:
            raise Unreadable("a list has no resource version")
        if self._newest and newer(self._newest, version) and self._old_lists < _OLD_LISTS_REFUSED:
            # A server that lags behind. When it stays so, the cluster was restored from a backup.
            self._old_lists += 1
            raise Unreadable(f"a list is older ({version}) than what was seen ({self._newest})")
        self.lists += 1
        self._old_lists = 0
        self._version = self._newest = version
        self.store.replace(items)
        self._recovered()
        self._synced.set()

    async def _page(self, request: Request) -> listing.Page[T]:
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                answer = await self._transport.send(request)
        except TimeoutError:
            raise Unreachable(request.doing, "no answer in time", sent=True) from None
        if not answer.succeeded:
            raise ApiError(read_status(answer.code, answer.body, answer.headers), request.doing)
        try:
            return read_json(self._pages, self._page_type, answer.body)
        except UNREADABLE as error:
            raise Unreadable(str(error)) from None

    async def _follow(self) -> None:
        try:
            async with asyncio.timeout(OPEN_WITHIN) as guard, self._transport.stream(self._watch_request()) as chunks:
                self.streams += 1
                self._opened = now()
                settled = asyncio.get_running_loop().call_later(_SETTLED, self._recovered)
                try:
                    await self._read(chunks, guard)
                finally:
                    settled.cancel()
        except TimeoutError:
            if self._opened is None:
                raise Unreachable(self._request.doing, "no answer in time") from None

    async def _read(self, chunks: AsyncIterator[bytes], guard: asyncio.Timeout) -> None:
        guard.reschedule(now() + QUIET)
        count = 0
        async for line in lines(chunks):
            guard.reschedule(now() + QUIET)
            self._take(line)
            count += 1
            if count % _LINES_A_TURN == 0:
                await asyncio.sleep(0)

    def _take(self, line: bytes) -> None:
        event = read_line(line, self._slim, self._decoder)
        match event:
            case Failure(status):
                raise ApiError(status, f"watch after {self._request.doing}")
            case Changed(change, obj, version):
                (self.store.put if change is Change.PUT else self.store.remove)(obj)
            case Bookmark(version):
                pass
        self._version = self._newest = version
        self._recovered()

    def _watch_request(self) -> Request:
        seconds = _SERVER_TIMEOUT + int(_SERVER_TIMEOUT * self._chance())
        query = (
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self._version or ""),
            ("timeoutSeconds", str(seconds)),
        )
        accept = _metadata_only("PartialObjectMetadata") if self._slim.METADATA_ONLY else JSON
        return replace(self._request, query=self._request.query + query, accept=accept)

    async def _reread_token(self) -> None:
        try:
            await self._transport.reread_token()
        except Exception:
            log.exception("the token could not be read again: %s", self._request.doing)

    def _recovered(self) -> None:
        if not self.healthy:
            self.healthy, self.since = True, datetime.now(UTC)
            if self.last_error is not None:
                log.info("watch works again: %s", self._request.doing)
            self.last_error = None

    def _degraded(self, why: str) -> None:
        if self.healthy or self.last_error is None:
            self.healthy, self.since = False, datetime.now(UTC)
            log.warning("watch is degraded, the last view stays in force: %s", why)
        self.last_error = why


def _metadata_only(wanted: str) -> str:
    return f"{JSON};as={wanted};g=meta.k8s.io;v=v1,{JSON}"
