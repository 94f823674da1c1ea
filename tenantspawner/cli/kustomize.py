"""Builds manifests from kustomize bases as ``kubectl kustomize`` does, as far as ours in ``rbac/`` go. Pure, given a reader.

Known are ``resources``, ``components``, JSON patches that add to the end of a list, and ``replacements`` with a delimiter: one
description of what differs from hub to hub serves both. Anything else is refused, not left out.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml

Manifest = dict[str, Any]
Read = Callable[[str], str]  # a file's path below the root -> its text
_KNOWN = {"apiVersion", "kind", "resources", "components", "patches", "replacements"}
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def build(read: Read, folder: str, *, without: Collection[str] = ()) -> list[Manifest]:
    """Return the manifests of a base, each once, in the order in which they are written; `without` are bases left out."""
    found: list[Manifest] = []
    here = _kustomization(read, folder)
    for entry in here.get("resources", []):
        path = posixpath.normpath(posixpath.join(folder, entry))
        if path in without:
            continue
        if path.endswith(".yaml"):
            found += yaml.safe_load_all(read(path))
        else:
            found += build(read, path, without=without)
    for entry in here.get("components", []):
        apply_component(read, posixpath.normpath(posixpath.join(folder, entry)), found, {})
    return found


def apply_component(read: Read, folder: str, manifests: list[Manifest], values: Mapping[str, str]) -> None:
    """Change `manifests` as a component says; `values` are what its replacements take from the settings."""
    component = _kustomization(read, folder)
    for patch in component.get("patches", []):
        _patch(patch, manifests)
    for replacement in component.get("replacements", []):
        value = values[replacement["source"]["fieldPath"].removeprefix("data.")]
        for target in replacement["targets"]:
            for manifest in manifests:
                if _selected(manifest, target["select"]):
                    _replace(manifest, target, value)


def _kustomization(read: Read, folder: str) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(read(f"{folder}/kustomization.yaml"))
    if unknown := set(said) - _KNOWN:
        raise ValueError(
            f"{folder}/kustomization.yaml: {', '.join(sorted(unknown))}: only kubectl kustomize can do that"
        )
    return said


def _patch(patch: Mapping[str, Any], manifests: list[Manifest]) -> None:
    key, _, value = patch["target"]["labelSelector"].partition("=")
    for operation in yaml.safe_load(patch["patch"]):
        path = operation["path"].removeprefix("/").split("/")
        if operation["op"] != "add" or path[-1] != "-":
            raise ValueError(f"{operation['op']} {operation['path']}: only kubectl kustomize can do that")
        for manifest in manifests:
            if manifest["metadata"].get("labels", {}).get(key) == value:
                items: Any = manifest
                for step in path[:-1]:
                    items = items[step]
                items.append(deepcopy(operation["value"]))


def _selected(manifest: Manifest, select: Mapping[str, str]) -> bool:
    metadata = manifest["metadata"]
    return (
        manifest["kind"] == select["kind"]
        and re.fullmatch(select.get("name", ".*"), metadata["name"]) is not None
        and select.get("namespace") in {None, metadata.get("namespace")}
    )


def _replace(manifest: Manifest, target: Mapping[str, Any], value: str) -> None:
    options = target.get("options")
    for field_path in target["fieldPaths"]:
        for parent, key in _places(manifest, [a or b for a, b in _STEP.findall(field_path)]):
            if options is None:
                parent[key] = value
                continue
            parts = parent[key].split(options["delimiter"])
            parts[options["index"]] = value
            parent[key] = options["delimiter"].join(parts)


def _places(node: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """Every parent and key that a field path names: ``*`` is each item, ``name=x`` the items with that field."""
    first, rest = steps[0], steps[1:]
    if isinstance(node, list):
        key, _, wanted = first.partition("=")
        for item in node:
            if first == "*" or item.get(key) == wanted:
                yield from _places(item, rest)
    elif not rest:
        yield node, first
    else:
        yield from _places(node[first], rest)
