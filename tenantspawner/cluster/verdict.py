"""Whether and how a failed attempt is repeated: the retry table, as a pure function of what was asked and answered.

=====================================================  ============================================
refused connection, DNS, TLS                           `AGAIN`
no answer after sending                                `AGAIN`; creates `LOOK`
400, 404, 422, admission, over quota, terminating      `FAIL`
401                                                    `REREAD_TOKEN` once, then `FAIL`
403 that passes in seconds                             `LINGER` where the caller expects it, else `FAIL`
409 AlreadyExists on a create                          `LOOK`
409 Conflict on resourcequotas, asking something else  `AGAIN`, touching nothing
429                                                    `AGAIN`, after the time told
5xx                                                    `AGAIN`; creates `LOOK`
=====================================================  ============================================

A create is repeated only after a look, since one that is answered AlreadyExists is charged to the quota all the same.
"""

from dataclasses import dataclass
from enum import Enum, auto

from tenantspawner.cluster.answers import Meaning, meaning
from tenantspawner.errors import ApiError, Unreachable
from tenantspawner.kube.kinds import RESOURCE_QUOTA


class Verdict(Enum):
    """What to do after a failed attempt."""

    AGAIN = auto()
    LINGER = auto()  # again, over 5 to 10 s: the cluster catches up with what was just made
    LOOK = auto()  # see by GET whether it was executed; again only if not
    REREAD_TOKEN = auto()
    FAIL = auto()


# The refusals that pass within seconds, after which something was just made or an API server just started.
PASSING = frozenset({Meaning.QUOTA_UNKNOWN, Meaning.NO_SERVICE_ACCOUNT, Meaning.NO_RIGHT})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the verdict needs to know of a request.

    `creates` is True for a POST that makes a stored object. `expected` are the meanings of `PASSING` the caller waits
    through. `token_read` is True when the token has been read again for this request.
    """

    plural: str = ""
    creates: bool = False
    expected: frozenset[Meaning] = frozenset()
    token_read: bool = False


_FOR_ALL = {
    Meaning.UNAUTHORIZED: Verdict.REREAD_TOKEN,
    Meaning.BUSY: Verdict.AGAIN,
    Meaning.SERVER: Verdict.AGAIN,
    Meaning.QUOTA_CONFLICT: Verdict.AGAIN,
}
_FOR_CREATES = _FOR_ALL | {Meaning.SERVER: Verdict.LOOK, Meaning.ALREADY_EXISTS: Verdict.LOOK}


def judge(failure: ApiError | Unreachable, asked: Asked) -> Verdict:
    """Decide what to do after `failure`."""
    if isinstance(failure, Unreachable):
        return Verdict.LOOK if failure.sent and asked.creates else Verdict.AGAIN
    means = meaning(failure.answer)
    if means in asked.expected & PASSING:
        return Verdict.LINGER
    if means is Meaning.UNAUTHORIZED and asked.token_read:
        return Verdict.FAIL
    if means is Meaning.QUOTA_CONFLICT and asked.plural == RESOURCE_QUOTA.plural:
        return Verdict.FAIL  # on the quota itself: an ordinary conflict of versions, for the caller to read again
    return (_FOR_CREATES if asked.creates else _FOR_ALL).get(means, Verdict.FAIL)
