"""Server-side apply: what somebody wants of an object becomes part of it, and theirs.

The configuration is merged into what is stored; what the same manager applied before and does not any more
is removed unless somebody else owns it; a value that somebody else owns and that would change is a
conflict, unless forced. An object that is not there is created, also when a resourceVersion was given.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from dataclasses import replace
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import fieldsets
from tenantspawner.localcluster.api.clock import now
from tenantspawner.localcluster.api.fieldsets import MARK, Tree
from tenantspawner.localcluster.api.managed import Manager, managers_of, ownable, write_managers
from tenantspawner.localcluster.api.preparation import merge_string_data
from tenantspawner.localcluster.api.registry import Call, Registry
from tenantspawner.localcluster.api.types import ANYTHING, Field, root
from tenantspawner.localcluster.attributes import Refusal

Object = dict[str, Any]


def apply(registry: Registry, call: Call, config: Object, *, force: bool) -> Object:
    """Apply a configuration; returns the object as stored.

    Raises
    ------
    Refusal
        409 for conflicts with other managers, 400 for a configuration that cannot be merged.
    """
    metadata = config["metadata"]
    if metadata.pop("managedFields", None):
        raise Refusal.bad_request("metadata.managedFields must be nil")

    def build(old: Object | None) -> Object:
        if old is None and metadata.get("uid"):
            why = f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing object was found"
            raise Refusal.conflict(call.kind, call.name, why)
        return _applied(call, old, config, force=force)

    return registry.update(call, build, tracked=True, create_absent=call.subresource is None)


def _applied(call: Call, old: Object | None, config: Object, *, force: bool) -> Object:
    kind, field = call.kind, root(call.kind)
    config["metadata"].setdefault("name", call.name)
    if kind.kind == "Secret":
        merge_string_data(config)
    wanted = ownable(kind, fieldsets.owned(config, field), call.subresource)
    live = old or {"metadata": {}}
    managers = managers_of(live)
    mine = next((m for m in managers if m.is_for(call.manager, "Apply", call.subresource or "")), None)
    others = [manager for manager in managers if manager is not mine]
    merged: Object = merge(live, config, field)
    if mine is not None:
        lost = fieldsets.difference(mine.fields, wanted)
        held = wanted
        for other in others:
            held = fieldsets.union(held, other.fields)
        merged = prune(merged, lost, held, field)
    changed, gone = fieldsets.compare(_content(live), _content(merged), field)
    changed = ownable(kind, changed, call.subresource)
    others = _take(others, changed, gone, force=force)
    same = mine is not None and mine.fields == wanted and not changed and not gone
    entry = (
        mine
        if same and mine
        else Manager(call.manager, "Apply", kind.api_version, now(), wanted, call.subresource or "")
    )
    new = {**merged, "metadata": dict(merged["metadata"])}
    if old is not None and "resourceVersion" not in config["metadata"]:
        new["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    write_managers(new, _in_order(managers, mine, entry, others))
    return _fresh(new, kind)


def _in_order(managers: list[Manager], mine: Manager | None, entry: Manager, others: list[Manager]) -> list[Manager]:
    """Keep the entries' order, so that a no-op writes nothing."""
    if mine is None:
        return [*others, entry]
    position = managers.index(mine)
    return [*others[:position], entry, *others[position:]]


def _take(others: list[Manager], changed: Tree, gone: Tree, *, force: bool) -> list[Manager]:
    """Return the other managers without what changes hands, or raise the conflicts."""
    conflicts = [(other, shared) for other in others if (shared := fieldsets.intersection(other.fields, changed))]
    if conflicts and not force:
        raise _conflict(conflicts)
    return [
        replace(other, fields=fieldsets.difference(fieldsets.difference(other.fields, changed), gone))
        for other in others
    ]


def _conflict(conflicts: list[tuple[Manager, Tree]]) -> Refusal:
    causes = [(f"conflict with {other.words}", path) for other, shared in conflicts for path in fieldsets.paths(shared)]
    if len(causes) == 1:
        words, path = causes[0]
        return Refusal.apply_conflict(causes, f"Apply failed with 1 conflict: {words}: {path}")
    lines: list[str] = []
    for other, shared in sorted(conflicts, key=lambda pair: pair[0].name):
        lines.append(f"conflicts with {other.words}:")
        lines += [f"- {path}" for path in fieldsets.paths(shared)]
    return Refusal.apply_conflict(causes, f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines))


def _content(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in {"managedFields", "resourceVersion"}}
    return {**obj, "metadata": metadata}


def merge(live: Any, config: Any, field: Field) -> Any:
    """Return what is stored with the configuration laid over it; changes neither."""
    if field.is_leaf or not isinstance(config, dict | list) or not isinstance(live, type(config)):
        return config
    if isinstance(config, dict):
        merged = dict(live)
        for key, value in config.items():
            merged[key] = merge(live[key], value, field.child(key)) if key in live else value
        return merged
    item = field.item or ANYTHING
    have = {fieldsets.element_of(part, field, index): part for index, part in enumerate(live)}
    for index, part in enumerate(config):
        element = fieldsets.element_of(part, field, index)
        have[element] = merge(have[element], part, item) if element in have else part
    return list(have.values())


def prune(value: Any, lost: Tree, held: Tree, field: Field) -> Any:
    """Return a value without what is lost, except what is held; changes nothing given."""
    kept: list[tuple[str, Any]] = []
    for element, part, schema in fieldsets.members(value, field):
        below, holds = lost.get(element), held.get(element, {})
        if below is None:
            kept.append((element, part))
            continue
        if not holds and (MARK in below or not isinstance(part, dict | list)):
            continue
        left = prune(part, below, holds, schema) if isinstance(part, dict | list) and not schema.is_leaf else part
        if left or holds:
            kept.append((element, left))
    if isinstance(value, list):
        return [part for _, part in kept]
    return {element.removeprefix("f:"): part for element, part in kept}


def _fresh(obj: Object, kind: Kind) -> Object:
    """Return a copy that later steps may change in place."""
    fresh: Object = _copy({**obj, "apiVersion": kind.api_version, "kind": kind.kind})
    return fresh


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: part if key == "fieldsV1" else _copy(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_copy(part) for part in value]
    return value
