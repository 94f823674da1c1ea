"""The API's own log: one row a request, as an audit log has it, for tests that ask what really happened."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request that was answered (or, for a watch, opened).

    `time` is of the monotonic clock, at the moment of the answer. `code` 0 is an answer that was lost.
    """

    time: float
    verb: str
    user: str
    plural: str
    namespace: str
    name: str
    subresource: str
    code: int
    resource_version: str

    @property
    def resource(self) -> str:
        """``pods`` or ``pods/status``."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural

    def __str__(self) -> str:
        where = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{self.code} {self.verb} {self.resource} {where} {self.user}".replace("  ", " ")


RequestLog = deque[RequestRow]


def request_log(length: int = 100_000) -> RequestLog:
    """Return an empty log that keeps the last so many rows."""
    return deque(maxlen=length)
