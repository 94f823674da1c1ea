"""A container that is no process: a web server inside the node, there at once and nearly free.

For tests and demos of many servers at a time. It answers every request with 200 and the name of its pod, which is
all that JupyterHub asks of a server before it calls it started. It listens where ``JUPYTERHUB_SERVICE_URL`` says.
"""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from tenantspawner.localcluster.node.logs import LogFile
from tenantspawner.localcluster.node.process import Recipe, StartError

DEFAULT_PORT = 8888
_TERMINATED = 143
_LAST_ANSWERS = 0.5  # seconds; aiohttp takes 0 for "no limit"


class LightContainer:
    """One listening server. Made by `start`."""

    def __init__(self, server: asyncio.Server, connections: web.Server, log: LogFile) -> None:
        self._server = server
        self._connections = connections
        self._log = log
        self._ended = asyncio.Event()

    @classmethod
    async def start(cls, recipe: Recipe, pod: str, address: str) -> "LightContainer":
        """Listen at the pod's address.

        Raises
        ------
        StartError
            The address is in use.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(text=f"{pod} answers {request.method} {request.path}\n")

        connections = web.Server(answer, access_log=None)
        try:
            port = urlsplit(recipe.environment.get("JUPYTERHUB_SERVICE_URL", "")).port or DEFAULT_PORT
            server = await asyncio.get_running_loop().create_server(connections, address, port)
        except (OSError, ValueError) as problem:
            raise StartError(f"cannot listen at {address}: {problem}") from None
        log = LogFile(Path(recipe.log))
        log.write(f"{pod} listens at {address}:{port}\n".encode())
        return cls(server, connections, log)

    async def wait(self) -> int:
        """Wait until it was stopped."""
        await self._ended.wait()
        return _TERMINATED

    async def stop(self, grace: float) -> None:
        """Stop listening. There is nothing to wait for, so `grace` is not used up."""
        del grace
        if not self._ended.is_set():
            self._ended.set()
            self._server.close()
            self._connections.pre_shutdown()  # ends idle connections, which `shutdown` would wait for
            await self._connections.shutdown(_LAST_ANSWERS)
            self._log.write(b"terminated\n")
            self._log.close()
