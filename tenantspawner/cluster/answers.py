"""What the API server answered, as a plain `ApiStatus`, and what that means, as one `Meaning`.

Both are pure. Reading never fails: an answer that is no Kubernetes ``Status`` (a proxy's HTML, cut JSON) becomes
one with the HTTP code and a short text. Texts are cut to 2,000 characters, and where Kubernetes prints a whole
object into its message (``core.PodSpec{...}``), before it: no message carries an environment value.

Kubernetes gives many different things the same code, so that the meaning is partly in words. They were read from
Kubernetes 1.36; a sentence that is not recognised falls back to the meaning of its code, which is never "retry".
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus

import msgspec

from tenantspawner.errors import ApiStatus, Cause

# What reading JSON of any kind can raise.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

LONGEST_TEXT = 2_000
_HTML_TEXT = 200
_MOST_CAUSES = 20
_GO_OBJECT = re.compile(r"[&*]?\b[a-z][a-z0-9]*\.[A-Z]\w*\{.*", re.DOTALL)
_TOKEN = re.compile(r"(?i:\bbearer\s+)\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")


class _WireCause(msgspec.Struct):
    reason: str | None = None
    message: str | None = None
    field: str | None = None


class _WireDetails(msgspec.Struct, rename="camel"):
    kind: str | None = None
    name: str | None = None
    causes: list[_WireCause] | None = None
    retry_after_seconds: float | None = None


class _WireStatus(msgspec.Struct):
    kind: str | None = None
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _WireDetails | None = None


_decode = msgspec.json.Decoder(_WireStatus).decode


def read_status(code: int, body: bytes | msgspec.Raw = b"", headers: Mapping[str, str] | None = None) -> ApiStatus:
    """Read an answer that is not a success; never raises. `code` is the HTTP status, 0 where there is none."""
    told = _seconds((headers or {}).get("Retry-After"))
    try:
        wire = _decode(body)
    except UNREADABLE:
        return ApiStatus(code, _phrase(code), _not_kubernetes(bytes(body)), retry_after=told)
    details = wire.details or _WireDetails()
    return ApiStatus(
        code=wire.code or code,
        reason=shorten(wire.reason or _phrase(wire.code or code)),
        message=shorten(wire.message or ""),
        kind=details.kind or "",
        name=details.name or "",
        causes=tuple(
            Cause(shorten(cause.reason or ""), shorten(cause.message or ""), shorten(cause.field or ""))
            for cause in (details.causes or [])[:_MOST_CAUSES]
        ),
        retry_after=told if told is not None else details.retry_after_seconds,
    )


def shorten(text: str) -> str:
    """Cut a text for messages and logs: no whole object, no token, at most 2,000 characters."""
    text = _TOKEN.sub("…", _GO_OBJECT.sub("…", text))
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _not_kubernetes(body: bytes) -> str:
    text = " ".join(body[:LONGEST_TEXT].decode("utf-8", "replace").split())
    return f"the answer is not Kubernetes' own: {shorten(text[:_HTML_TEXT])}" if text else "the answer is empty"


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase.replace(" ", "")
    except ValueError:
        return ""


def _seconds(header: str | None) -> float | None:
    # The date form is not sent by Kubernetes; it is treated as no word at all.
    return float(header) if header and header.isascii() and header.isdigit() else None


class Meaning(Enum):
    """What an answer means, where the code alone does not say it."""

    INVALID = auto()  # 400, 422: the request itself is wrong
    UNAUTHORIZED = auto()  # 401
    NO_RIGHT = auto()  # 403 by RBAC
    OVER_QUOTA = auto()  # 403: would be more than a quota allows
    QUOTA_UNKNOWN = auto()  # 403: the quota controller has not counted this quota yet, or our policy has not seen it
    NO_SERVICE_ACCOUNT = auto()  # 403: the pod's account is not there (yet)
    TERMINATING = auto()  # 403 or 409: the namespace, or the object itself, is going away
    DENIED = auto()  # 403 by admission: Pod Security, a policy, a LimitRange, a quota's must-specify
    NOT_FOUND = auto()  # 404
    ALREADY_EXISTS = auto()  # 409
    FIELD_CONFLICT = auto()  # 409: another field manager owns a field we apply
    WRONG_UID = auto()  # 409: the object of that name is another one by now
    QUOTA_CONFLICT = auto()  # 409: a quota changed while this request was being counted
    CONFLICT = auto()  # 409: our resourceVersion is not the newest
    TOO_OLD = auto()  # 410: the resourceVersion or continue token has expired
    BUSY = auto()  # 429
    SERVER = auto()  # 5xx
    OTHER = auto()


_BY_CODE = {
    400: Meaning.INVALID,
    401: Meaning.UNAUTHORIZED,
    403: Meaning.DENIED,
    404: Meaning.NOT_FOUND,
    409: Meaning.CONFLICT,
    410: Meaning.TOO_OLD,
    422: Meaning.INVALID,
    429: Meaning.BUSY,
}

# Code, what the message says, and what they mean together; the first that fits. Policies and webhooks write free
# text into a 403, so the words of RBAC are matched whole. A webhook denies by whatever code it likes, 400 unless it says.
_ANY = 0
_BY_WORDS: tuple[tuple[int, re.Pattern[str], Meaning], ...] = tuple(
    (code, re.compile(words, re.IGNORECASE), found)
    for code, words, found in (
        (403, r"because it is being terminated", Meaning.TERMINATING),
        (403, r"exceeded quota:", Meaning.OVER_QUOTA),
        (403, r"status unknown for quota", Meaning.QUOTA_UNKNOWN),
        # Our own policy: its watch of the quota is a moment behind what a GET tells.
        (403, r"\[tenantspawner:quota-gate\]", Meaning.QUOTA_UNKNOWN),
        (422, r"no params found for policy binding", Meaning.QUOTA_UNKNOWN),
        (403, r"error looking up service account", Meaning.NO_SERVICE_ACCOUNT),
        (403, r'is forbidden: user "[^"]*" cannot \w+ ', Meaning.NO_RIGHT),
        (403, r"attempting to grant rbac permissions not currently held", Meaning.NO_RIGHT),
        (_ANY, r'admission webhook "[^"]*" denied the request', Meaning.DENIED),
        (409, r"object is being deleted", Meaning.TERMINATING),
        (409, r"uid in the precondition", Meaning.WRONG_UID),
        (409, r"operation cannot be fulfilled on resourcequotas", Meaning.QUOTA_CONFLICT),
    )
)
_BY_CAUSE = {"NamespaceTerminating": Meaning.TERMINATING, "FieldManagerConflict": Meaning.FIELD_CONFLICT}
_BY_REASON = {"AlreadyExists": Meaning.ALREADY_EXISTS, "Expired": Meaning.TOO_OLD}


def meaning(status: ApiStatus) -> Meaning:
    """Tell what an answer that is not a success means."""
    for cause in status.causes:
        if cause.reason in _BY_CAUSE:
            return _BY_CAUSE[cause.reason]
    for code, words, found in _BY_WORDS:
        if code in {_ANY, status.code} and words.search(status.message):
            return found
    if status.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Meaning.SERVER
    return _BY_REASON.get(status.reason) or _BY_CODE.get(status.code, Meaning.OTHER)
