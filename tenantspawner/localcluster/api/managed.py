"""``managedFields``: who owns which part of an object, kept by every write.

A manager is a name with an operation (Apply or Update) and a subresource. Whoever changes a value owns it;
whoever held it before does not any more. What the server itself sets belongs to nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, Kind
from tenantspawner.localcluster.api import fieldsets
from tenantspawner.localcluster.api.clock import now
from tenantspawner.localcluster.api.fieldsets import Tree
from tenantspawner.localcluster.api.preparation import WITH_STATUS
from tenantspawner.localcluster.api.types import root

Object = dict[str, Any]

_SERVER_META = (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
)  # fmt: skip
_LEAF: Tree = {fieldsets.MARK: {}}
NOBODYS: Tree = {
    "f:apiVersion": _LEAF,
    "f:kind": _LEAF,
    "f:metadata": {fieldsets.MARK: {}} | {f"f:{key}": _LEAF for key in _SERVER_META},
}
_STATUS: Tree = {"f:status": _LEAF}
_SPEC: Tree = {"f:spec": _LEAF}
_EMPTY: Object = {"metadata": {}, "spec": {"containers": []}, "status": {}}
_EMPTY_CLAIM: Object = {"metadata": {}, "spec": {"resources": {}}, "status": {}}


@dataclass(frozen=True, slots=True)
class Manager:
    """One entry of ``managedFields``."""

    name: str
    operation: str
    api_version: str
    time: str
    fields: Tree
    subresource: str = ""

    def is_for(self, name: str, operation: str, subresource: str) -> bool:
        """Whether this is the entry of that writer."""
        return (self.name, self.operation, self.subresource) == (name, operation, subresource)

    @property
    def words(self) -> str:
        """As conflicts name it."""
        words = f'"{self.name}"'
        if self.subresource:
            words += f' with subresource "{self.subresource}"'
        return words + (f" using {self.api_version}" if self.operation == "Update" else "")


def managers_of(obj: Object) -> list[Manager]:
    """Read an object's managers."""
    return [
        Manager(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("time", ""),
            fieldsets.read(entry.get("fieldsV1") or {}),
            entry.get("subresource", ""),
        )
        for entry in obj["metadata"].get("managedFields", [])
    ]


def write_managers(obj: Object, managers: Iterable[Manager]) -> None:
    """Set an object's managers; those that own nothing any more are left out."""
    entries: list[Object] = []
    for manager in managers:
        if not manager.fields:
            continue
        entry: Object = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fieldsets.write(manager.fields),
        }
        entries.append(entry | ({"subresource": manager.subresource} if manager.subresource else {}))
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def ownable(kind: Kind, tree: Tree, subresource: str | None) -> Tree:
    """Return the part of a tree that a writer to the object, or to its status, can own."""
    tree = fieldsets.difference(tree, NOBODYS)
    if subresource == "status":
        return fieldsets.without_below(tree, _SPEC)
    return fieldsets.without_below(tree, _STATUS) if kind.kind in WITH_STATUS else tree


def track_create(kind: Kind, obj: Object, manager: str) -> None:
    """Note that a new object is all its creator's."""
    plain = {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}
    empty = _EMPTY_CLAIM if kind is PERSISTENT_VOLUME_CLAIM else _EMPTY
    changed, _ = fieldsets.compare(empty, _complete(kind, plain), root(kind))
    fields = ownable(kind, changed, None)
    write_managers(obj, [Manager(manager, "Update", kind.api_version, now(), fields)])


def track_update(kind: Kind, new: Object, old: Object, manager: str, subresource: str | None) -> None:
    """Note who owns what after a change that is no apply."""
    changed, gone = fieldsets.compare(_unmanaged(kind, old), _unmanaged(kind, new), root(kind))
    if not changed and not gone:
        new["metadata"]["managedFields"] = old["metadata"].get("managedFields", [])
        if not new["metadata"]["managedFields"]:
            del new["metadata"]["managedFields"]
        return
    changed = ownable(kind, changed, subresource)
    managers = managers_of(old)
    mine = Manager(manager, "Update", kind.api_version, now(), {}, subresource or "")
    kept: list[Manager] = []
    for entry in managers:
        fields = fieldsets.difference(entry.fields, gone)
        if entry.is_for(manager, "Update", subresource or ""):
            mine = replace(
                mine, fields=fields, time=entry.time if not changed and fields == entry.fields else mine.time
            )
        else:
            kept.append(replace(entry, fields=fieldsets.difference(fields, changed)))
    write_managers(new, [*kept, replace(mine, fields=fieldsets.union(mine.fields, changed))])


def _unmanaged(kind: Kind, obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in {"managedFields", "resourceVersion"}}
    return {**_complete(kind, obj), "metadata": metadata}


def _complete(kind: Kind, obj: Object) -> Object:
    """Add what objects of some kinds always have, though empty."""
    return {"rules": [], **obj} if kind.kind in {"Role", "ClusterRole"} else obj
