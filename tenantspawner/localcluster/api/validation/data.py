"""ConfigMaps, Secrets, storage classes and events."""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.api import names
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

LARGEST = 1024 * 1024
_NEEDED_KEYS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_FIXED = "field is immutable when `immutable` is set"


def _key_problems(keys: Iterator[str] | list[str], field: str) -> Iterator[FieldProblem]:
    for key in keys:
        for words in names.config_key(key):
            yield FieldProblem.invalid(f"{field}[{key}]", key, words)


def config_map_problems(obj: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a ConfigMap."""
    data, binary = obj.get("data", {}), obj.get("binaryData", {})
    yield from _key_problems(list(data), "data")
    yield from _key_problems(list(binary), "binaryData")
    for key in data.keys() & binary.keys():
        words = "duplicate of key present in data"
        yield FieldProblem.invalid(f"data[{key}]", key, words)
    size = sum(len(value.encode()) for value in data.values()) + sum(len(value) * 3 // 4 for value in binary.values())
    if size > LARGEST:
        yield FieldProblem("[]", "FieldValueTooLong", "", f"may not be more than {LARGEST} bytes")


def secret_problems(obj: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a Secret."""
    data = obj.get("data", {})
    yield from _key_problems(list(data), "data")
    if sum(len(value) * 3 // 4 for value in data.values()) > LARGEST:
        yield FieldProblem("data", "FieldValueTooLong", "", f"may not be more than {LARGEST} bytes")
    for needed in _NEEDED_KEYS.get(obj.get("type", ""), ()):
        if needed not in data:
            yield FieldProblem.required(f"data[{needed}]")
        elif needed.startswith(".docker") and not _is_json(data[needed]):
            words = "invalid character looking for beginning of value"
            yield FieldProblem.invalid(f"data[{needed}]", "<secret contents redacted>", words)


def _is_json(encoded: str) -> bool:
    try:
        json.loads(b64decode(encoded))
    except (ValueError, binascii.Error):
        return False
    return True


def immutable_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a ConfigMap or Secret that says it is immutable."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield FieldProblem.forbidden("immutable", _FIXED)
    for key in ("data", "binaryData"):
        if new.get(key, {}) != old.get(key, {}):
            yield FieldProblem.forbidden(key, _FIXED)


def secret_update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a Secret."""
    if new.get("type") != old.get("type"):
        yield FieldProblem.invalid("type", new.get("type"), "field is immutable")
    yield from immutable_problems(new, old)


def storage_class_update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield what may not change of a storage class."""
    for key in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if new.get(key) != old.get(key):
            words = f"updates to {key} are forbidden."
            yield FieldProblem.forbidden(key, words)


def event_problems(obj: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with an event: it belongs where the thing is that it tells of."""
    namespace, about = obj["metadata"].get("namespace"), obj.get("involvedObject", {}).get("namespace")
    if about and about != namespace:
        words = "does not match event.namespace"
        yield FieldProblem.invalid("involvedObject.namespace", about, words)
