"""The Kubernetes API as a kubelet uses it: JSON over HTTP, with a bearer token or a client certificate.

Small on purpose: get, list in pages, create, merge patch, delete, watch. A refusal is an
`tenantspawner.errors.ApiError`, no answer is `tenantspawner.errors.Unreachable`; neither holds the token.
`insist` repeats a call for as long as repeating can help, because a node outlives its API server's restarts.
"""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from tenantspawner.errors import ApiError, ApiStatus, ClusterTrouble, Unreachable
from tenantspawner.kube.kinds import Kind

Json = dict[str, Any]
T = TypeVar("T")

PAGE = 500
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; the API server's own limit for an object is a tenth of it."""
MERGE_PATCH = "application/merge-patch+json"
WORTH_REPEATING = frozenset({408, 425, 429, 500, 502, 503, 504})
_CUT = 2000
_jitter = random.SystemRandom().uniform


@dataclass(frozen=True, slots=True)
class Access:
    """How an API server is reached. `client_cert` is certificate and key; without `ca_file` the system's CAs hold."""

    url: str
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    client_cert: tuple[Path, Path] | None = None
    insecure: bool = False

    def tls(self) -> ssl.SSLContext | bool:
        """Return what aiohttp takes for ``ssl``."""
        if not self.url.startswith("https:"):
            return True
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert:
            context.load_cert_chain(*self.client_cert)
        return context


class Client:
    """One connection pool to one API server. Must be closed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        """Read one object."""
        return await self.request("GET", kind.path(namespace, name))

    async def create(self, kind: Kind, namespace: str | None, body: Json) -> Json:
        """Create one object."""
        typed = {"apiVersion": kind.api_version, "kind": kind.kind} | body
        return await self.request("POST", kind.path(namespace), body=typed)

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, body: Json, subresource: str | None = None
    ) -> Json:
        """Change one object by a JSON merge patch."""
        return await self.request("PATCH", kind.path(namespace, name, subresource), body=body, content_type=MERGE_PATCH)

    async def delete(self, kind: Kind, namespace: str | None, name: str, *, uid: str, grace: int) -> Json:
        """Delete the object of this uid and no other."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace}
        body = options | {"preconditions": {"uid": uid}}
        return await self.request("DELETE", kind.path(namespace, name), body=body)

    async def list_all(self, path: str, params: Mapping[str, str]) -> tuple[list[Json], str]:
        """List in pages; return the objects and the resource version to watch from."""
        items: list[Json] = []
        page: dict[str, str] = {"limit": str(PAGE)}
        while True:
            answer = await self.request("GET", path, params={**params, **page})
            items += answer.get("items") or []
            metadata = answer["metadata"]
            if not metadata.get("continue"):
                return items, metadata["resourceVersion"]
            page["continue"] = metadata["continue"]

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        seconds: float = 10,
    ) -> Json:
        """Ask once and return the answer's JSON.

        Raises
        ------
        ApiError
            The answer is not a success.
        Unreachable
            There was no answer, or none that is JSON.
        """
        doing = f"{method} {path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if data else {}
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._pool().request(
                method, self._access.url + path, params=params, data=data, headers=headers, timeout=timeout
            ) as response:
                text = await response.read()
                if response.status >= 400:  # noqa: PLR2004  # HTTP
                    raise api_error(response.status, response.headers, text, doing)
                return _object(text)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise Unreachable(doing, f"{type(problem).__name__}: {problem}", sent=True) from None

    async def watch(self, path: str, params: Mapping[str, str], *, seconds: int) -> AsyncIterator[Json]:
        """Yield the events of one watch until the server ends it.

        Raises
        ------
        ApiError, Unreachable
            As `request`; an event that is not JSON is `Unreachable` too.
        """
        doing = f"WATCH {path}"
        asked = {**params, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        timeout = aiohttp.ClientTimeout(total=seconds + 30, sock_connect=10)
        try:
            async with self._pool().get(self._access.url + path, params=asked, timeout=timeout) as response:
                if response.status >= 400:  # noqa: PLR2004  # HTTP
                    raise api_error(response.status, response.headers, await response.read(), doing)
                async for line in _lines(response.content):
                    yield _object(line)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise Unreachable(doing, f"{type(problem).__name__}: {problem}", sent=True) from None

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._access.token}"} if self._access.token else {}
            connector = aiohttp.TCPConnector(ssl=self._access.tls(), limit=64)
            self._session = aiohttp.ClientSession(connector=connector, headers=headers)
        return self._session


def backoff(attempt: int, *, first: float = 0.2, longest: float = 30) -> float:
    """Return the seconds to wait after the `attempt`-th failure: doubling, with jitter."""
    return float(min(longest, first * 2 ** min(attempt, 16)) * _jitter(0.7, 1.0))


async def insist(call: Callable[[], Awaitable[T]], pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> T:
    """Repeat a call until it is answered. What repeating cannot mend is raised, and what `pause` raises."""
    attempt = 0
    while True:
        try:
            return await call()
        except ClusterTrouble as trouble:
            if isinstance(trouble, ApiError) and trouble.code not in WORTH_REPEATING:
                raise
            hint = trouble.answer.retry_after if isinstance(trouble, ApiError) else None
        await pause(min(hint or backoff(attempt), 30))
        attempt += 1


def api_error(code: int, headers: Mapping[str, str], text: bytes, doing: str) -> ApiError:
    """Build the error of an answer, whether or not its body is a ``Status``."""
    status: Json = {}
    with suppress(ValueError):
        status = _object(text)
    retry_after: float | None = None
    with suppress(ValueError):
        retry_after = float(headers.get("Retry-After", ""))
    message = str(status.get("message", ""))[:_CUT]
    return ApiError(ApiStatus(code, str(status.get("reason", "")), message, retry_after=retry_after), doing)


def _object(text: bytes) -> Json:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # as json.loads for any other text
    return value


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield whole lines of any length up to `LONGEST_LINE`; a line the connection cut off is dropped."""
    rest = bytearray()
    async for chunk in content.iter_any():
        rest += chunk
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line of the watch is too long")
        if b"\n" in chunk:
            *whole, tail = rest.split(b"\n")
            for line in whole:
                if line.strip():
                    yield bytes(line)
            rest = tail
