"""From the bytes of a request to an object of the right shape, or to the words the real API server would use.

Each value is held against the schema: what has the wrong type is refused, what nobody knows is
dropped and told (a warning, or a refusal when the client asked for strictness), null is absent,
and quantities get their canonical form. What comes out may be stored as it is.
"""

import binascii
import json
from base64 import b64decode
from typing import Any

import yaml

from tenantspawner.localcluster.api.quantity import canonical
from tenantspawner.localcluster.api.types import Field
from tenantspawner.localcluster.attributes import Refusal

Object = dict[str, Any]

_GO_TYPES = {"string": "string", "boolean": "bool", "int32": "int32", "int64": "int64", "bytes": "[]uint8"}
_JSON_NAMES = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}
_TYPE_META = r'APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\""'
_KIND_AND_VERSION = ("apiVersion", "kind")
DEEPEST = 500


class Shaper:
    """Holds one object against its schema and collects what nobody knows."""

    def __init__(self, fail: str) -> None:
        self.unknown: list[str] = []
        self._fail = fail

    def shape(self, value: Any, field: Field, path: str, owner: str) -> Any:
        """Return the value in canonical form.

        Raises
        ------
        Refusal
            400, when a value has the wrong type.
        """
        match field.shape:
            case "scalar":
                return self._scalar(value, field.name, path, owner)
            case "list":
                if not isinstance(value, list):
                    raise self._mismatch(value, path, owner, f"[]{_go_type(field.item)}")
                item = field.item or Field("scalar", "any")
                return [self.shape(entry, item, f"{path}[{index}]", owner) for index, entry in enumerate(value)]
            case "map":
                return self._map(value, field, path, owner)
            case "struct":
                return self._struct(value, field, path, owner)

    def _struct(self, value: Any, field: Field, path: str, owner: str) -> Object:
        if not isinstance(value, dict):
            raise self._mismatch(value, path, owner, f"v1.{field.name}")
        shaped: Object = {}
        fields = field.fields
        for key, entry in value.items():
            known = fields.get(key)
            below = f"{path}.{key}" if path else key
            if known is None:
                self.unknown.append(below)
            elif entry is not None:
                shaped[key] = self.shape(entry, known, below, field.name)
        return shaped

    def _map(self, value: Any, field: Field, path: str, owner: str) -> Object:
        if not isinstance(value, dict):
            raise self._mismatch(value, path, owner, f"map[string]{_go_type(field.item)}")
        item = field.item or Field("scalar", "any")
        return {
            key: self.shape("" if entry is None else entry, item, f"{path}.{key}", owner)
            for key, entry in value.items()
        }

    def _scalar(self, value: Any, name: str, path: str, owner: str) -> Any:
        match name:
            case "string" | "time" | "microtime":
                good = isinstance(value, str)
            case "boolean":
                good = isinstance(value, bool)
            case "int32" | "int64":
                good = isinstance(value, int) and not isinstance(value, bool)
            case "quantity":
                return self._quantity(value)
            case "bytes":
                return self._bytes(value, path, owner)
            case "intstr":
                good = isinstance(value, str | int) and not isinstance(value, bool)
            case _:
                good = True
        if not good:
            raise self._mismatch(value, path, owner, _GO_TYPES.get(name, name))
        return value

    def _quantity(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            return canonical(text)
        except ValueError as error:
            raise Refusal.bad_request(f"{self._fail}: {error}") from None

    def _bytes(self, value: Any, path: str, owner: str) -> str:
        if not isinstance(value, str):
            raise self._mismatch(value, path, owner, "[]uint8")
        try:
            b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
        except (binascii.Error, ValueError):
            raise Refusal.bad_request(f"{self._fail}: illegal base64 data at input byte {_bad_byte(value)}") from None
        return value

    def _mismatch(self, value: Any, path: str, owner: str, wanted: str) -> Refusal:
        plain = ".".join(part.partition("[")[0] for part in path.split("."))
        where = f"Go struct field {owner}.{plain}" if plain else "Go value"
        found = _JSON_NAMES.get(type(value), "null")
        return Refusal.bad_request(f"{self._fail}: json: cannot unmarshal {found} into {where} of type {wanted}")


def _go_type(field: Field | None) -> str:
    if field is None:
        return "interface {}"
    return f"v1.{field.name}" if field.shape == "struct" else _GO_TYPES.get(field.name, field.name)


def _bad_byte(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    return next((index for index, character in enumerate(text) if character not in alphabet), len(text) // 4 * 4)


def parse_body(body: bytes, content_type: str) -> Any:
    """Read JSON or YAML.

    Raises
    ------
    Refusal
        400 when it is neither, 415 for a type that is not understood (protobuf among them).
    """
    plain = content_type.partition(";")[0].strip().lower()
    try:
        if plain in {"application/yaml", "application/apply-patch+yaml"} and body.lstrip()[:1] not in {b"{", b"["}:
            return yaml.load(body, Loader=_YAML)  # noqa: S506  # it is the safe loader, in C where there is one
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise Refusal.bad_request(f"error decoding body: {type(error).__name__}: {str(error)[:200]}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def shape_object(raw: Any, field: Field, api_version: str, kind: str, *, strictness: str) -> tuple[Object, list[str]]:
    """Hold a decoded body against its schema; returns the object and the warnings about it.

    Raises
    ------
    Refusal
        400 for a wrong kind or type, and under ``strictness="Strict"`` for an unknown field.
    """
    fail = f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {kind}'
    if not isinstance(raw, dict):
        found = _JSON_NAMES.get(type(raw), "null")
        raise Refusal.bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal "
            f"{found} into Go value of type struct {{ {_TYPE_META} }}"
        )
    _check_type(raw, api_version, kind)
    shaper = Shaper(fail)
    shaped = shaper.shape({**raw, "apiVersion": api_version, "kind": kind}, field, "", kind)
    shaped.setdefault("metadata", {})
    unknown = [f'unknown field "{path}"' for path in sorted(shaper.unknown)]
    if strictness == "Strict" and unknown:
        raise Refusal.bad_request(f"{fail}: strict decoding error: {', '.join(unknown)}")
    return shaped, unknown if strictness != "Ignore" else []


def _check_type(raw: Object, api_version: str, kind: str) -> None:
    for key, expected in zip(_KIND_AND_VERSION, (api_version, kind), strict=True):
        given = raw.get(key)
        if given and given != expected:
            group, _, version = str(raw.get("apiVersion", "")).rpartition("/")
            wanted_group, _, wanted_version = api_version.rpartition("/")
            if key == "kind" or group != wanted_group:
                raise Refusal.bad_request(
                    f'{raw.get("kind") or kind} in version "{version}" cannot be handled as a {kind}: no kind '
                    f'"{raw.get("kind")}" is registered for version "{raw.get("apiVersion") or api_version}" in scheme'
                    if group != wanted_group
                    else f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind"
                )
            raise Refusal.bad_request(
                f"the API version in the data ({given}) does not match the expected API version ({wanted_group and f'{wanted_group}/'}{wanted_version})"
            )
