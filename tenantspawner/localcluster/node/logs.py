"""Logs of containers: one file for each run of each container, each line with the time it was written.

`LogFile` takes what a container writes, in pieces of any size; `read` and `follow` give it back as the API
promises: the last lines, since a time, with or without the times. A line longer than 64 KiB is split.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tenantspawner.localcluster.node.clock import micro_timestamp, parse

LONGEST_LINE = 64 * 1024
_POLL_SECONDS = 0.2


class LogFile:
    """Writes one container's log."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take a piece of output."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        if lines:
            stamp = micro_timestamp().encode()
            self._file.write(b"".join(b"%s %s\n" % (stamp, line) for line in lines))

    def close(self) -> None:
        """Write what has no end of line yet, and close."""
        if self._rest:
            self.write(b"\n")
        self._file.close()


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What of a log is wanted, as in the API's query."""

    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False


def log_path(directory: Path, restart: int) -> Path:
    """Return the file of a container's n-th run."""
    return directory / f"{restart}.log"


def latest(directory: Path, *, previous: bool = False) -> Path | None:
    """Return the newest log file, or the one before it."""
    files = sorted(directory.glob("*.log"), key=lambda path: int(path.stem), reverse=True)
    wanted = 1 if previous else 0
    return files[wanted] if len(files) > wanted else None


def read(path: Path, query: LogQuery) -> tuple[bytes, int]:
    """Return the lines wanted, and the position after them."""
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    lines = [line for line in whole.splitlines(keepends=True) if _recent(line, query.since)]
    if query.tail is not None:
        lines = lines[max(0, len(lines) - query.tail) :]
    return b"".join(_shown(lines, query)), len(whole)


def tail_text(path: Path | None, lines: int) -> str:
    """Return the last lines as text, for a message."""
    return read(path, LogQuery(tail=lines))[0].decode(errors="replace") if path else ""


async def follow(path: Path, position: int, query: LogQuery, ended: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield what is added to a log until its container has ended."""
    while True:
        last = ended.is_set()
        with path.open("rb") as file:
            file.seek(position)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        position += len(whole)
        if whole:
            yield b"".join(_shown(whole.splitlines(keepends=True), query))
        if last:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _POLL_SECONDS)


def _shown(lines: Iterable[bytes], query: LogQuery) -> Iterator[bytes]:
    return (line if query.timestamps else line.split(b" ", 1)[-1] for line in lines)


def _recent(line: bytes, since: datetime | None) -> bool:
    return since is None or parse(line.split(b" ", 1)[0].decode()) >= since
