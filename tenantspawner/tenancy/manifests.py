"""Documents inside files: a file is a bare document, or ConfigMap manifests that hold some.

For a manifest the lines are counted in the file the admin edits: a block ``tenants.yaml: |`` is read where it stands,
with its indentation. Manifests of other kinds, as a rendered chart has them, are passed over.
"""

import re
from collections.abc import Iterator

from tenantspawner.errors import Problem
from tenantspawner.tenancy.compose import compose_all
from tenantspawner.tenancy.sources import SUFFIXES, Source
from tenantspawner.tenancy.tree import Node, Tree

MAX_FILE_BYTES = 16 << 20
"""A file may hold several ConfigMaps; each document in them is held to its own size."""

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_HEADER = re.compile(r"\|[+-]?([1-9]?)[+-]?")


def documents(source: Source) -> tuple[list[Source], list[Problem]]:
    """Find the documents of a file; a bare document is its own."""
    trees = compose_all(source, MAX_FILE_BYTES)
    roots = [tree.root for tree in trees if tree.root is not None]
    manifests = [item for root in roots if _is_manifest(root) for item in _items(root)]
    if not manifests:
        return [source], []
    lines = _BREAK.split(source.text)
    found: list[Source] = []
    problems = [problem for tree in trees if _matters(tree) for problem in tree.problems]
    for manifest in manifests:
        if _text_of(manifest.child("kind")) == "ConfigMap":
            inside = list(_of_config_map(source, manifest, lines))
            found += [each for each in inside if isinstance(each, Source)]
            problems += [each for each in inside if isinstance(each, Problem)]
    if not found and not problems:
        problems.append(Problem(source.name, 1, 1, "", "no ConfigMap here has a key that ends in .yaml, .yml or .json"))
    return found, problems


def _of_config_map(source: Source, manifest: Node, lines: list[str]) -> Iterator[Source | Problem]:
    data = manifest.child("data")
    if data is None or not isinstance(data.value, dict):
        return
    for key, node in data.value.items():
        if not key.endswith(SUFFIXES):
            continue
        if not isinstance(node.value, str):
            yield node.key.problem(node.path, f"must be text: write the document indented below {key}: |")
            continue
        yield _block(source, key, node, lines) or Source(
            source.name, node.value, node.place.line, node.place.column, key, by_line=False
        )


def _block(source: Source, key: str, node: Node, lines: list[str]) -> Source | None:
    """Find a literal block's first line and its indentation; None when the text is written another way."""
    header = _HEADER.match(lines[node.place.line - 1], node.place.column - 1)
    if header is None or not isinstance(node.value, str):
        return None
    if header[1]:
        indent = node.key.column - 1 + int(header[1])
    else:
        first = next((line for line in lines[node.place.line :] if line.strip()), "")
        indent = len(first) - len(first.lstrip(" "))
    return Source(source.name, node.value, node.place.line + 1, indent + 1, key)


def _is_manifest(root: Node) -> bool:
    return _text_of(root.child("apiVersion")) != "" and _text_of(root.child("kind")) != ""


def _items(root: Node) -> list[Node]:
    """A List's items, or the manifest itself."""
    items = root.child("items")
    if _text_of(root.child("kind")).endswith("List") and items is not None and isinstance(items.value, list):
        return items.value
    return [root]


def _matters(tree: Tree) -> bool:
    """Whether a tree's own problems are the admin's: broken text, or a ConfigMap."""
    return tree.root is None or any(_text_of(item.child("kind")) == "ConfigMap" for item in _items(tree.root))


def _text_of(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
