"""What is asked of the cluster, and how it says no.

`Attributes` is one write as admission sees it. `Refusal` is every answer that is not a success: a
Kubernetes ``Status`` with the code, reason, words and causes of the real API server, so that a
client cannot tell the difference. Its constructors are named after the answer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, Self

from tenantspawner.kube.kinds import Kind

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who asks, as authentication found it."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attributes:
    """One write: who does what to which object. `object` is None for a delete, `old_object` for a create."""

    user: UserInfo
    operation: Operation
    kind: Kind
    namespace: str | None
    name: str
    subresource: str | None
    object: dict[str, Any] | None
    old_object: dict[str, Any] | None
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list, compare=False)  # admission adds what the client should know


_WITHOUT_VALUE = {
    "FieldValueRequired",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooShort",
    "InternalError",
}
_WORDS = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTooShort": "Too short",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is wrong; `reason` is one of the ``FieldValue…`` words of Kubernetes."""

    field: str
    reason: str
    value: Any = None
    detail: str = ""

    @property
    def message(self) -> str:
        """The words without the field, as in ``Invalid value: "3": must be …``."""
        words = _WORDS.get(self.reason, self.reason)
        if self.reason not in _WITHOUT_VALUE:
            words += f": {json.dumps(self.value, ensure_ascii=False, separators=(',', ':'))}"
        return f"{words}: {self.detail}" if self.detail else words

    @property
    def cause(self) -> dict[str, str]:
        """As an entry of a Status' ``details.causes``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}

    @classmethod
    def invalid(cls, field: str, value: object, detail: str) -> Self:
        """Return the problem of a value that is malformed or out of bounds."""
        return cls(field, "FieldValueInvalid", value, detail)

    @classmethod
    def required(cls, field: str, detail: str = "") -> Self:
        """Return the problem of a value that is missing."""
        return cls(field, "FieldValueRequired", "", detail)

    @classmethod
    def forbidden(cls, field: str, detail: str) -> Self:
        """Return the problem of a value that is well-formed but not allowed here."""
        return cls(field, "FieldValueForbidden", "", detail)

    @classmethod
    def duplicate(cls, field: str, value: object) -> Self:
        """Return the problem of a value that must be unique."""
        return cls(field, "FieldValueDuplicate", value)

    @classmethod
    def not_supported(cls, field: str, value: object, supported: Sequence[str]) -> Self:
        """Return the problem of a value that is not in a fixed list."""
        detail = "supported values: " + ", ".join(json.dumps(word) for word in supported)
        return cls(field, "FieldValueNotSupported", value, detail)


def resource_name(kind: Kind) -> str:
    """Return a kind's resource as refusals name it: ``pods`` or ``roles.rbac.authorization.k8s.io``."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def aggregate(messages: Sequence[str]) -> str:
    """Join messages as Kubernetes does: one as it is, several distinct ones as ``[a, b]``."""
    distinct = list(dict.fromkeys(messages))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


class Refusal(Exception):
    """An answer that is not a success: a Kubernetes Status, raised."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = None if details is None else {key: value for key, value in details.items() if value}
        if retry_after is not None:
            self.details = {**(self.details or {}), "retryAfterSeconds": retry_after}
        self.retry_after = retry_after
        self.metadata: dict[str, str] = {}  # a refused list offers a token here

    @property
    def status(self) -> dict[str, Any]:
        """The Status object as it goes over the wire."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata}
        status["status"] = "Failure"
        if self.message:
            status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status

    @classmethod
    def not_found(cls, kind: Kind, name: str) -> Self:
        """Return 404 for an object that is not there."""
        return cls(404, "NotFound", f'{resource_name(kind)} "{name}" not found', _details(kind, name))

    @classmethod
    def no_such_path(cls) -> Self:
        """Return 404 for a URL that nothing answers."""
        return cls(404, "NotFound", "the server could not find the requested resource", {})

    @classmethod
    def already_exists(cls, kind: Kind, name: str, *, being_deleted: bool = False) -> Self:
        """Return 409 for a create whose name is taken, said differently while the old object goes away."""
        prefix = "object is being deleted: " if being_deleted else ""
        message = f'{prefix}{resource_name(kind)} "{name}" already exists'
        return cls(409, "AlreadyExists", message, _details(kind, name))

    @classmethod
    def conflict(cls, kind: Kind, name: str, why: str, *, subject: str | None = None) -> Self:
        """Return 409 for a write that does not fit what is stored; `subject` replaces ``pods``."""
        subject = subject or kind.plural
        group = f".{kind.group}" if kind.group else ""
        message = f'Operation cannot be fulfilled on {subject}{group} "{name}": {why}'
        details = _details(kind, name) | {"kind": subject}
        return cls(409, "Conflict", message, details)

    @classmethod
    def stale(cls, kind: Kind, name: str) -> Self:
        """Return 409 for a write based on an old resourceVersion."""
        why = "the object has been modified; please apply your changes to the latest version and try again"
        return cls.conflict(kind, name, why)

    @classmethod
    def apply_conflict(cls, conflicts: Sequence[tuple[str, str]], message: str) -> Self:
        """Return 409 for an apply that would take fields of others; `conflicts` are (words, field)."""
        causes = [{"reason": "FieldManagerConflict", "message": words, "field": field} for words, field in conflicts]
        return cls(409, "Conflict", message, {"causes": causes})

    @classmethod
    def forbidden(cls, kind: Kind, name: str, why: str, causes: Sequence[dict[str, str]] = ()) -> Self:
        """Return 403; an empty name says that the whole resource is forbidden."""
        subject = f'{resource_name(kind)} "{name}"' if name else resource_name(kind)
        details = _details(kind, name) | {"causes": list(causes)}
        return cls(403, "Forbidden", f"{subject} is forbidden: {why}", details)

    @classmethod
    def invalid(cls, kind: Kind, name: str, problems: Sequence[FieldProblem]) -> Self:
        """Return 422 with one cause a field."""
        subject = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        words = aggregate([f"{problem.field}: {problem.message}" for problem in problems])
        details = _details(kind, name) | {"kind": kind.kind, "causes": [problem.cause for problem in problems]}
        return cls(422, "Invalid", f'{subject} "{name}" is invalid: {words}', details)

    @classmethod
    def bad_options(cls, options: str, problem: FieldProblem) -> Self:
        """Return 422 for a query that makes no sense; `options` is a kind such as ``ListOptions``."""
        details = {"group": "meta.k8s.io", "kind": options, "causes": [problem.cause]}
        message = f'{options}.meta.k8s.io "" is invalid: {problem.field}: {problem.message}'
        return cls(422, "Invalid", message, details)

    @classmethod
    def unnamed(cls, problem: FieldProblem) -> Self:
        """Return 422 for what cannot be said of any object, as for a patch that does not fit."""
        message = f' "" is invalid: {problem.field}: {problem.message}'
        return cls(422, "Invalid", message, {"causes": [problem.cause]})

    @classmethod
    def unprocessable(cls) -> Self:
        """Return 422 for a JSON patch that cannot be carried out."""
        return cls(422, "Invalid", "the server rejected our request due to an error in our request", {})

    @classmethod
    def plain(cls, why: str) -> Self:
        """Return 500 without a reason, as the real API server answers errors it has not foreseen."""
        return cls(500, "", why)

    @classmethod
    def gone(cls, message: str) -> Self:
        """Return 410 for a resourceVersion or continue token that is too old."""
        return cls(410, "Expired", message)

    @classmethod
    def bad_request(cls, message: str) -> Self:
        """Return 400 for a request that cannot be understood."""
        return cls(400, "BadRequest", message)

    @classmethod
    def method_not_allowed(cls) -> Self:
        """Return 405 for a verb the resource does not have."""
        return cls(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})

    @classmethod
    def unsupported_media_type(cls, accepted: Sequence[str]) -> Self:
        """Return 415 for a body whose type is not understood here."""
        words = ", ".join(accepted)
        message = f"the body of the request was in an unknown format - accepted media types include: {words}"
        return cls(415, "UnsupportedMediaType", message)

    @classmethod
    def too_many_requests(cls, message: str, retry_after: int) -> Self:
        """Return 429; `retry_after` is in whole seconds."""
        return cls(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", message, retry_after=retry_after)

    @classmethod
    def unauthorized(cls) -> Self:
        """Return 401 for no token or one that nobody knows."""
        return cls(401, "Unauthorized", "Unauthorized")

    @classmethod
    def internal(cls, why: str) -> Self:
        """Return 500 as the real API server words it."""
        return cls(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})

    @classmethod
    def unavailable(cls, message: str) -> Self:
        """Return 503 for something that is not there at the moment."""
        return cls(503, "ServiceUnavailable", message)


def _details(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, "group": kind.group, "kind": kind.plural}
