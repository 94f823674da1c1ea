"""One request and its answer, as the parts of the API hand them on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tenantspawner.localcluster.api import protobuf
from tenantspawner.localcluster.api.bodies import parse_body, read
from tenantspawner.localcluster.api.registry import Call
from tenantspawner.localcluster.api.routes import Target
from tenantspawner.localcluster.attributes import FieldProblem, Refusal, UserInfo

Object = dict[str, Any]

JSON = "application/json"
YAML = "application/yaml"
_LONGEST_MANAGER = 128
_STRICTNESS = ("", "Ignore", "Strict", "Warn")


@dataclass(frozen=True, slots=True)
class Question:
    """A request for a resource, authenticated; `body` is read before, so that nothing awaits while it is answered."""

    target: Target
    user: UserInfo
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def call(self) -> Call:
        """The write that is asked for.

        Raises
        ------
        Refusal
            422 for a ``dryRun`` other than ``All``, or a manager with too long a name.
        """
        target = self.target
        dry_run = self.query.get("dryRun", "")
        if dry_run not in {"", "All"}:
            problem = FieldProblem.not_supported("dryRun", [dry_run], ["All"])
            raise Refusal.bad_options(_OPTIONS.get(target.verb, "UpdateOptions"), problem)
        manager = self.query.get("fieldManager", "")
        if len(manager) > _LONGEST_MANAGER:
            problem = FieldProblem(
                "fieldManager", "FieldValueTooLong", "", f"may not be more than {_LONGEST_MANAGER} bytes"
            )
            raise Refusal.bad_options(_OPTIONS.get(target.verb, "UpdateOptions"), problem)
        return Call(
            self.user, target.kind, target.namespace, target.name, target.subresource, bool(dry_run), self.manager
        )

    @property
    def manager(self) -> str:
        """Who owns the fields that are written: named, or the first word of the client's own name."""
        agent = self.headers.get("User-Agent", "") or "unknown"
        return self.query.get("fieldManager") or agent.partition("/")[0][:_LONGEST_MANAGER]

    @property
    def strictness(self) -> str:
        """What becomes of unknown fields: ``Strict``, ``Warn`` or ``Ignore``."""
        asked = self.query.get("fieldValidation", "")
        if asked not in _STRICTNESS:
            problem = FieldProblem.not_supported("fieldValidation", asked, _STRICTNESS)
            raise Refusal.bad_options(_OPTIONS.get(self.target.verb, "UpdateOptions"), problem)
        return asked or "Warn"

    @property
    def content_type(self) -> str:
        """The type of the body without its parameters."""
        return (self.headers.get("Content-Type") or JSON).partition(";")[0].strip().lower()

    def read(self) -> Any:
        """Return the decoded body.

        Raises
        ------
        Refusal
            400 for a body that cannot be read, 415 for another type.
        """
        if self.content_type not in {JSON, YAML, protobuf.MEDIA_TYPE}:
            raise Refusal.unsupported_media_type([JSON, YAML, protobuf.MEDIA_TYPE])
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body)
        return parse_body(self.body, self.content_type, self.target.served_as.kind)

    def read_any(self) -> Object:
        """Return the object in a body of any type that can create one; an empty one where there is none.

        Raises
        ------
        ValueError, Refusal
            The body cannot be read.
        """
        found = self.read() if self.content_type == protobuf.MEDIA_TYPE else read(self.body, self.content_type)
        return found if isinstance(found, dict) else {}


_OPTIONS = {"create": "CreateOptions", "patch": "PatchOptions", "delete": "DeleteOptions"}


@dataclass(slots=True)
class Reply:
    """An answer that is not a stream."""

    code: int
    body: Object | bytes
    content_type: str = JSON
    warnings: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The bytes that go over the wire."""
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body) + b"\n"

    @property
    def resource_version(self) -> str:
        """The version in the answer, empty when it has none."""
        if isinstance(self.body, bytes):
            return ""
        return str(self.body.get("metadata", {}).get("resourceVersion", ""))


def warning_headers(warnings: list[str]) -> list[tuple[str, str]]:
    """Return the headers that tell a client what was odd about its request."""
    return [
        ("Warning", f'299 - "{text.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"')
        for text in warnings
    ]
