"""What can go wrong between the product's client and an API server that knows nothing of it, on either cluster.

The client's transport is wrapped: requests are answered without being sent, or are the last that a hub sends.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tenantspawner.cluster import Cluster
from tenantspawner.cluster.transport import Answer, Request

Send = Callable[[Request], Awaitable[Answer]]


@contextmanager
def wrapped(cluster: Cluster, wrap: Callable[[Send], Send]) -> Iterator[None]:
    """Send through something else for a while; watches are not touched."""
    transport: Any = cluster._transport
    inner = transport.send
    transport.send = wrap(inner)
    try:
        yield
    finally:
        transport.send = inner


@contextmanager
def creation_refused(cluster: Cluster, plural: str, message: str, *, times: int = 1) -> Iterator[None]:
    """Refuse the next creations of a kind as admission would; all of them must have been tried in the end."""
    status = {"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": message}
    refusal = Answer(403, json.dumps(status).encode(), {"Content-Type": "application/json"})
    left = times

    def wrap(inner: Send) -> Send:
        async def send(request: Request) -> Answer:
            nonlocal left
            if left and request.method == "POST" and request.path.endswith(f"/{plural}"):
                left -= 1
                return refusal
            return await inner(request)

        return send

    with wrapped(cluster, wrap):
        yield
    assert left == 0, f"only {times - left} of {times} creations were tried"
