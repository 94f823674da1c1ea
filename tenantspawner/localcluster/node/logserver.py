"""The part of a kubelet's own server that API servers ask for logs: ``/containerLogs/NAMESPACE/POD/CONTAINER``.

It listens at 127.0.0.1 only, with a certificate made at each start (API servers do not verify it unless told
to). A bearer token or a client certificate can be demanded; without either, this machine's users may read.
"""

import hmac
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import trustme
from aiohttp import web

from tenantspawner.localcluster.node import logs
from tenantspawner.localcluster.node.clock import parse
from tenantspawner.localcluster.node.container import ContainerLoop
from tenantspawner.localcluster.node.options import NodeOptions

Find = Callable[[str, str], Mapping[str, ContainerLoop] | None]
HOST = "127.0.0.1"


class LogServer:
    """Serves the logs of the pods that `find` knows by namespace and name."""

    def __init__(self, find: Find, options: NodeOptions) -> None:
        self._find = find
        self._options = options
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen; `port` then says where."""
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        app.router.add_get("/healthz", _healthz)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._options.log_port, ssl_context=_tls(self._options))
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end what is being followed."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        self._authenticate(request)
        loop = self._loop(request)
        asked = request.query
        path = logs.latest(loop.logs, previous=asked.get("previous") == "true")
        if path is None:
            raise web.HTTPBadRequest(text=_nothing_yet(request))
        try:
            query = _query(asked)
            limit = int(asked["limitBytes"]) if "limitBytes" in asked else None
        except ValueError:
            raise web.HTTPBadRequest(text="a number or time in the query is not one") from None
        text, position = logs.read(path, query)
        if asked.get("follow") != "true" or asked.get("previous") == "true":
            return web.Response(body=text[:limit], content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(text)
        async for piece in logs.follow(path, position, query, loop.ended):
            await response.write(piece)
        return response

    def _authenticate(self, request: web.Request) -> None:
        wanted = self._options.log_token
        given = request.headers.get("Authorization", "")
        if wanted and not hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode()):
            raise web.HTTPUnauthorized(text="a bearer token of this node is needed")

    def _loop(self, request: web.Request) -> ContainerLoop:
        match = request.match_info
        loops = self._find(match["namespace"], match["pod"])
        if loops is None:
            raise web.HTTPNotFound(text=f'pod "{match["pod"]}" not found')
        if match["container"] not in loops:
            raise web.HTTPNotFound(text=f'container "{match["container"]}" not found in pod "{match["pod"]}"')
        return loops[match["container"]]


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


def _query(asked: Mapping[str, str]) -> logs.LogQuery:
    since = parse(asked["sinceTime"]) if "sinceTime" in asked else None
    if "sinceSeconds" in asked:
        since = datetime.now(UTC) - timedelta(seconds=int(asked["sinceSeconds"]))
    tail = int(asked["tailLines"]) if "tailLines" in asked else None
    return logs.LogQuery(tail, since, timestamps=asked.get("timestamps") == "true")


def _nothing_yet(request: web.Request) -> str:
    match = request.match_info
    if request.query.get("previous") == "true":
        return f'previous terminated container "{match["container"]}" in pod "{match["pod"]}" not found'
    return f'container "{match["container"]}" in pod "{match["pod"]}" is waiting to start'


def _tls(options: NodeOptions) -> ssl.SSLContext | None:
    if not options.log_tls:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(HOST, "localhost").configure_cert(context)
    if options.client_ca_file:
        context.load_verify_locations(options.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
