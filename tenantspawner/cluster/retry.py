"""Carrying out the verdicts: at most 5 tries and 30 s a call, 10 s an attempt, all under the caller's deadline.

`until_done` runs one attempt after the other; what an attempt is, and what a look is, are given to it. What is
raised in the end is the last thing the cluster said, since that names the cause; `DeadlinePassed` only where the
cluster said nothing. Pauses are a pure function of the number of the try and one random number.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from tenantspawner.cluster.deadline import Deadline, now, passed
from tenantspawner.cluster.verdict import Asked, Verdict, judge
from tenantspawner.errors import ApiError, DeadlinePassed, Unreachable

T = TypeVar("T")
Look = Callable[[ApiError | Unreachable, Deadline], Awaitable[T | None]]


@dataclass(frozen=True, slots=True)
class Rules:
    """How often and how long, in seconds."""

    tries: int = 5
    first_pause: float = 0.2
    total: float = 30.0
    attempt: float = 10.0
    longest_told: float = 30.0


def pause(rules: Rules, verdict: Verdict, tries: int, chance: float, told: float | None) -> float:
    """Seconds to wait after the try of that number (from 1).

    Doubling from 0.2 s; where the cluster catches up, 0.1 s growing fourfold, so that five tries span 7 to 8.5 s and a
    right granted a moment ago costs nearly nothing. `chance` in [0, 1) takes off up to a fifth. A time told by the
    server is never undercut, and never longer than 30 s.
    """
    grown = 0.1 * 4.0 ** (tries - 1) if verdict is Verdict.LINGER else rules.first_pause * 2.0 ** (tries - 1)
    return max(grown * (1 - 0.2 * chance), min(told or 0.0, rules.longest_told))


async def until_done(
    attempt: Callable[[], Awaitable[T]],
    *,
    asked: Asked,
    doing: str,
    deadline: Deadline,
    look: Look[T],
    reread_token: Callable[[], Awaitable[None]],
    chance: Callable[[], float],
    rules: Rules,
) -> T:
    """Run `attempt` until it succeeds, or is not to be repeated.

    `look` answers the verdict `LOOK`: the result when the attempt was executed after all, None when it was not, or it
    raises. It is given what went wrong, and the time it has.
    """
    limit = deadline.shorter(rules.total)
    tries = 0
    while True:
        tries += 1
        try:
            return await one_attempt(attempt, doing, limit.shorter(rules.attempt), deadline)
        except (ApiError, Unreachable) as failure:
            verdict = judge(failure, asked)
            if verdict is Verdict.REREAD_TOKEN:
                asked = replace(asked, token_read=True)
                await reread_token()
                tries -= 1
                continue
            if verdict is Verdict.LOOK:
                found = await _looked(look, failure, limit, deadline)
                if found is not None:
                    return found
            if verdict is Verdict.FAIL or tries >= rules.tries:
                raise
            wait = pause(rules, verdict, tries, chance(), told_by(failure))
            if now() + wait >= limit.at:
                raise
        await asyncio.sleep(wait)


async def _looked(look: Look[T], failure: ApiError | Unreachable, limit: Deadline, whole: Deadline) -> T | None:
    try:
        return await look(failure, limit)
    except DeadlinePassed:
        if whole.passed:
            raise
        raise failure from None  # the time of this call is over, not the caller's: what went wrong first counts


async def one_attempt(attempt: Callable[[], Awaitable[T]], doing: str, limit: Deadline, whole: Deadline) -> T:
    """Run one attempt under its own limit; a cut attempt may have been executed."""
    whole.check(doing)
    try:
        async with asyncio.timeout_at(limit.at):
            return await attempt()
    except TimeoutError as error:
        if whole.passed:
            raise passed(doing) from error
        raise Unreachable(doing, "no answer in time", sent=True) from error


def told_by(failure: ApiError | Unreachable) -> float | None:
    """The seconds the server asked us to wait, if it did."""
    return failure.answer.retry_after if isinstance(failure, ApiError) else None
