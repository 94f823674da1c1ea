"""Patches: what a stored object becomes under a merge patch, a strategic merge patch or a JSON patch.

Strategic merge goes by the schema: lists with a merge key are merged item by item, all others replaced; the
directives ``$patch``, ``$deleteFromPrimitiveList``, ``$setElementOrder`` and ``$retainKeys`` are understood. Nothing
given is changed; what comes back shares no part that a later step changes.

https://github.com/kubernetes/design-proposals-archive/blob/main/cli/preserve-order-in-strategic-merge-patch.md
"""

import copy
from typing import Any

import jsonpatch
import jsonpointer

from tenantspawner.localcluster.api.bodies import JSON_NAMES
from tenantspawner.localcluster.api.types import Field
from tenantspawner.localcluster.attributes import Refusal

Object = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_YAML = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_YAML, "application/apply-patch+cbor")
_ORDER = "$setElementOrder/"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"
_DIRECTIVE = "$patch"


def merge_patch(target: Any, patch: Any) -> Any:
    """Return the target under an RFC 7386 patch."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Object, patch: Any) -> Object:
    """Return the target under an RFC 6902 patch.

    Raises
    ------
    Refusal
        400 when it is no list, 422 when it does not fit the object.
    """
    if not isinstance(patch, list):
        raise not_a_patch(patch, "[]handlers.jsonPatchOp")
    try:
        patched: Object = copy.deepcopy(target)
        for operation in patch:
            patched = jsonpatch.JsonPatch([_lenient(operation, patched)]).apply(patched, in_place=True)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError):
        raise Refusal.unprocessable() from None
    return patched


def _lenient(operation: Object, target: Object) -> Object:
    """Let ``replace`` add a member that is not there, as the real API server's library does."""
    if operation["op"] != "replace":
        return operation
    pointer = jsonpointer.JsonPointer(operation["path"])
    parent, key = pointer.to_last(target)
    return {**operation, "op": "add"} if isinstance(parent, dict) and key not in parent else operation


def not_a_patch(body: Any, wanted: str) -> Refusal:
    """Return 400 for a patch of the wrong type."""
    found = JSON_NAMES.get(type(body), "null")
    return Refusal.bad_request(f"error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}")


def strategic_patch(target: Any, patch: Any, field: Field) -> Any:
    """Return the target under a strategic merge patch; `field` says how its parts merge."""
    if not isinstance(patch, dict) or field.shape == "scalar":
        return patch
    match patch.get(_DIRECTIVE):
        case "replace":
            return _without_directives(patch)
        case "delete":
            return {}
        case None | "merge":
            pass
        case other:
            raise Refusal.bad_request(f'unknown patch type found: {other} in object {{"{_DIRECTIVE}":"{other}"}}')
    merged = dict(target) if isinstance(target, dict) else {}
    if _RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        child = field.child(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, list):
            merged[key] = _strategic_list(merged.get(key) or [], value, child, patch.get(_ORDER + key))
        else:
            merged[key] = strategic_patch(merged.get(key), value, child)
    _delete_from_lists(merged, patch)
    _order_untouched(merged, patch, field)
    return merged


def _delete_from_lists(merged: Object, patch: Object) -> None:
    for key, values in patch.items():
        if key.startswith(_DELETE_FROM):
            name = key.removeprefix(_DELETE_FROM)
            merged[name] = [value for value in merged.get(name, []) if value not in values]


def _order_untouched(merged: Object, patch: Object, field: Field) -> None:
    for key, order in patch.items():
        name = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and name not in patch and isinstance(merged.get(name), list):
            merged[name] = _ordered(merged[name], order, field.child(name).merge_key)


def _strategic_list(target: list[Any], patch: list[Any], field: Field, order: list[Any] | None) -> list[Any]:
    key = field.merge_key
    if key is None:
        return patch
    if not key:  # scalars: a set
        merged = target + [value for value in patch if value not in target]
        return _ordered(merged, order, key) if order else _interleaved(merged, target, patch)
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return [_without_directives(item) for item in patch if set(item) != {_DIRECTIVE}]
    merged = list(target)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            shown = " ".join(f"{name}:{value}" for name, value in item.items()) if isinstance(item, dict) else item
            raise Refusal.plain(f"map: map[{shown}] does not contain declared merge key: {key}")
        index = next((i for i, have in enumerate(merged) if have.get(key) == item[key]), None)
        if item.get(_DIRECTIVE) == "delete":
            merged = [have for have in merged if have.get(key) != item[key]]
        elif index is None:
            merged.append(strategic_patch({}, item, field.item or field))
        else:
            merged[index] = strategic_patch(merged[index], item, field.item or field)
    if order:
        return _ordered(merged, order, key)
    by_name = {item[key]: item for item in merged}
    names = _interleaved(list(by_name), [item[key] for item in target], [item[key] for item in patch])
    return [by_name[name] for name in names]


def _interleaved(merged: list[Any], before: list[Any], patch: list[Any]) -> list[Any]:
    """Return names in the order of the real API server: as patched, and among those the others in their old order.

    One that was there goes before the next patched one only where it stood before that already.
    """
    patched = [name for name in dict.fromkeys(patch) if name in merged]
    others = [name for name in merged if name not in patched]
    result: list[Any] = []
    for name in patched:
        while name in before and others and before.index(others[0]) < before.index(name):
            result.append(others.pop(0))
        result.append(name)
    return result + others


def _ordered(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """Bring items into the order a client asked for; those it did not name keep their place at the end."""
    wanted = [entry.get(key) if isinstance(entry, dict) else entry for entry in order]

    def rank(item: Any) -> int:
        name = item.get(key) if isinstance(item, dict) else item
        return wanted.index(name) if name in wanted else len(wanted)

    return sorted(items, key=rank)


def _without_directives(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_directives(item) for key, item in value.items() if not key.startswith("$")}
