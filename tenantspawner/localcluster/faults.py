"""The fault script: what shall go wrong, for which requests, how often.

A rule is one readable line: ``faults.answer(503, verb="create", resource="pods", times=3)``. Rules are
looked at in the order in which they were made; a rule that is used up is gone. Matching is by verb,
resource (``pods`` or ``pods/log``), namespace, name and user, or by any function of the request row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tenantspawner.localcluster.attributes import Refusal

Words = str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the script sees it; `resource` includes the subresource: ``pods/status``."""

    verb: str
    resource: str
    namespace: str
    name: str
    user: str


Match = Callable[[Asked], bool]


class When(Enum):
    """The moment at which a fault strikes."""

    BEFORE = "before"  # the request is not executed
    AFTER = "after"  # it is executed, its answer is not what arrives


@dataclass(slots=True)
class Fault:
    """One rule. Exactly one of `refusal`, `reset` and `raw` says what arrives; `delay` alone only takes time."""

    match: Match
    left: int | None = 1  # None: for ever
    when: When = When.BEFORE
    delay: float = 0.0
    refusal: Refusal | None = None
    reset: bool = False
    raw: tuple[int, bytes, str] | None = None
    hits: int = 0
    let_pass: int = 0  # so many matching requests before it strikes


@dataclass
class Faults:
    """The script of one cluster. ``times=None`` means until `clear`."""

    rules: list[Fault] = field(default_factory=list)

    def answer(
        self,
        code: int,
        reason: str = "",
        message: str = "injected fault",
        *,
        retry_after: int | None = None,
        details: dict[str, Any] | None = None,
        times: int | None = 1,
        after: bool = False,
        **match: Any,
    ) -> Fault:
        """Answer with a Status; with ``after`` the request is executed all the same."""
        refusal = Refusal(code, reason or _REASONS.get(code, ""), message, details, retry_after)
        return self._add(Fault(_matcher(**match), times, When.AFTER if after else When.BEFORE, refusal=refusal))

    def refuse(self, refusal: Refusal, *, times: int | None = 1, **match: Any) -> Fault:
        """Answer with exactly that refusal."""
        return self._add(Fault(_matcher(**match), times, refusal=refusal))

    def delay(self, seconds: float, *, times: int | None = 1, **match: Any) -> Fault:
        """Execute the request so many seconds later."""
        return self._add(Fault(_matcher(**match), times, delay=seconds))

    def reset(self, *, times: int | None = 1, **match: Any) -> Fault:
        """Reset the connection; the request is not executed."""
        return self._add(Fault(_matcher(**match), times, reset=True))

    def lose_answer(self, *, times: int | None = 1, **match: Any) -> Fault:
        """Execute the request, then reset the connection."""
        return self._add(Fault(_matcher(**match), times, When.AFTER, reset=True))

    def stop_after(self, calls: int, **match: Any) -> Fault:
        """Answer so many requests, then reset every further one: what a client sees that dies after call `calls`."""
        return self._add(Fault(_matcher(**match), None, reset=True, let_pass=calls))

    def hang(self, *, times: int | None = 1, **match: Any) -> Fault:
        """Never answer, and do not execute either."""
        return self._add(Fault(_matcher(**match), times, delay=_NEVER, reset=True))

    def raw(
        self,
        body: bytes,
        *,
        status: int = 200,
        content_type: str = "application/json",
        times: int | None = 1,
        **match: Any,
    ) -> Fault:
        """Answer with those bytes: an HTML 503, JSON cut in the middle, a line of 3 MiB."""
        return self._add(Fault(_matcher(**match), times, raw=(status, body, content_type)))

    def gone(self, *, times: int | None = 1, **match: Any) -> Fault:
        """Answer 410 Expired; a watch gets it as an ERROR event."""
        return self.refuse(Refusal.gone("too old resource version"), times=times, **match)

    def clear(self) -> None:
        """Forget all rules."""
        self.rules.clear()

    def take(self, asked: Asked) -> Fault | None:
        """Return the rule that strikes this request, counted, None when there is none."""
        for rule in self.rules:
            if rule.match(asked):
                if rule.let_pass:
                    rule.let_pass -= 1
                    continue
                rule.hits += 1
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self.rules.remove(rule)
                return rule
        return None

    def _add(self, fault: Fault) -> Fault:
        self.rules.append(fault)
        return fault


_NEVER = 24 * 3600.0
_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict",
    410: "Expired", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip


def _matcher(
    *,
    verb: Words = None,
    resource: Words = None,
    namespace: Words = None,
    name: Words = None,
    user: Words = None,
    where: Match | None = None,
) -> Match:
    wanted = {"verb": verb, "resource": resource, "namespace": namespace, "name": name, "user": user}
    fixed = [(key, value) for key, value in wanted.items() if value is not None]

    def matches(asked: Asked) -> bool:
        return all(getattr(asked, key) == value for key, value in fixed) and (where is None or where(asked))

    return matches
