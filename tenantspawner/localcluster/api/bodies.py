"""From the bytes of a request to plain values, or to the words in which the real API server says that it cannot."""

import json
from typing import Any

import yaml

from tenantspawner.localcluster.attributes import Refusal

YAML = {"application/yaml", "application/apply-patch+yaml"}
JSON_NAMES = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}

_TYPE_META = r'APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\""'
_UNTYPED = "couldn't get version/kind"
_LONGEST_SHOWN = 30
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EXPECTING = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
}


def parse_body(body: bytes, content_type: str, kind: str) -> Any:
    """Read JSON or YAML that shall hold an object of that kind; null is an empty one.

    Raises
    ------
    Refusal
        400 when it is neither, or holds no object.
    """
    try:
        raw = read(body, content_type)
    except ValueError as error:
        if content_type in YAML:
            raise _unrecognized(kind, f"yaml: {error}", body) from None
        raise _unrecognized(kind, f"{_UNTYPED}; json parse error: {error}", body) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        found = JSON_NAMES.get(type(raw), "null")
        words = f"json: cannot unmarshal {found} into Go value of type struct {{ {_TYPE_META} }}"
        raise _unrecognized(kind, f"{_UNTYPED}; json parse error: {words}", body)
    for key in ("apiVersion", "kind"):
        if not isinstance(raw.get(key) or "", str):
            found = JSON_NAMES.get(type(raw[key]), "null")
            words = f"json: cannot unmarshal {found} into Go struct field .{key} of type string"
            raise _unrecognized(kind, f"{_UNTYPED}; json parse error: {words}", body)
    return raw


def parse_patch(body: bytes) -> Any:
    """Read the JSON of a patch, 400 when it is none."""
    try:
        return read(body, "application/json")
    except ValueError as error:
        raise Refusal.bad_request(f"error decoding patch: {error}") from None


def parse_apply(body: bytes) -> Any:
    """Read what is applied, 400 when it is no YAML."""
    try:
        return read(body, "application/apply-patch+yaml")
    except ValueError as error:
        raise Refusal.bad_request(f"error decoding YAML: error converting YAML to JSON: yaml: {error}") from None


def read(body: bytes, content_type: str) -> Any:
    """Return the value in a body; ValueError with Go's words when it cannot be read."""
    if content_type in YAML and body.lstrip()[:1] not in {b"{", b"["}:
        try:
            return yaml.load(body, Loader=_LOADER)  # noqa: S506  # it is the safe loader, in C where there is one
        except yaml.MarkedYAMLError as error:
            raise ValueError(error.problem) from None
        except (yaml.YAMLError, RecursionError) as error:
            raise ValueError(type(error).__name__) from None
    try:
        return json.loads(_text(body), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(_in_go(error)) from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def _text(body: bytes) -> str:
    """Decode as Go does: what is no UTF-8 is only told where it stands first."""
    if body and body[0] >= 0x80:  # noqa: PLR2004  # no JSON begins with more than ASCII
        raise ValueError(f"invalid character '{chr(body[0])}' looking for beginning of value")
    return body.decode(errors="replace")


def _in_go(error: json.JSONDecodeError) -> str:
    text = error.doc.rstrip()
    rest = text[error.pos :].lstrip()
    if not rest:
        return "unexpected end of JSON input"
    where = next((words for start, words in _EXPECTING.items() if error.msg.startswith(start)), "in JSON")
    return f"invalid character '{rest[0]}' {where}"


def _no_constant(name: str) -> Any:
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


def _unrecognized(kind: str, why: str, body: bytes) -> Refusal:
    if not body:
        shown = "<empty>"
    elif body[:1] == b"{":
        shown = body.decode(errors="replace")
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]} ..."
    else:
        shown = body[:_LONGEST_SHOWN].hex() + (" ..." if len(body) > _LONGEST_SHOWN else "")
    words = f"the object provided is unrecognized (must be of type {kind}): {why} ({shown})"
    return Refusal.bad_request(words)
