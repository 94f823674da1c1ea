"""From plain values to an object of the right shape, or to the words the real API server would use.

Each value is held against the schema: what has the wrong type is refused, what nobody knows is
dropped and told (a warning, or a refusal when the client asked for strictness), null is absent,
and quantities get their canonical form. What comes out may be stored as it is.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.bodies import JSON_NAMES
from tenantspawner.localcluster.api.quantity import canonical, canonical_in_a_list
from tenantspawner.localcluster.api.types import Field, is_known, root_of
from tenantspawner.localcluster.attributes import FieldProblem, Refusal

Object = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_GO_TYPES = {"string": "string", "boolean": "bool", "int32": "int32", "int64": "int64", "bytes": "[]uint8"}
_CONTAINERS = {"list", "map"}


class Mismatch(Exception):
    """A value of the wrong type; the text is Go's."""


class Shaper:
    """Holds one object against its schema and collects what nobody knows.

    Empty lists and maps are as good as absent, except to apply, where owning an empty one means something.
    """

    def __init__(self, *, keep_empty: bool = False) -> None:
        self.unknown: list[str] = []
        self._keep_empty = keep_empty

    def shape(self, value: Any, field: Field, path: str = "", owner: str = "") -> Any:
        """Return the value in canonical form.

        Raises
        ------
        Mismatch
            A value has the wrong type.
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
                part = self.shape(entry, known, below, field.name)
                if part or known.shape not in _CONTAINERS or self._keep_empty:
                    shaped[key] = part
        return shaped

    def _map(self, value: Any, field: Field, path: str, owner: str) -> Object:
        if not isinstance(value, dict):
            raise self._mismatch(value, path, owner, f"map[string]{_go_type(field.item)}")
        item = field.item or Field("scalar", "any")
        if item.name == "quantity":
            return {key: _quantity("" if entry is None else entry, canonical_in_a_list) for key, entry in value.items()}
        return {
            key: self.shape("" if entry is None else entry, item, f"{path}[{key}]", owner)
            for key, entry in value.items()
        }

    def _scalar(self, value: Any, name: str, path: str, owner: str) -> Any:
        match name:
            case "string":
                good = isinstance(value, str)
            case "time" | "microtime":
                good = isinstance(value, str)
                if good and not _TIME.fullmatch(value):
                    raise Mismatch(_not_a_time(value, name))
            case "boolean":
                good = isinstance(value, bool)
            case "int32" | "int64":
                good = isinstance(value, int) and not isinstance(value, bool)
            case "quantity":
                return _quantity(value, canonical)
            case "bytes":
                return self._bytes(value, path, owner)
            case "intstr":
                good = isinstance(value, str | int) and not isinstance(value, bool)
            case _:
                good = True
        if not good:
            raise self._mismatch(value, path, owner, _GO_TYPES.get(name, name))
        return value

    def _bytes(self, value: Any, path: str, owner: str) -> str:
        if not isinstance(value, str):
            raise self._mismatch(value, path, owner, "[]uint8")
        try:
            b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
        except (binascii.Error, ValueError):
            raise Mismatch(f"illegal base64 data at input byte {_bad_byte(value)}") from None
        return value

    def _mismatch(self, value: Any, path: str, owner: str, wanted: str) -> Mismatch:
        plain = ".".join(part.partition("[")[0] for part in path.split("."))
        where = f"Go struct field {owner}.{plain}" if plain else "Go value"
        found = JSON_NAMES.get(type(value), "null")
        return Mismatch(f"json: cannot unmarshal {found} into {where} of type {wanted}")


def _quantity(value: Any, form: Callable[[str], str]) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        return form(text)
    except ValueError as error:
        raise Mismatch(str(error)) from None


def _not_a_time(value: str, name: str) -> str:
    layout = "2006-01-02T15:04:05Z07:00" if name == "time" else "2006-01-02T15:04:05.000000Z07:00"
    return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'


def _go_type(field: Field | None) -> str:
    if field is None:
        return "interface {}"
    return f"v1.{field.name}" if field.shape == "struct" else _GO_TYPES.get(field.name, field.name)


def _bad_byte(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    return next((index for index, character in enumerate(text) if character not in alphabet), len(text) // 4 * 4)


def shape_object(raw: Any, field: Field, api_version: str, kind: str, *, strictness: str) -> tuple[Object, list[str]]:
    """Hold a decoded body against its schema; returns the object and the warnings about it.

    Raises
    ------
    Refusal
        400 for a wrong kind or type, and under ``strictness="Strict"`` for an unknown field.
    """
    fail = f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {kind}'
    _check_type(raw, api_version, kind)
    shaper = Shaper()
    try:
        shaped = shaper.shape({**raw, "apiVersion": api_version, "kind": kind}, field)
    except Mismatch as mismatch:
        raise Refusal.bad_request(f"{fail}: {mismatch}") from None
    unknown = [f'unknown field "{path}"' for path in shaper.unknown]
    if strictness == "Strict" and unknown:
        raise Refusal.bad_request(f"{fail}: strict decoding error: {', '.join(unknown)}")
    return shaped, unknown if strictness != "Ignore" else []


def shape_patched(patched: Object, field: Field, kind: Kind, strictness: str) -> tuple[Object, list[str]]:
    """Hold what a patch has made of an object against its schema; 422 where it does not fit any more."""
    shaper = Shaper()
    shown = json.dumps(patched, separators=(",", ":"), ensure_ascii=False)
    try:
        _check_patched_type(patched, kind)
        shaped = shaper.shape(patched, field)
    except Mismatch as mismatch:
        raise Refusal.unnamed(FieldProblem.invalid("patch", shown, str(mismatch))) from None
    unknown = [f'unknown field "{path}"' for path in shaper.unknown]
    if strictness == "Strict" and unknown:
        raise Refusal.unnamed(FieldProblem.invalid("patch", shown, f"strict decoding error: {', '.join(unknown)}"))
    return shaped, unknown if strictness != "Ignore" else []


def _check_patched_type(patched: Object, kind: Kind) -> None:
    version, name = patched.get("apiVersion", kind.api_version), patched.get("kind", kind.kind)
    if (version, name) == (kind.api_version, kind.kind):
        return
    if is_known(str(version), str(name)):
        Shaper().shape(patched, root_of(str(version), str(name)))  # it is read as what it says it is first
        raise Mismatch(f"unable to convert {name} in {version} to {kind.kind}")
    raise Mismatch(f'no kind "{name}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"')


def shape_applied(config: Any, field: Field, api_version: str, kind: str) -> Object:
    """Hold an applied configuration against its schema; there, an unknown field is always an error."""
    if not isinstance(config, dict) or not config.get("apiVersion") or not config.get("kind"):
        found = config if isinstance(config, dict) else {}
        raise Refusal.bad_request(f"invalid object type: {found.get('apiVersion', '/')}, Kind={found.get('kind', '')}")
    if (config["apiVersion"], config["kind"]) != (api_version, kind):
        given_group, _, given_version = str(config["apiVersion"]).rpartition("/")
        raise Refusal.bad_request(f"invalid object type: {given_group}/{given_version}, Kind={config['kind']}")
    shaper = Shaper(keep_empty=True)
    group, _, version = api_version.rpartition("/")
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    what = f"({metadata.get('namespace') or ''}/{metadata.get('name') or ''}; {group}/{version}, Kind={kind})"
    try:
        shaped: Object = shaper.shape(config, field)
    except Mismatch as mismatch:
        raise Refusal.plain(f"failed to create typed patch object {what}: {mismatch}") from None
    if shaper.unknown:
        words = [f".{path}: field not declared in schema" for path in shaper.unknown]
        shown = words[0] if len(words) == 1 else "errors:\n  " + "\n  ".join(words)
        raise Refusal.plain(f"failed to create typed patch object {what}: {shown}")
    return shaped


def _misfit(raw: Object, api_version: str, given: str, kind: str) -> str:
    """Say why another kind cannot be handled: it is read as what it says it is before it is converted."""
    try:
        Shaper().shape(raw, root_of(api_version, given))
    except Mismatch as mismatch:
        return str(mismatch)
    return f"converting (v1.{given}) to (core.{kind}): unknown conversion"


def _check_type(raw: Object, api_version: str, kind: str) -> None:
    given_version, given_kind = raw.get("apiVersion") or api_version, raw.get("kind") or kind
    if (given_version, given_kind) == (api_version, kind):
        return
    version = str(given_version).rpartition("/")[2]
    known = is_known(str(given_version), str(given_kind))
    why = (
        _misfit(raw, str(given_version), str(given_kind), kind)
        if known
        else f'no kind "{given_kind}" is registered for version "{given_version}" in scheme "pkg/runtime/scheme.go:111"'
    )
    raise Refusal.bad_request(f'{given_kind} in version "{version}" cannot be handled as a {kind}: {why}')
