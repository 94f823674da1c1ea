"""A few requests to the API server for tests' own needs, with nothing but the standard library.

Not the product's client: what a test looks at should not be seen through what it tests. One connection a request;
proxies of the environment are not asked.
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A status code and the JSON, or the text, that came with it."""

    status: int
    body: Any


class Client:
    """Sends requests to one server."""

    def __init__(self, port: int, ca: Path) -> None:
        self._port = port
        self._trust = ssl.create_default_context(cafile=str(ca))

    def request(self, method: str, path: str, body: Any = None, *, token: str, content: str, timeout: float) -> Reply:
        """Send and read whole; OSError or HTTPException if there is no answer."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._trust, timeout=timeout)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content, "Accept": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Reply(answer.status, _decode(answer.read()))
        finally:
            connection.close()


def _decode(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:  # /readyz answers "ok"
        return raw.decode(errors="replace")
