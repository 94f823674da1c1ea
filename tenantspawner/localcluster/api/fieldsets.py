"""Sets of fields, as ``managedFields`` keeps them: which parts of an object somebody owns.

A set is a tree of path elements: ``f:name`` for a member, ``k:{…}`` for a list item by its keys, ``v:…`` for
an item of a set. Inside, a node that belongs to the set has the mark ``"."``; on the wire a leaf is ``{}``.
What may be told apart and what is owned whole comes from the schema.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.api.types import ANYTHING, Field

Tree = dict[str, Any]

MARK = "."
_LEAF: Tree = {MARK: {}}
_KEY_DEFAULTS = {"protocol": "TCP"}


def read(wire: Tree) -> Tree:
    """Return the tree of a ``fieldsV1``."""
    return {key: {} if key == MARK else (read(value) if value else _LEAF) for key, value in wire.items()}


def write(tree: Tree) -> Tree:
    """Return the ``fieldsV1`` of a tree."""
    return {key: {} if key == MARK or value == _LEAF else write(value) for key, value in tree.items()}


def union(one: Tree, other: Tree) -> Tree:
    """Return what is in either."""
    if not one or not other:
        return one or other
    joined = dict(one)
    for key, value in other.items():
        joined[key] = union(joined[key], value) if key in joined else value
    return joined


def difference(one: Tree, other: Tree) -> Tree:
    """Return what is in the first and not in the second."""
    if not other:
        return one
    left: Tree = {}
    for key, value in one.items():
        if key == MARK:
            if MARK not in other:
                left[key] = value
        elif rest := difference(value, other.get(key, {})):
            left[key] = rest
    return left


def without_below(one: Tree, other: Tree) -> Tree:
    """Return what is in the first and neither in the second nor below a member of it."""
    left: Tree = {}
    for key, value in one.items():
        below = other.get(key)
        if below is None:
            left[key] = value
        elif key != MARK and MARK not in below and (rest := without_below(value, below)):
            left[key] = rest
    return left


def intersection(one: Tree, other: Tree) -> Tree:
    """Return what is in both."""
    both: Tree = {}
    for key, value in one.items():
        if key not in other:
            continue
        if key == MARK:
            both[key] = value
        elif shared := intersection(value, other[key]):
            both[key] = shared
    return both


def paths(tree: Tree, prefix: str = "") -> Iterator[str]:
    """Yield the members as conflicts name them: ``.spec.containers[name="x"].image``."""
    if MARK in tree:
        yield prefix
    for key, value in sorted(tree.items()):
        if key != MARK:
            yield from paths(value, prefix + _words(key))


def _words(element: str) -> str:
    sort, _, rest = element.partition(":")
    match sort:
        case "f":
            return f".{rest}"
        case "k":
            return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(rest).items()) + "]"
        case "v":
            return f"[={rest}]"
        case _:
            return f"[{rest}]"


def members(value: Any, field: Field) -> Iterator[tuple[str, Any, Field]]:
    """Yield (path element, value, schema) of each part of a struct, map or list that is told apart."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield f"f:{key}", part, field.child(key)
    elif isinstance(value, list):
        item = field.item or ANYTHING
        for index, part in enumerate(value):
            yield element_of(part, field, index), part, item


def element_of(item: Any, field: Field, index: int = 0) -> str:
    """Return the path element of a list item; its place where it has no value for a key."""
    if field.is_set:
        return f"v:{json.dumps(item)}"
    names = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(field.keys)}
    if None in names.values():
        return f"i:{index}"
    return f"k:{json.dumps(names, separators=(',', ':'))}"


def owned(value: Any, field: Field) -> Tree:
    """Return what somebody owns who applies that value."""
    if field.is_leaf or not isinstance(value, dict | list):
        return _LEAF
    tree: Tree = {}
    for element, part, schema in members(value, field):
        below = owned(part, schema)
        if field.shape != "struct" or part == {} or part is None:
            below = union(below, _LEAF)
        if below:
            tree[element] = below
    return tree


def everything(value: Any, field: Field) -> Tree:
    """Return all of a value that has just come or gone, containers included."""
    if field.is_leaf or not isinstance(value, dict | list):
        return _LEAF
    return _LEAF | {element: everything(part, schema) for element, part, schema in members(value, field)}


def compare(old: Any, new: Any, field: Field) -> tuple[Tree, Tree]:
    """Return what has come or changed, and what has gone."""
    if old == new:
        return {}, {}
    if field.is_leaf or not isinstance(old, dict | list) or not isinstance(new, type(old)):
        return _LEAF, {}
    before = {element: part for element, part, _ in members(old, field)}
    changed: Tree = {}
    gone: Tree = {}
    for element, part, schema in members(new, field):
        if element not in before:
            changed[element] = everything(part, schema)
            continue
        below_changed, below_gone = compare(before.pop(element), part, schema)
        if below_changed:
            changed[element] = below_changed
        if below_gone:
            gone[element] = below_gone
    schemas = {element: schema for element, _, schema in members(old, field)}
    gone |= {element: everything(part, schemas[element]) for element, part in before.items()}
    return changed, gone
