"""Covers `cluster.verdict` and the pauses of `cluster.retry`: the retry table, row by row."""

import pytest

from tenantspawner.cluster.answers import Meaning
from tenantspawner.cluster.retry import Rules, pause
from tenantspawner.cluster.verdict import PASSING, Asked, Verdict, judge
from tenantspawner.errors import ApiError, ApiStatus, Unreachable

CREATE = Asked("pods", creates=True)
READ = Asked("pods")
PATIENT = Asked("pods", creates=True, expected=PASSING)
QUOTA = Asked("resourcequotas")

UNKNOWN_QUOTA = ApiStatus(403, "Forbidden", 'pods "p" is forbidden: status unknown for quota: q, resources: pods')
NO_ACCOUNT = ApiStatus(403, "Forbidden", 'error looking up service account ns/x: serviceaccount "x" not found')
NO_RIGHT = ApiStatus(
    403, "Forbidden", 'pods is forbidden: User "hub" cannot create resource "pods" in the namespace "x"'
)
OVER_QUOTA = ApiStatus(403, "Forbidden", "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")
TERMINATING = ApiStatus(403, "Forbidden", "unable to create new content in namespace x because it is being terminated")
QUOTA_CONFLICT = ApiStatus(409, "Conflict", 'Operation cannot be fulfilled on resourcequotas "q": modified')

TABLE = [
    (Unreachable("x", "refused"), CREATE, Verdict.AGAIN),
    (Unreachable("x", "reset", sent=True), CREATE, Verdict.LOOK),
    (Unreachable("x", "reset", sent=True), READ, Verdict.AGAIN),
    (ApiStatus(400, "BadRequest"), CREATE, Verdict.FAIL),
    (ApiStatus(401, "Unauthorized"), CREATE, Verdict.REREAD_TOKEN),
    (ApiStatus(401, "Unauthorized"), Asked(token_read=True), Verdict.FAIL),
    (ApiStatus(403, "Forbidden", 'violates PodSecurity "restricted:latest"'), PATIENT, Verdict.FAIL),
    (TERMINATING, PATIENT, Verdict.FAIL),
    (OVER_QUOTA, PATIENT, Verdict.FAIL),
    (UNKNOWN_QUOTA, PATIENT, Verdict.LINGER),
    (NO_ACCOUNT, PATIENT, Verdict.LINGER),
    (NO_RIGHT, PATIENT, Verdict.LINGER),
    (NO_RIGHT, CREATE, Verdict.FAIL),
    (NO_RIGHT, Asked("pods", expected=frozenset({Meaning.QUOTA_UNKNOWN})), Verdict.FAIL),
    (OVER_QUOTA, Asked("pods", expected=frozenset({Meaning.OVER_QUOTA})), Verdict.FAIL),
    (ApiStatus(404, "NotFound"), CREATE, Verdict.FAIL),
    (ApiStatus(409, "AlreadyExists"), CREATE, Verdict.LOOK),
    (ApiStatus(409, "AlreadyExists"), READ, Verdict.FAIL),
    (ApiStatus(409, "AlreadyExists", 'object is being deleted: namespaces "x" already exists'), CREATE, Verdict.FAIL),
    (ApiStatus(409, "Conflict"), READ, Verdict.FAIL),
    (QUOTA_CONFLICT, CREATE, Verdict.AGAIN),
    (QUOTA_CONFLICT, QUOTA, Verdict.FAIL),
    (ApiStatus(410, "Expired"), READ, Verdict.FAIL),
    (ApiStatus(422, "Invalid"), CREATE, Verdict.FAIL),
    (ApiStatus(429, "TooManyRequests"), CREATE, Verdict.AGAIN),
    *[(ApiStatus(code), CREATE, Verdict.LOOK) for code in (500, 502, 503, 504)],
    *[(ApiStatus(code), READ, Verdict.AGAIN) for code in (500, 502, 503, 504)],
]


@pytest.mark.parametrize(("failure", "asked", "expected"), TABLE)
def test_each_failure_has_one_verdict(failure, asked, expected):
    error = ApiError(failure) if isinstance(failure, ApiStatus) else failure
    assert judge(error, asked) is expected


def test_pauses_double_and_are_shortened_by_a_fifth_at_most():
    full = [pause(Rules(), Verdict.AGAIN, tries, 0.0, None) for tries in (1, 2, 3, 4)]
    short = [pause(Rules(), Verdict.AGAIN, tries, 1.0, None) for tries in (1, 2, 3, 4)]
    assert full == pytest.approx([0.2, 0.4, 0.8, 1.6])
    assert short == pytest.approx([0.16, 0.32, 0.64, 1.28])


@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_what_passes_is_waited_through_for_five_to_ten_seconds(chance):
    assert 5 <= sum(pause(Rules(), Verdict.LINGER, tries, chance, None) for tries in (1, 2, 3, 4)) <= 10


@pytest.mark.parametrize(("told", "expected"), [(2.0, 2.0), (300.0, 30.0), (0.1, 0.2), (None, 0.2)])
def test_a_time_told_is_kept_and_never_longer_than_thirty_seconds(told, expected):
    assert pause(Rules(), Verdict.AGAIN, 1, 0.0, told) == expected
