"""Several documents become one: catalogues and tenants are put together, the rest may be said once.

The same id in two documents is an error that names both places; so is a ``gpu``, ``default`` or ``contact`` said
twice, while ``version`` may stand in each.
"""

from collections.abc import Sequence

from tenantspawner.errors import Problem
from tenantspawner.tenancy.tree import Node, Tree

CATALOGUES = ("images", "profiles", "tenants")


def merge(trees: Sequence[Tree]) -> Tree:
    """Put documents together; problems and dropped paths of all are kept."""
    merged = Tree(trees[0].source)
    for tree in trees:
        merged.problems += tree.problems
        merged.dropped |= tree.dropped
        if tree.root is None:
            continue
        if not isinstance(tree.root.value, dict):
            merged.problems.append(
                tree.root.place.problem("", "the document must be a mapping with version and tenants")
            )
            continue
        if merged.root is None:
            merged.root = Node({}, tree.root.place, tree.root.key)
        _take(merged, tree.root.value)
    return merged


def _take(merged: Tree, entries: dict[str, Node]) -> None:
    assert merged.root is not None
    mine = merged.root.value
    assert isinstance(mine, dict)
    for key, node in entries.items():
        there = mine.get(key)
        if key not in CATALOGUES and there is None:
            mine[key] = node
        elif key in CATALOGUES:
            _take_catalogue(merged, mine, key, node)
        elif there is not None and (key != "version" or there.value != node.value):
            merged.problems.append(_twice(node, there))


def _take_catalogue(merged: Tree, mine: dict[str, Node], key: str, node: Node) -> None:
    if not isinstance(node.value, dict):
        merged.problems.append(node.place.problem(key, "must be a mapping of ids"))
        merged.dropped.add(key)
        return
    there = mine.setdefault(key, Node({}, node.place, node.key, node.parent, key))
    assert isinstance(there.value, dict)
    for name, entry in node.value.items():
        if name in there.value:
            merged.problems.append(_twice(entry, there.value[name]))
        else:
            there.value[name] = entry


def _twice(node: Node, there: Node) -> Problem:
    return node.key.problem(node.path, f"was said before, at {there.key}")
