"""From the bytes of a watch to its events; anything else is `Unreadable`, and nothing worse.

A watch is JSON, one object a line. What comes instead in bad moments: a proxy's HTML, half a line, an object without
metadata, an ERROR without a reason, a line that does not end. A line of 3 MiB or more is refused before it is held
in memory whole: Kubernetes' store takes objects of 1.5 MiB at most.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from tenantspawner.cluster.answers import UNREADABLE, read_status
from tenantspawner.errors import ApiStatus
from tenantspawner.kube.objects import KubeObject, read_json

MAX_LINE = 3 * 1024 * 1024

T = TypeVar("T", bound=KubeObject)


class Unreadable(Exception):
    """What came is not a line of a watch, or not a list. Never leaves the watch."""


class Change(Enum):
    """What an event does to its object."""

    PUT = "put"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """An object was added, modified or deleted."""

    change: Change
    obj: T
    version: str


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Nothing has changed up to that version."""

    version: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The server ends the watch, and says why (or not)."""

    status: ApiStatus


_CHANGES = {"ADDED": Change.PUT, "MODIFIED": Change.PUT, "DELETED": Change.REMOVE}


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _BookmarkMeta(msgspec.Struct, rename="camel"):
    resource_version: str


class _BookmarkObject(msgspec.Struct):
    metadata: _BookmarkMeta


_line = msgspec.json.Decoder(_Line)
_bookmark = msgspec.json.Decoder(_BookmarkObject)


async def lines(chunks: AsyncIterator[bytes], longest: int = MAX_LINE) -> AsyncIterator[bytes]:
    """Split a stream into lines; what follows the last newline is dropped, since it was cut."""
    rest = bytearray()
    async for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            line = bytes(rest) + chunk[start:end]
            rest.clear()
            start = end + 1
            if len(line) >= longest:
                raise Unreadable("a line is too long")
            if line.strip():
                yield line
        rest += chunk[start:]
        if len(rest) >= longest:
            raise Unreadable("a line is too long")


def read_line(line: bytes, slim: type[T], decoder: msgspec.json.Decoder[T]) -> Changed[T] | Bookmark | Failure:
    """Read one line of a watch of objects of that type.

    Raises
    ------
    Unreadable
        It is not such a line.
    """
    try:
        event = _line.decode(line)
        if event.type in _CHANGES:
            obj = read_json(decoder, slim, event.object)
            return Changed(_CHANGES[event.type], obj, _known(obj.metadata.resource_version))
        if event.type == "BOOKMARK":
            return Bookmark(_known(_bookmark.decode(event.object).metadata.resource_version))
    except UNREADABLE as error:
        # msgspec's message has the path of the fault, never a value.
        raise Unreadable(str(error)) from None
    if event.type == "ERROR":
        return Failure(read_status(0, event.object))
    raise Unreadable("a line has an unknown type")


def _known(version: str) -> str:
    if not version:
        raise Unreadable("an object has no resource version")
    return version
