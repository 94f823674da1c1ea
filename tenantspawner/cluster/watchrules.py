"""When a watch reconnects, when it lists again, and how long it waits: pure.

A watch that has ended is resumed from the version it has reached. It lists again only when that version has expired
(410), or in doubt: after three ends in a row that could not be read and in which nothing has moved.
Pauses double from 0.8 s to 30 s, and never undercut the time a server has told.
"""

from dataclasses import dataclass
from enum import Enum, auto

from tenantspawner.cluster.answers import Meaning, meaning
from tenantspawner.errors import ApiStatus

FIRST_PAUSE = 0.8
LONGEST_PAUSE = 30.0
_LONG_ENOUGH = 0.5  # a stream that has lived so long and is closed cleanly is a server doing what it should
_FORGIVEN_AFTER = 5.0  # a stream that has lived so long has ended a row of failures
_DOUBT_AFTER = 3


class End(Enum):
    """How a list or a stream has ended."""

    CLOSED = auto()  # by the server, cleanly
    EXPIRED = auto()  # our version is too old
    UNREADABLE = auto()  # something that is no watch line, or an error that says nothing
    FAILED = auto()  # no connection, or an answer that is not a success


@dataclass(frozen=True, slots=True)
class Course:
    """Where a watch stands: ends in a row without progress, and those of them that were unreadable."""

    failures: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next: wait `pause` seconds, then resume, or list again."""

    pause: float
    list_again: bool
    course: Course
    degraded: bool


def end_of(status: ApiStatus) -> End:
    """Classify a Status, which came as the answer or as an ERROR line."""
    if any(cause.reason == "ResourceVersionTooLarge" for cause in status.causes):
        return End.UNREADABLE  # the server does not know our version yet: it may never
    means = meaning(status)
    if means is Meaning.TOO_OLD:
        return End.EXPIRED
    return End.UNREADABLE if means is Meaning.OTHER else End.FAILED


def next_step(end: End, course: Course, *, lived: float, moved: bool, told: float | None, chance: float) -> Next:
    """Decide what follows an end.

    Parameters
    ----------
    lived
        Seconds since the stream was opened; 0 when it never was.
    moved
        Whether it has reached a newer version.
    told
        Seconds the server told us to wait.
    chance
        A random number in [0, 1).
    """
    if moved:
        course = Course()
    elif lived >= _FORGIVEN_AFTER:
        course = Course(0, course.unreadable)
    if end is End.CLOSED and lived >= _LONG_ENOUGH:
        return Next(0.0, list_again=False, course=Course(), degraded=False)
    if end is End.EXPIRED and course.failures == 0:
        return Next(0.0, list_again=True, course=Course(1), degraded=False)
    unreadable = course.unreadable + (end is End.UNREADABLE)
    doubt = unreadable >= _DOUBT_AFTER
    return Next(
        max(backoff(course.failures, chance), min(told or 0.0, LONGEST_PAUSE)),
        list_again=doubt or end is End.EXPIRED,
        course=Course(course.failures + 1, 0 if doubt else unreadable),
        degraded=True,
    )


def backoff(failures: int, chance: float) -> float:
    """Seconds after so many failures in a row before this one: 0.8 to 30, less up to a quarter."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 16)) * (1 - chance / 4)
