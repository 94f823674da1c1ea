"""HTTP: from a connection to a question, and from an answer to the wire, with the fault script between.

Each request is authenticated, authorised, given to the fault script, answered, and written to the log.
The body is read before anything is decided, so that a write, once begun, runs to its end.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import documents, reviews, subresources, verbs
from tenantspawner.localcluster.api.exchange import Question, Reply, warning_headers
from tenantspawner.localcluster.api.listing import check_options
from tenantspawner.localcluster.api.logs import LogProxy
from tenantspawner.localcluster.api.registry import Registry
from tenantspawner.localcluster.api.routes import REVIEWS, Target, UnknownResource, is_served, parse
from tenantspawner.localcluster.api.selectors import selected_name, selector
from tenantspawner.localcluster.api.watching import Watch, Watches, encode
from tenantspawner.localcluster.attributes import Refusal, UserInfo
from tenantspawner.localcluster.authentication import Authenticator, service_account_user
from tenantspawner.localcluster.authorization import Authorizer
from tenantspawner.localcluster.faults import Asked, Fault, Faults, When
from tenantspawner.localcluster.requests import RequestLog, RequestRow, request_log

Object = dict[str, Any]

LARGEST_BODY = 3 * 1024 * 1024
_PUBLIC = {"/healthz", "/livez", "/readyz", "/version", "/version/"}
ANONYMOUS = UserInfo("system:anonymous", "", ("system:unauthenticated",))
_SHORTEST_WATCH = 1800.0
_WATCH_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
_log = logging.getLogger(__name__)


class _Reset(Exception):
    """The connection shall be reset."""


@dataclass
class ApiServer:
    """Answers requests; `on_request` is called with each row of the log.

    Without a token the answer is 401 unless `anonymous`, which is how real API servers are mostly set up:
    then it is 403 for ``system:anonymous``.
    """

    registry: Registry
    authenticator: Authenticator
    authorizer: Authorizer
    logs: LogProxy
    faults: Faults = field(default_factory=Faults)
    requests: RequestLog = field(default_factory=request_log)
    bookmark_every: float = 10.0
    anonymous: bool = False
    on_request: Callable[[RequestRow], None] | None = None
    before_create: Callable[[Question], Any] | None = None

    def __post_init__(self) -> None:
        self.watches = Watches(self.registry.store)

    def application(self) -> web.Application:
        """Return what aiohttp serves."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        try:
            user = self._authenticate(request)
            asked = parse(request.method, request.path, request.query)
            if asked is None:
                return _response(self._document(request, user))
            if isinstance(asked, UnknownResource):
                self._authorize(user, asked.verb, asked.group, asked)
                if asked.group and not is_served(asked.group):
                    return _response(documents.page_not_found())
                raise Refusal.no_such_path()
            return await self._resource(request, asked, user)
        except Refusal as refusal:
            return _response(_refused(refusal))
        except _Reset:
            _reset(request)
            return web.Response()
        except Exception as error:  # noqa: BLE001  # a bug of ours is an answer, as from a real server
            _log.exception("%s %s failed", request.method, request.path)
            return _response(_refused(Refusal.internal(f"{type(error).__name__}: a bug of the embedded cluster")))

    def _authenticate(self, request: web.Request) -> UserInfo:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.authenticator.user(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            if (not token or scheme.lower() != "bearer") and (self.anonymous or request.path in _PUBLIC):
                return ANONYMOUS
            raise Refusal.unauthorized()
        wanted = request.headers.get("Impersonate-User")
        if wanted is None:
            return user
        self.authorizer.authorize(user, "impersonate", "", "users", None, None, wanted)
        groups = tuple(request.headers.getall("Impersonate-Group", ()))
        if wanted.startswith("system:serviceaccount:") and not groups:
            return service_account_user(*wanted.split(":")[2:4])
        for group in groups:
            self.authorizer.authorize(user, "impersonate", "", "groups", None, None, group)
        return UserInfo(wanted, "", (*groups, "system:authenticated"))

    def _authorize(
        self, user: UserInfo, verb: str, group: str, asked: Target | UnknownResource, selected: str = ""
    ) -> None:
        name = selected if verb in {"list", "watch", "deletecollection"} else asked.name
        plural = asked.served_as.plural if isinstance(asked, Target) else asked.plural
        self.authorizer.authorize(user, verb, group, plural, asked.subresource, asked.namespace, name)

    def _document(self, request: web.Request, user: UserInfo) -> Reply:
        if request.path not in _PUBLIC:
            self.authorizer.authorize_path(user, request.method.lower(), request.path)
        return documents.document(request.path, request.headers.get("Accept", ""), request.host)

    async def _resource(self, request: web.Request, target: Target, user: UserInfo) -> web.StreamResponse:
        question = Question(target, user, request.query, request.headers, await _body(request))
        asked = _asked(question)
        code, version = 0, ""
        try:
            self._authorize(user, target.verb, target.served_as.group, target, selected_name(request.query))
            fault = self.faults.take(asked)
            if fault is not None:
                await _strike(fault)
                if fault.raw is not None:
                    code = fault.raw[0]
                    return _response(Reply(fault.raw[0], fault.raw[1], fault.raw[2]))
            if target.verb == "watch":
                code = 200
                return await self._watch(request, question)
            if target.subresource == "log":
                code = 200
                return await self.logs.stream(request, self.registry.existing(question.call), question)
            reply = await self._answer(question)
            if fault is not None and fault.when is When.AFTER:
                _strike_after(fault)
            code, version = reply.code, reply.resource_version
            return _response(reply)
        except Refusal as refusal:
            if refusal.code == HTTPStatus.GONE and target.verb == "watch":
                return await _expired(request, refusal)
            code = refusal.code
            raise
        finally:
            if target.verb != "watch":
                self._log(question, code, version)

    async def _answer(self, question: Question) -> Reply:
        target = question.target
        if target.kind in REVIEWS:
            return reviews.review(question, self.authorizer, self.authenticator)
        if target.verb in {"create", "patch"} and self.before_create is not None:
            await self.before_create(question)
        match target.kind.kind, target.subresource, target.verb:
            case _, None | "status", _:
                return verbs.answer(self.registry, question)
            case "Pod", "binding", "create":
                return subresources.bind(self.registry, question)
            case "Pod", "eviction", "create":
                return subresources.evict(self.registry, question)
            case "Namespace", "finalize", "update":
                return subresources.finalize(self.registry, question)
            case "ServiceAccount", "token", "create":
                return subresources.issue_token(self.registry, question, self.authenticator)
            case _:
                raise Refusal.method_not_allowed()

    async def _watch(self, request: web.Request, question: Question) -> web.StreamResponse:
        self._log(question, 200, "")
        target, query = question.target, question.query
        selected = selector(target.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        watch = Watch(target.kind, target.namespace, selected, verbs.represent(question).changes)
        check_options(query)
        version = query.get("resourceVersion", "")
        if version and not version.isdigit():
            words = (
                f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
            )
            raise Refusal.plain(words)
        self._start(watch, query)
        response = web.StreamResponse(headers=_WATCH_HEADERS)
        seconds = float(query.get("timeoutSeconds") or 0) or _SHORTEST_WATCH * (1 + random.random())  # noqa: S311  # spreads
        bookmarks = self.bookmark_every if _is_true(query.get("allowWatchBookmarks")) else None
        try:
            await response.prepare(request)
            async for line in self.watches.lines(watch, timeout=seconds, bookmark_every=bookmarks):
                await response.write(line)
        except ConnectionError:
            pass  # the client has gone
        return response

    def _start(self, watch: Watch, query: Mapping[str, str]) -> None:
        version = query.get("resourceVersion", "")
        wants_initial = query.get("sendInitialEvents")
        bookmark: Object | None = None
        if _is_true(wants_initial):
            version = ""
        if _is_true(wants_initial) and _is_true(query.get("allowWatchBookmarks")):
            kind = watch.kind
            bookmark = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}}
        initial = wants_initial is None or _is_true(wants_initial)
        self.watches.start(watch, int(version or 0) or None, initial=initial, bookmark=bookmark)

    def cut_watches(self, kind: Kind | None = None, namespace: str | None = None) -> int:
        """End open watches cleanly; returns how many."""
        found = self._open_watches(kind, namespace)
        for watch in found:
            watch.cut()
        return len(found)

    def send_to_watches(self, line: bytes, kind: Kind | None = None, namespace: str | None = None) -> int:
        """Put any bytes into open watches; returns into how many."""
        found = self._open_watches(kind, namespace)
        for watch in found:
            watch.queue.put_nowait(line)
        return len(found)

    def _open_watches(self, kind: Kind | None, namespace: str | None) -> list[Watch]:
        return self.watches.matching(lambda w: kind in {None, w.kind} and namespace in {None, w.namespace})

    def _log(self, question: Question, code: int, version: str) -> None:
        target = question.target
        row = RequestRow(
            time.monotonic(), target.verb, question.user.name, target.served_as.plural, target.namespace or "",
            target.name, target.subresource or "", code, version,
        )  # fmt: skip
        self.requests.append(row)
        if self.on_request is not None:
            self.on_request(row)


def _asked(question: Question) -> Asked:
    target = question.target
    resource = f"{target.served_as.plural}/{target.subresource}" if target.subresource else target.served_as.plural
    return Asked(target.verb, resource, target.namespace or "", target.name, question.user.name)


async def _strike(fault: Fault) -> None:
    """Carry out what a fault does before the request is executed."""
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.when is When.BEFORE:
        _strike_after(fault)


def _strike_after(fault: Fault) -> None:
    if fault.reset:
        raise _Reset
    if fault.refusal is not None:
        raise fault.refusal


async def _body(request: web.Request) -> bytes:
    if not request.can_read_body:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        message = f"Request entity too large: limit is {LARGEST_BODY}"
        raise Refusal(413, "RequestEntityTooLarge", message) from None


async def _expired(request: web.Request, refusal: Refusal) -> web.StreamResponse:
    """Say in a stream that its version is too old: that is where clients look for it."""
    response = web.StreamResponse(headers=_WATCH_HEADERS)
    await response.prepare(request)
    await response.write(encode("ERROR", refusal.status))
    return response


def _refused(refusal: Refusal) -> Reply:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
    return Reply(refusal.code, refusal.status, headers=headers)


def _response(reply: Reply) -> web.Response:
    response = web.Response(status=reply.code, body=reply.content, headers=reply.headers)
    response.headers["Content-Type"] = reply.content_type
    for name, value in warning_headers(reply.warnings):
        response.headers.add(name, value)
    return response


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _is_true(text: str | None) -> bool:
    return text in {"1", "true", "True", "t", "T"}
