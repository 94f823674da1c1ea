"""The changes that bring a namespace and its quota in line, as JSON merge patches; and what an edit takes away.

A merge patch writes what differs and nothing else, so that keys of others stay. What a namespace has of ours that no
document says any more is known from its ``managedFields``; which objects were put into it, from an inventory in its
annotations, since the hub has no right to list them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SERVICE_ACCOUNT
from tenantspawner.plan.drift import differences
from tenantspawner.plan.models import Manifest, Provisions

Json = Mapping[str, Any]

CLOSED = "closed"
"""The digest of a namespace in which nothing may be started."""

_KEPT = {POD.kind, PERSISTENT_VOLUME_CLAIM.kind, NAMESPACE.kind, RESOURCE_QUOTA.kind, SERVICE_ACCOUNT.kind}
_NOTES = {labels.PLAN_DIGEST, labels.INVENTORY}


class Reference(NamedTuple):
    """An object of ours in a namespace."""

    api_version: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}/{self.name}"


def quota_change(quota: Manifest, seen: Json, leased: frozenset[str] = frozenset()) -> Manifest:
    """Build the patch that makes a quota what it should be, all but its `leased` keys; empty when it is."""
    if not differences(quota, seen, leased):
        return {}
    wanted = {key: value for key, value in quota["spec"]["hard"].items() if key not in leased}
    there = (seen.get("spec") or {}).get("hard") or {}
    gone = {key: None for key in there if key not in wanted and key not in leased}
    marks = {key: quota["metadata"][key] for key in ("labels", "annotations")}
    return {"metadata": marks, "spec": {"hard": {**wanted, **gone}}}


def with_nothing_leased(quota: Manifest, leased: frozenset[str]) -> Manifest:
    """The quota as it is made where there is none: what is leased is 0 until it is granted."""
    return {**quota, "spec": {**quota["spec"], "hard": {**quota["spec"]["hard"], **dict.fromkeys(sorted(leased), "0")}}}


def closed_quota(name: str, space: Json, seen: Json | None) -> Manifest:
    """The quota of a namespace in which nothing may be started: everything it counts is 0, and pods are."""
    metadata = space["metadata"]
    marks = metadata.get("labels") or {}
    ours = (labels.HUB, labels.TENANT, labels.USER, labels.MANAGED_BY)
    hard = ((seen or {}).get("spec") or {}).get("hard") or {}
    return {
        "apiVersion": RESOURCE_QUOTA.api_version,
        "kind": RESOURCE_QUOTA.kind,
        "metadata": {
            "name": name,
            "namespace": metadata["name"],
            "labels": {key: marks[key] for key in ours if key in marks},
            "annotations": {labels.OWNER: (metadata.get("annotations") or {})[labels.OWNER]},
        },
        "spec": {"hard": dict.fromkeys(sorted({*hard, "pods"}), "0")},
    }


def namespace_change(space: Manifest, seen: Json) -> Manifest:
    """Build the patch of a namespace's labels and annotations: what differs, and without what we had put there before."""
    changes: Manifest = {}
    there = seen["metadata"]
    for group in ("labels", "annotations"):
        wanted, had = space["metadata"].get(group) or {}, there.get(group) or {}
        ours = _ours(there.get("managedFields") or (), group)
        gone = {key: None for key in had if key in ours and key not in wanted and key not in _NOTES}
        differ = {key: value for key, value in wanted.items() if had.get(key) != value}
        if gone or differ:
            changes[group] = {**differ, **gone}
    return changes


def inventory(wanted: Provisions) -> frozenset[Reference]:
    """What is put into a namespace that a later edit may take away: bindings, secrets, further objects."""
    return frozenset(_reference(obj) for obj in wanted.furnishings if obj["kind"] not in _KEPT)


def read_inventory(text: str) -> frozenset[Reference]:
    """Read an inventory; entries that are none are left out, and so are those that are never deleted."""
    parts = (entry.rsplit("/", 2) for entry in text.split(","))
    found = {Reference(*part) for part in parts if len(part) == len(Reference._fields)}
    return frozenset(reference for reference in found if reference.kind not in _KEPT)


def written_inventory(references: frozenset[Reference]) -> str:
    """Write an inventory for the namespace's annotation."""
    return ",".join(sorted(map(str, references)))


def _reference(obj: Manifest) -> Reference:
    return Reference(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])


def _ours(entries: Any, group: str) -> frozenset[str]:
    """The keys of labels or annotations that our field manager has written."""
    return frozenset(
        key for entry in entries if entry.get("manager") == labels.FIELD_MANAGER for key in _keys(entry, group)
    )


def _keys(entry: Json, group: str) -> Iterator[str]:
    fields = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get(f"f:{group}") or {}
    return (key.removeprefix("f:") for key in fields if key.startswith("f:"))
