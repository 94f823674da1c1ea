"""A transport for tests that answers by script, and remembers what was asked and when."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tenantspawner.cluster import Cluster
from tenantspawner.cluster.answers import read_status
from tenantspawner.cluster.transport import Answer, Request
from tenantspawner.errors import ApiError, Unreachable

Step = Answer | Exception | float  # a number: say nothing for so long, then fall silent for ever


@dataclass(frozen=True)
class Asked:
    at: float
    request: Request

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query)

    @property
    def body(self) -> Any:
        return json.loads(self.request.body or b"null")


def answer(code: int, body: Any = None, **headers: str) -> Answer:
    return Answer(
        code, json.dumps(body or {}).encode(), {key.replace("_", "-"): value for key, value in headers.items()}
    )


def refusal(code: int, reason: str, message: str = "", *, kind: str = "", causes: tuple[str, ...] = ()) -> Answer:
    details = {"kind": kind, "causes": [{"reason": cause} for cause in causes]}
    return answer(code, {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details})


def lost() -> Unreachable:
    return Unreachable("x", "reset", sent=True)


def refused() -> Unreachable:
    return Unreachable("x", "refused", sent=False)


class Scripted:
    """`script` answers each request, by request or (a list) one after the other."""

    def __init__(self, script: Callable[[Request], Step] | list[Step]) -> None:
        self.asked: list[Asked] = []
        self.token_reads = 0
        self.closed = False
        self._script = script

    @property
    def methods(self) -> str:
        return " ".join(asked.request.method for asked in self.asked)

    async def send(self, request: Request) -> Answer:
        self.asked.append(Asked(asyncio.get_running_loop().time(), request))
        step = self._script.pop(0) if isinstance(self._script, list) else self._script(request)
        if isinstance(step, int | float):
            await asyncio.sleep(3600)
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Answer)
        return step

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        raise AssertionError(f"nobody expected {request.doing}")
        yield  # makes it a generator

    async def reread_token(self) -> None:
        self.token_reads += 1

    async def close(self) -> None:
        self.closed = True


def cluster(script: Callable[[Request], Step] | list[Step]) -> tuple[Cluster, Scripted]:
    """A client without jitter on a script."""
    transport = Scripted(script)
    return Cluster(transport, chance=lambda: 0.0), transport


class ScriptedWatch(Scripted):
    """Answers lists and watches of one kind.

    `lists` gives each list in turn, `streams` the pieces of each watch: bytes to send, a number of seconds to wait,
    an exception to raise, or (first) an `Answer` that is not a success. When the streams run out, the watch stays
    open and silent.
    """

    def __init__(self, lists: list[Step], streams: list[list[Any]]) -> None:
        super().__init__(lists)
        self.streams = streams
        self.watched: list[Asked] = []

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        self.watched.append(Asked(asyncio.get_running_loop().time(), request))
        pieces = self.streams.pop(0) if self.streams else [3600.0 * 24]
        if pieces and isinstance(pieces[0], Answer):
            bad = pieces[0]
            raise ApiError(read_status(bad.code, bad.body, bad.headers), request.doing)
        yield self._play(pieces)

    async def _play(self, pieces: list[Any]) -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, bytes):
                yield piece
            else:
                await asyncio.sleep(piece)


def pod(name: str, version: int, *, uid: str = "", phase: str = "Running", namespace: str = "x") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "status": {"phase": phase}}


def listed(version: int, *items: dict[str, Any], more: str = "") -> Answer:
    return answer(200, {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)})


def event(kind: str, obj: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def bookmark(version: int) -> bytes:
    return event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": str(version)}})
