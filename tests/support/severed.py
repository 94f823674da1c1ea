"""A way to the API server that a test can sever: connections end, new ones are refused, until it is mended.

It passes bytes on, TLS and all. What goes on at the API server meanwhile, the client behind it does not see.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import yaml


class Way:
    """From a port of its own to another port of this machine."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._loses = False
        self.port = 0

    async def mend(self) -> None:
        """Let connections through, at the same port as ever."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def sever(self) -> None:
        """End all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def lose_answer(self) -> None:
        """End the connection on which the API server says something next; what it said does not arrive."""
        self._loses = True

    def _lost(self) -> bool:
        lost, self._loses = self._loses, False
        return lost

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)
        with suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer, self._lost))
            finally:
                far_writer.close()
                writer.transport.abort()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_lost: Callable[[], bool] = lambda: False
) -> None:
    while data := await reader.read(1 << 16):
        if is_lost():
            raise ConnectionAbortedError
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def a_way(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[Way, Path]]:
    """A mended way, and a kubeconfig that leads along it."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    way = Way(int(cluster["server"].rpartition(":")[2]))
    await way.mend()
    cluster["server"] = f"https://127.0.0.1:{way.port}"
    path = folder / "along-the-way.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield way, path
    finally:
        await way.sever()
