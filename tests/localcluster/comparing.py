"""Asking an API server the lines of the conversation, and bringing answers into a form that can be compared."""

import asyncio
import json
import re
from typing import Any

import aiohttp

from tests.localcluster.conversation import TABLE

# What differs by nature: identity, time, versions, order numbers, and what the real scheduler adds meanwhile.
DROPPED = {"uid", "creationTimestamp", "resourceVersion", "managedFields", "deletionTimestamp", "conditions"}
REPLACED = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"10\.96\.\d+\.\d+"), "<address>"),
    (re.compile(r"Gen_\w{5}"), "Gen_<random>"),
    (re.compile(r"in record \(\d+\)"), "in record (<version>)"),
    (re.compile(r"\n@@.*", re.DOTALL), "\n"),  # a diff in Go's own format
    (re.compile(r'patch: Invalid value: ".*": json:', re.DOTALL), "patch: Invalid value: <object>: json:"),
    (re.compile(r'^Invalid value: "\{.*\}": json:', re.DOTALL), "Invalid value: <object>: json:"),
]


async def ask(session: aiohttp.ClientSession, url: str, token: str, line: tuple[Any, ...]) -> dict[str, Any]:
    """Return code, body and warnings of one line's answer."""
    method, path, body = line[:3]
    options = line[3] if len(line) > 3 else {}
    headers = {"Content-Type": options.get("ct", "application/json"), "User-Agent": "tester/1"}
    if not options.get("no_token"):
        headers["Authorization"] = f"Bearer {token}"
    headers |= options.get("headers", {})
    data = json.dumps(body) if isinstance(body, dict | list) else body
    async with session.request(method, url + path, data=data, headers=headers) as response:
        text = await response.text()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"text": text}
        return {
            "code": response.status,
            "body": comparable(answer),
            "warnings": sorted(response.headers.getall("Warning", [])),
        }


async def converse(url: str, token: str, pause: float = 1.0) -> list[dict[str, Any]]:
    """Return the answers to all lines, comparable. `pause` scales the waits."""
    answers = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        for line in TABLE:
            if line[0] == "SLEEP":
                await asyncio.sleep(line[1] * pause)
                answers.append({})
            else:
                answers.append(await ask(session, url, token, line))
    return answers


def comparable(value: Any) -> Any:
    """Return an answer without what differs by nature; absent, null and empty count the same."""
    if isinstance(value, dict):
        parts = {key: comparable(part) for key, part in value.items() if key not in DROPPED}
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}
    if isinstance(value, list):
        return [comparable(part) for part in value]
    if isinstance(value, str):
        for pattern, instead in REPLACED:
            value = pattern.sub(instead, value)
    return value
