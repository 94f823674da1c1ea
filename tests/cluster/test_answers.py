"""Covers `cluster.answers`: what is read from an answer that is not a success, and what it means."""

import json

import pytest

from tenantspawner.cluster.answers import LONGEST_TEXT, Meaning, meaning, read_status, shorten
from tenantspawner.errors import ApiStatus, Cause

FORBIDDEN = 'pods "p" is forbidden: '

# As Kubernetes 1.36 really says it.
MEANINGS = [
    (400, "BadRequest", "the request is malformed", Meaning.INVALID),
    (401, "Unauthorized", "Unauthorized", Meaning.UNAUTHORIZED),
    (403, "Forbidden", FORBIDDEN + "exceeded quota: q, requested: limits.cpu=5, used: limits.cpu=0, limited: limits.cpu=4", Meaning.OVER_QUOTA),
    (403, "Forbidden", FORBIDDEN + "failed quota: q: must specify limits.cpu for: notebook", Meaning.DENIED),
    (403, "Forbidden", FORBIDDEN + "status unknown for quota: q, resources: pods", Meaning.QUOTA_UNKNOWN),
    (403, "Forbidden", FORBIDDEN + "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: [tenantspawner:quota-gate] the quota of this namespace is not in force yet", Meaning.QUOTA_UNKNOWN),
    (422, "Invalid", FORBIDDEN + "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", Meaning.QUOTA_UNKNOWN),
    (403, "Forbidden", FORBIDDEN + 'error looking up service account ns/x: serviceaccount "x" not found', Meaning.NO_SERVICE_ACCOUNT),
    (403, "Forbidden", FORBIDDEN + "unable to create new content in namespace x because it is being terminated", Meaning.TERMINATING),
    (403, "Forbidden", FORBIDDEN + 'violates PodSecurity "restricted:latest": runAsNonRoot != true', Meaning.DENIED),
    (403, "Forbidden", FORBIDDEN + "maximum cpu usage per Container is 2, but limit is 4", Meaning.DENIED),
    (403, "Forbidden", 'pods is forbidden: User "hub" cannot create resource "pods" in API group "" in the namespace "x"', Meaning.NO_RIGHT),
    (403, "Forbidden", 'pods "p" is forbidden: User "hub" cannot get resource "pods" in API group ""', Meaning.NO_RIGHT),
    (403, "Forbidden", 'rolebindings "b" is forbidden: user "hub" is attempting to grant RBAC permissions not currently held: {…}', Meaning.NO_RIGHT),
    (403, "Forbidden", FORBIDDEN + "ValidatingAdmissionPolicy 'P' with binding 'B' denied request: a user cannot create that", Meaning.DENIED),
    (400, "BadRequest", 'admission webhook "w" denied the request: no', Meaning.DENIED),
    (409, "Conflict", 'admission webhook "w" denied the request without explanation', Meaning.DENIED),
    (500, "InternalError", 'admission webhook "w" denied the request: no', Meaning.DENIED),
    (500, "InternalError", 'Internal error occurred: failed calling webhook "w": no', Meaning.SERVER),
    (404, "NotFound", 'namespaces "x" not found', Meaning.NOT_FOUND),
    (409, "AlreadyExists", 'pods "p" already exists', Meaning.ALREADY_EXISTS),
    (409, "AlreadyExists", 'object is being deleted: namespaces "x" already exists', Meaning.TERMINATING),
    (409, "Conflict", 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified', Meaning.QUOTA_CONFLICT),
    (409, "Conflict", 'Operation cannot be fulfilled on pods "p": the object has been modified', Meaning.CONFLICT),
    (409, "Conflict", 'Operation cannot be fulfilled on Pod "p": the UID in the precondition (a) does not match the UID in record (b)', Meaning.WRONG_UID),
    (410, "Expired", "too old resource version", Meaning.TOO_OLD),
    (422, "Invalid", 'Pod "p" is invalid: spec.containers[0].resources.requests: Invalid value: "3"', Meaning.INVALID),
    (429, "TooManyRequests", "the server is busy", Meaning.BUSY),
    (500, "InternalError", "Internal error occurred: exceeded quota: no", Meaning.SERVER),
    (503, "ServiceUnavailable", "", Meaning.SERVER),
    (504, "Timeout", "", Meaning.SERVER),
    (418, "", "", Meaning.OTHER),
    (0, "", "", Meaning.OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("code", "reason", "message", "expected"), MEANINGS)
def test_each_answer_has_one_meaning(code, reason, message, expected):
    assert meaning(ApiStatus(code, reason, message)) is expected


@pytest.mark.parametrize(
    ("cause", "code", "expected"),
    [("NamespaceTerminating", 403, Meaning.TERMINATING), ("FieldManagerConflict", 409, Meaning.FIELD_CONFLICT)],
)
def test_a_cause_says_more_than_the_code(cause, code, expected):
    assert meaning(ApiStatus(code, "Forbidden", causes=(Cause(cause),))) is expected


def test_a_status_is_read_with_its_causes():
    body = {
        "kind": "Status",
        "code": 409,
        "reason": "Conflict",
        "message": "conflicts",
        "details": {
            "kind": "pods",
            "name": "p",
            "causes": [{"reason": "FieldManagerConflict", "message": "kubectl", "field": ".spec"}],
        },
    }
    assert read_status(409, json.dumps(body).encode()) == ApiStatus(
        409, "Conflict", "conflicts", "pods", "p", (Cause("FieldManagerConflict", "kubectl", ".spec"),)
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><h1>503</h1></html>",
        b'{"kind": "Status", "cod',
        b"[1, 2]",
        b'"text"',
        b"\xff\xfe",
        b'{"code": "many"}',
        b"[" * 5000,
        b'{"x": ' + b"[" * 100_000,
    ],
)
def test_an_answer_that_is_not_kubernetes_own_keeps_its_code(body):
    status = read_status(503, body)
    assert (status.code, status.reason) == (503, "ServiceUnavailable")
    assert meaning(status) is Meaning.SERVER


@pytest.mark.parametrize(
    ("header", "details", "expected"),
    [
        ("2", None, 2.0),
        (None, 7, 7.0),
        ("2", 7, 2.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None, None),
        ("-1", None, None),
        ("٣", None, None),
    ],
)
def test_the_time_to_wait_is_told_by_the_header_or_the_details(header, details, expected):
    body = json.dumps({"details": {"retryAfterSeconds": details}}).encode()
    assert read_status(429, body, {"Retry-After": header} if header else {}).retry_after == expected


def test_texts_are_cut():
    assert len(shorten("x" * 5000)) == LONGEST_TEXT


def test_no_object_and_no_token_gets_into_a_message():
    printed = (
        'Pod "p" is invalid: spec: Forbidden: may not change\n  core.PodSpec{Env: []core.EnvVar{{Value: "s3cret"}}}'
    )
    assert "s3cret" not in shorten(printed)
    assert "s3cret" not in shorten("header was Authorization: Bearer s3cret")
    assert "s3cret" not in shorten("the token eyJhbGci.s3cret-x.y was refused")
