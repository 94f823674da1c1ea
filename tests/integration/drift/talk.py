"""The driver: sends the rows of a table to one cluster in order, and brings back plain answers."""

import asyncio
import io
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.integration.drift.ask import Ask
from tests.integration.drift.plain import Plain

PATIENCE = 15.0
_REFERENCE = re.compile(r"\$\{(\w+)\.([^}]+)\}")


@dataclass(frozen=True)
class Answer:
    """What came back, plain; `seconds` it took."""

    code: int
    body: Any
    warnings: tuple[str, ...]
    seconds: float = 0

    @property
    def comparable(self) -> dict[str, Any]:
        return {"code": self.code, "body": self.body, "warnings": self.warnings}


class Talk:
    """A conversation with one cluster."""

    def __init__(self, session: aiohttp.ClientSession, url: str, tokens: dict[str, str]) -> None:
        self._session = session
        self._url = url
        self._tokens = tokens
        self._kept: dict[str, Any] = {}
        self.plain = Plain()

    def beside(self) -> "Talk":
        """Another conversation with the same cluster, which remembers nothing of this one."""
        return Talk(self._session, self._url, self._tokens)

    async def all(self, table: Iterable[Ask]) -> list[Answer]:
        return [await self.one(ask) for ask in table]

    async def one(self, ask: Ask) -> Answer:
        began = time.monotonic()
        while True:
            code, raw, warnings = await self._send(ask)
            if ask.until is None or self._holds(ask.until, code, raw) or time.monotonic() - began > PATIENCE:
                break
            await asyncio.sleep(0.05)
        if ask.keep:
            self._kept[ask.keep] = raw
        shown = [self.plain(line) for line in raw] if isinstance(raw, list) else self.plain(raw)
        return Answer(code, shown, tuple(sorted(warnings)), time.monotonic() - began)

    async def _send(self, ask: Ask) -> tuple[int, Any, list[str]]:
        headers = {"Content-Type": ask.content, "User-Agent": "drift/1", "Accept": "application/json"}
        if ask.who:
            headers["Authorization"] = f"Bearer {self._tokens[ask.who]}"
        headers |= {key: self.fill(value) for key, value in ask.headers.items()}
        body = ask.body
        raw = body if isinstance(body, bytes) else b"" if body is None else self.fill(json.dumps(body)).encode()
        data = None if body is None else io.BytesIO(raw)  # a large one as bytes makes aiohttp warn
        url = self._url + self.fill(ask.path)
        async with self._session.request(ask.method, url, data=data, headers=headers) as answer:
            return answer.status, read(await answer.text()), answer.headers.getall("Warning", [])

    def fill(self, text: str) -> str:
        """Put in what earlier answers held."""
        return _REFERENCE.sub(lambda found: str(dig(self._kept[found[1]], found[2])), text)

    @staticmethod
    def _holds(until: tuple[str, Any], code: int, raw: Any) -> bool:
        path, value = until
        return bool((code if path == "code" else dig(raw, path)) == value)


def read(text: str) -> Any:
    """JSON, the lines of a watch as a list, or text."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return {"text": text}


def dig(value: Any, path: str) -> Any:
    """Return a field: ``a.b.0.c``; keys with dots stand after a bar: ``status.hard|limits.cpu``."""
    dotted, _, last = path.partition("|")
    for key in [*dotted.split("."), *([last] if last else [])]:
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
