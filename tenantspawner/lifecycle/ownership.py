"""Only ours: whether an object that exists is this hub's and this owner's. Asked before anything is touched."""

from collections.abc import Mapping
from typing import Any

from tenantspawner.errors import NotOurs
from tenantspawner.kube import labels
from tenantspawner.plan import Manifest


def check_owner(existing: Mapping[str, Any], wanted: Manifest) -> None:
    """Compare hub label and owner of what exists with what we are about to make in its place.

    Raises
    ------
    NotOurs
        It belongs to somebody else. It was not touched.
    """
    there, ours = existing.get("metadata", {}), wanted["metadata"]
    if _mark(there, "labels", labels.HUB) != _mark(ours, "labels", labels.HUB):
        raise _in_use(wanted, "it does not carry this hub's label")
    if _mark(there, "annotations", labels.OWNER) != _mark(ours, "annotations", labels.OWNER):
        raise _in_use(wanted, "it belongs to another owner")


def same_server(existing: Mapping[str, Any], wanted: Manifest) -> bool:
    """Whether an existing pod is an earlier one of the very same server.

    KubeSpawner's own labels count too, for pods from before a switch.
    """
    there, ours = existing.get("metadata", {}), wanted["metadata"]
    if _mark(ours, "labels", labels.HUB) and _mark(there, "labels", labels.HUB):
        keys: tuple[tuple[str, str], ...] = (
            ("labels", labels.HUB),
            ("annotations", labels.OWNER),
            ("annotations", labels.SERVER),
        )
    else:
        keys = (("annotations", labels.HUB_USERNAME), ("annotations", labels.HUB_SERVERNAME))
        if not _mark(there, "annotations", labels.HUB_USERNAME):
            return False
    return all(_mark(there, *key) == _mark(ours, *key) for key in keys)


def spawned_by(existing: Mapping[str, Any], spawn_id: str) -> bool:
    """Whether this very spawn made an object."""
    return _mark(existing.get("metadata", {}), "annotations", labels.SPAWN) == spawn_id


def _mark(metadata: Mapping[str, Any], where: str, key: str) -> str:
    value: str = (metadata.get(where) or {}).get(key, "")
    return value


def _in_use(wanted: Manifest, why: str) -> NotOurs:
    kind, name = wanted["kind"], wanted["metadata"]["name"]
    return NotOurs(
        f"The {kind.lower()} {name} is in use by somebody else, so this server cannot start. Ask the administrator of this hub.",
        f"{kind} {name} exists and is not ours: {why}. It was not touched. Delete it, or choose another namespace_prefix.",
    )
