"""The API server's audit log as rows: who asked for what, and what came of it.

A request is one row, written when its answer is done; a watch is one row, written when it opens (`AUDIT_POLICY` sees
to that). A mark is a length of the file, so that a test can ask for what came after it without comparing clocks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NewType

AuditMark = NewType("AuditMark", int)


@dataclass(frozen=True)
class AuditRow:
    """One request; empty strings where it has no such part (``/readyz`` has no resource)."""

    id: str
    time: datetime
    user: str
    verb: str
    api_group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    uri: str
    agent: str

    def __str__(self) -> str:
        target = "/".join(part for part in (self.resource, self.namespace, self.name, self.subresource) if part)
        return f"{self.user} {self.verb} {target or self.uri} -> {self.code}"


class AuditLog:
    """Reads the file anew each time it is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> AuditMark:
        """Return the present end."""
        return AuditMark(self._path.stat().st_size if self._path.exists() else 0)

    def read(self, *, user: str | None, since: AuditMark | datetime | None) -> list[AuditRow]:
        """Return the rows of one user or of all, after a mark or received at or after a time, in the file's order."""
        offset = since if isinstance(since, int) else 0
        earliest = since if isinstance(since, datetime) else None
        return [
            row
            for row in self._read_rows(offset)
            if (user is None or row.user == user) and (earliest is None or row.time >= earliest)
        ]

    def _read_rows(self, offset: int) -> Iterator[AuditRow]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):  # being written
                    return
                yield _parse_event(json.loads(line))


def _parse_event(event: dict[str, Any]) -> AuditRow:
    target = event.get("objectRef", {})
    return AuditRow(
        id=event["auditID"],
        time=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        user=event.get("user", {}).get("username", ""),
        verb=event["verb"],
        api_group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        uri=event["requestURI"],
        agent=event.get("userAgent", ""),
    )
