"""The changes that bring a namespace and its quota in line, as JSON merge patches; and what an edit takes away.

A merge patch writes what differs and nothing else, so that keys of others stay. What was put into a namespace, and which
labels of the document's it was given, is kept in an annotation of its own, since the hub has no right to list those things.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SERVICE_ACCOUNT
from tenantspawner.plan.drift import differences
from tenantspawner.plan.models import Manifest, Provisions

Json = Mapping[str, Any]

CLOSED = "closed"
"""The digest of a namespace in which nothing may be started."""

_KEPT = {POD.kind, PERSISTENT_VOLUME_CLAIM.kind, NAMESPACE.kind, RESOURCE_QUOTA.kind, SERVICE_ACCOUNT.kind}
_ALWAYS = {
    labels.HUB, labels.TENANT, labels.USER, labels.OWNER, labels.MANAGED_BY, labels.PLAN_DIGEST, labels.INVENTORY,
    "kubernetes.io/metadata.name", "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn",
}  # fmt: skip
_GROUPS = ("labels", "annotations")


class Reference(NamedTuple):
    """An object of ours in a namespace."""

    api_version: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}/{self.name}"


class Mark(NamedTuple):
    """A label or an annotation of a namespace; `group` is ``labels`` or ``annotations``."""

    group: str
    key: str

    def __str__(self) -> str:
        return f"{self.group}:{self.key}"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was put into a namespace and may be taken away by a later edit: bindings, secrets, further objects, marks."""

    things: frozenset[Reference] = frozenset()
    marks: frozenset[Mark] = frozenset()

    @classmethod
    def of(cls, wanted: Provisions) -> "Inventory":
        """What provisions put there."""
        things = frozenset(_reference(obj) for obj in wanted.furnishings if obj["kind"] not in _KEPT)
        metadata = wanted.space["metadata"]
        marks = (Mark(group, key) for group in _GROUPS for key in metadata.get(group) or () if key not in _ALWAYS)
        return cls(things, frozenset(marks))

    @classmethod
    def noted(cls, space: Json) -> "Inventory":
        """Read what a namespace says; entries that are none are left out, and so is what is never taken away."""
        text = (space["metadata"].get("annotations") or {}).get(labels.INVENTORY, "")
        marks = [
            Mark(*entry.split(":", 1)) for entry in text.split(",") if entry.startswith(("labels:", "annotations:"))
        ]
        parts = [entry.rsplit("/", 2) for entry in text.split(",")]
        things = [Reference(*part) for part in parts if len(part) == len(Reference._fields) and ":" not in part[0]]
        return cls(
            frozenset(thing for thing in things if thing.kind not in _KEPT),
            frozenset(mark for mark in marks if mark.key not in _ALWAYS),
        )

    def __or__(self, other: "Inventory") -> "Inventory":
        """Both together."""
        return Inventory(self.things | other.things, self.marks | other.marks)

    def __sub__(self, other: "Inventory") -> "Inventory":
        """What the other does not have."""
        return Inventory(self.things - other.things, self.marks - other.marks)

    def __bool__(self) -> bool:
        return bool(self.things or self.marks)

    def __str__(self) -> str:
        return ",".join(sorted(map(str, (*self.things, *self.marks))))


def quota_change(quota: Manifest, seen: Json, leased: frozenset[str] = frozenset()) -> Manifest:
    """Build the patch that makes a quota what it should be; empty when it is.

    What is `leased` is left as it is, but a key that is not there becomes 0, since what a quota does not name is not limited.
    """
    if not differences(quota, seen, leased):
        return {}
    wanted = {key: value for key, value in quota["spec"]["hard"].items() if key not in leased}
    there = (seen.get("spec") or {}).get("hard") or {}
    gone = {key: None for key in there if key not in wanted and key not in leased}
    marks = {key: quota["metadata"][key] for key in ("labels", "annotations")}
    closed = dict.fromkeys(sorted(leased - set(there)), "0")
    return {"metadata": marks, "spec": {"hard": {**wanted, **gone, **closed}}}


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
    """Build the patch of a namespace's labels and annotations: what differs, and without what no document says any more."""
    changes: Manifest = {}
    there = seen["metadata"]
    ours = Inventory.noted(seen).marks
    for group in _GROUPS:
        wanted, had = space["metadata"].get(group) or {}, there.get(group) or {}
        gone = {key: None for key in had if Mark(group, key) in ours and key not in wanted}
        differ = {key: value for key, value in wanted.items() if had.get(key) != value}
        if gone or differ:
            changes[group] = {**differ, **gone}
    return changes


def _reference(obj: Manifest) -> Reference:
    return Reference(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])
