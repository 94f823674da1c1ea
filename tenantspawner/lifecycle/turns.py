"""Whose turn it is in a namespace: starts go first, and whatever else writes there gives way.

Any number of starts may be in a namespace at once, as ever. Upkeep takes a namespace only while no start is in it, and
asks between its requests whether one has come: then it lets go at once, and is told when the namespace is free again. While
starts are under way anywhere, upkeep rests before each of its requests, up to a second, so that it never stands still;
and as long as starts come every few seconds it does fewer things at once, since what is under way when one comes delays it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tenantspawner.cluster.deadline import now

LATELY = 3.0  # seconds after the last start in which the next one is expected
REST = 1.0  # seconds that a request of upkeep waits at most for starts elsewhere


class GaveWay(Exception):
    """A start has come; upkeep of this namespace is to be tried again later."""


class Turns:
    """The starts that are under way in this process, by namespace."""

    def __init__(self) -> None:
        self._starts: Counter[str] = Counter()
        self._held: dict[str, asyncio.Event] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._last = float("-inf")
        self._listeners: list[Callable[[str], None]] = []

    def on_free(self, listener: Callable[[str], None]) -> None:
        """Call back with a namespace when the last start has left it."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def start(self, namespace: str) -> AsyncIterator[None]:
        """A start: waits for nothing but the one request of upkeep that may be under way there."""
        self._starts[namespace] += 1
        self._last = now()
        self._quiet.clear()
        try:
            while (held := self._held.get(namespace)) is not None:
                await held.wait()
            yield
        finally:
            self._leave(namespace)

    @asynccontextmanager
    async def upkeep(self, namespace: str) -> AsyncIterator["Turn"]:
        """Anything else; GaveWay at once when a start is there, or upkeep already."""
        if namespace in self._starts or namespace in self._held:
            raise GaveWay
        done = self._held[namespace] = asyncio.Event()
        try:
            yield Turn(self, namespace)
        finally:
            del self._held[namespace]
            done.set()

    def wanted(self, namespace: str) -> bool:
        """Whether a start waits for that namespace."""
        return namespace in self._starts

    def lately(self) -> bool:
        """Whether a start has come in the last few seconds."""
        return now() - self._last < LATELY

    async def quiet(self) -> None:
        """Wait until no start is under way anywhere, but not for long."""
        try:
            async with asyncio.timeout(REST):
                await self._quiet.wait()
        except TimeoutError:
            return

    def _leave(self, namespace: str) -> None:
        self._starts[namespace] -= 1
        if not self._starts[namespace]:
            del self._starts[namespace]
            for listener in self._listeners:
                listener(namespace)
        if not self._starts:
            self._quiet.set()


class Turn:
    """Upkeep's turn in a namespace."""

    def __init__(self, turns: Turns, namespace: str) -> None:
        self._turns = turns
        self._namespace = namespace

    async def rest(self) -> None:
        """Give way to starts; asked before each request.

        Raises
        ------
        GaveWay
            One waits for this namespace.
        """
        if not self._turns.wanted(self._namespace):
            await self._turns.quiet()
        if self._turns.wanted(self._namespace):
            raise GaveWay
