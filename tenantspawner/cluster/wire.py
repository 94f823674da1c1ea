"""The real transport: kubernetes_asyncio's configuration and REST layer, with raw bytes through its aiohttp session.

Two sessions: one pool for requests, and one without a limit for watches, which hold a connection each for minutes and
would starve the requests (its default pool has 100). From the client come TLS, proxies and credentials; its model
objects, its error class (which keeps whole bodies) and its ``Watch`` are not used.
"""

import asyncio
import importlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from tenantspawner.cluster.answers import read_status
from tenantspawner.cluster.client import Cluster
from tenantspawner.cluster.config import Connection, load
from tenantspawner.cluster.retry import Rules
from tenantspawner.cluster.transport import Answer, Request
from tenantspawner.errors import ApiError, Unreachable

if TYPE_CHECKING:
    from kubernetes_asyncio.client import Configuration

USER_AGENT = "tenantspawner"
# Whole requests are timed by `retry` and `watch`; here only what tells "never sent" from "perhaps executed".
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5.0)
_REREAD_PAUSE = 1.0  # a hundred requests refused at once read the token once
_LONGEST_ERROR = 64 * 1024


async def connect(connection: Connection | None = None) -> Cluster:
    """Load the configuration and make the client; no request is made.

    Raises
    ------
    AdminMustAct
        There is no usable configuration.
    """
    # Importing the client takes over a second, for which a hub must not stand still.
    client = await asyncio.to_thread(importlib.import_module, "kubernetes_asyncio.client")
    connection = connection or Connection()
    configuration = client.Configuration()
    await load(connection, configuration)
    return Cluster(Wire(connection, configuration), rules=Rules(attempt=connection.request_timeout))


class Wire:
    """A `Transport` over aiohttp."""

    def __init__(self, connection: Connection, configuration: "Configuration") -> None:
        from kubernetes_asyncio.client.rest import RESTClientObject

        self._connection = connection
        self._configuration = configuration
        self._requests = RESTClientObject(configuration)
        self._watches = RESTClientObject(configuration, maxsize=0)
        self._token_read = float("-inf")
        self._rereading = asyncio.Lock()

    async def send(self, request: Request) -> Answer:
        """Send a request and return the whole answer."""
        try:
            async with self._requests.pool_manager.request(**await self._arguments(request)) as response:
                return Answer(response.status, await response.read(), response.headers)
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(request, error) from error

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a request and give its answer in pieces as they arrive."""
        try:
            async with self._watches.pool_manager.request(**await self._arguments(request)) as response:
                if response.status != HTTPStatus.OK:
                    body = await response.content.read(_LONGEST_ERROR)
                    raise ApiError(read_status(response.status, body, response.headers), request.doing)
                yield response.content.iter_any()
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(request, error) from error

    async def reread_token(self) -> None:
        """Load the credentials again, unless that was done a moment ago."""
        async with self._rereading:
            if time.monotonic() - self._token_read >= _REREAD_PAUSE:
                await load(self._connection, self._configuration)
                self._token_read = time.monotonic()

    async def close(self) -> None:
        """Close both sessions, and let TLS say goodbye."""
        await self._requests.close()
        await self._watches.close()
        await asyncio.sleep(0)

    async def _arguments(self, request: Request) -> dict[str, Any]:
        configuration = self._configuration
        headers = {"Accept": request.accept, "User-Agent": USER_AGENT}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if token := await self._token(request):
            headers["Authorization"] = token
        return {
            "method": request.method,
            "url": f"{configuration.host}{request.path}",
            "params": request.query,
            "data": request.body,
            "headers": headers,
            "timeout": _TIMEOUT,
            "allow_redirects": False,
            "proxy": configuration.proxy,
            "proxy_headers": configuration.proxy_headers,
            "server_hostname": configuration.tls_server_name,
        }

    async def _token(self, request: Request) -> str | None:
        try:
            token: str | None = await self._configuration.get_api_key_with_prefix("BearerToken")
        except Exception as error:  # a token file that is being replaced, a plugin that fails
            raise Unreachable(request.doing, f"the token cannot be read: {type(error).__name__}") from error
        return token


def _unreachable(request: Request, error: BaseException) -> Unreachable:
    never_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL)
    return Unreachable(request.doing, _why(error), sent=not never_sent)


def _why(error: BaseException) -> str:
    # The texts of aiohttp hold addresses and certificates' faults; headers are only in those of answers.
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientOSError | aiohttp.ServerDisconnectedError):
        return f"{type(error).__name__}: {error}"[:300]
    return type(error).__name__
