"""The seam between the thinking part and the wire: bytes out, bytes in, no model objects.

`Transport` is what the client needs of an HTTP library. The real one is `tenantspawner.cluster.wire`; tests inject
their own. A transport knows the address, TLS and the credentials; it does not retry, wait or interpret.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `doing` says it in words, for errors; `body` never gets into any message."""

    method: str
    path: str
    doing: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    content_type: str = JSON
    accept: str = JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, of any code."""

    code: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether it is a 2xx."""
        return HTTPStatus.OK <= self.code < HTTPStatus.MULTIPLE_CHOICES


class Transport(Protocol):
    """Carries requests to one API server. Both ways of asking raise `Unreachable` when no answer comes."""

    async def send(self, request: Request) -> Answer:
        """Send a request and return the whole answer."""

    def stream(self, request: Request) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Send a request and give its answer in pieces as they arrive.

        Raises
        ------
        ApiError
            The answer is not a success.
        """

    async def reread_token(self) -> None:
        """Read the credentials again from where they came."""

    async def close(self) -> None:
        """Close all connections."""
