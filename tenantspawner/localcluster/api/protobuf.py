r"""Bodies in Kubernetes' protobuf, which kubectl sends for the objects it makes itself (``kubectl create namespace``).

Only reading: answers are JSON, which every client takes. A body is ``k8s\0`` and a message ``Unknown`` with
apiVersion, kind and the raw object; the numbers of its fields are in `wire.json` (made by
``tests/localcluster/make_wire.py``), what each holds is in `types`. Zeros that only say "not set" are left out.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from tenantspawner.localcluster.api.types import ANYTHING, Field, root_of
from tenantspawner.localcluster.attributes import Refusal

Object = dict[str, Any]

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TYPE_META, _RAW = 1, 2
_SIGN = 1 << 63


@cache
def _numbers() -> dict[str, dict[str, str]]:
    numbers: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("wire.json").read_text())
    return numbers


def decode(body: bytes) -> Object:
    """Return the object in a body.

    Raises
    ------
    Refusal
        400 for a body that cannot be read or a kind that is not known.
    """
    try:
        if not body.startswith(_MAGIC):
            raise ValueError("provided data does not appear to be a protobuf message, expected prefix 107,56,115,0")
        parts = dict(_fields(body[len(_MAGIC) :]))
        names = {number: value.decode() for number, value in _fields(parts.get(_TYPE_META, b""))}
        api_version, kind = names.get(1, ""), names.get(2, "")
        decoded = _message(parts.get(_RAW, b""), root_of(api_version, kind))
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise Refusal.bad_request(f"error decoding body: {error}") from None
    return {"apiVersion": api_version, "kind": kind, **decoded}


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (number, value): an int for a varint or fixed value, bytes for all else."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, position = _varint(data, position)
            yield number, value - (_SIGN << 1) if value >= _SIGN else value
            continue
        if wire_type == _BYTES:
            length, position = _varint(data, position)
        else:
            length = {_FIXED64: 8, _FIXED32: 4}[wire_type]
        end = position + length
        if end > len(data):
            raise ValueError("unexpected EOF")
        yield number, data[position:end]
        position = end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the high bit says that more follows
            return value, position
        shift += 7


def _message(data: bytes, field: Field, wire_name: str = "") -> Object:
    """Read a struct; one that JSON writes inline is read by its own numbers into its parent's fields."""
    found: Object = {}
    numbers = _numbers()[wire_name or field.name]
    for number, value in _fields(data):
        described = numbers.get(str(number))
        if described is None:
            continue
        if described.startswith("*"):
            found |= _message(value, field, described[1:])
            continue
        name = described.removesuffix("?")
        child = field.child(name)
        _add(found, name, value, child)
        if found.get(name) in ("", 0, False, None, {}) and (not described.endswith("?") or found[name] is None):
            del found[name]
    return found


def _add(found: Object, name: str, value: Any, field: Field) -> None:
    match field.shape:
        case "list":
            found.setdefault(name, []).append(_value(value, field.item or ANYTHING))
        case "map":
            entry = dict(_fields(value))
            item = field.item or ANYTHING
            found.setdefault(name, {})[entry.get(1, b"").decode()] = _value(entry.get(2, b""), item)
        case _:
            found[name] = _value(value, field)


def _value(value: Any, field: Field) -> Any:
    if field.shape == "struct":
        return _message(value, field)
    read = _SCALARS.get(field.name)
    return value if read is None else read(value)


def _text(value: bytes) -> str:
    return value.decode()


def _quantity(value: bytes) -> str:
    return str(dict(_fields(value)).get(1, b"").decode())


def _int_or_string(value: bytes) -> int | str:
    parts = dict(_fields(value))
    found: int | str = parts.get(3, b"").decode() if parts.get(1) else parts.get(2, 0)
    return found


def _raw(value: bytes) -> Any:
    return json.loads(dict(_fields(value)).get(1, b"null") or b"null")


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _time(value: bytes) -> str | None:
    parts = dict(_fields(value))
    if not parts.get(1):
        return None
    moment = datetime.fromtimestamp(parts[1] + parts.get(2, 0) / 1e9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{moment:%f}Z" if parts.get(2) else "Z")


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "boolean": bool,
    "bytes": _base64,
    "quantity": _quantity,
    "intstr": _int_or_string,
    "time": _time,
    "microtime": _time,
    "any": _raw,
}
