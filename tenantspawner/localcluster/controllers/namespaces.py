"""The namespace controller: empties a namespace that is going away, and lets it go.

Pods go first, with their grace; everything else after them. What keeps its finalizers keeps the namespace,
and the namespace's conditions say what it is. When nothing is left the controller takes its own
finalizer off.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from tenantspawner.kube.kinds import NAMESPACE, POD, Kind
from tenantspawner.localcluster.controllers.objects import Json, now
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.deletion import delete, settle
from tenantspawner.localcluster.store import StoreEvent

FINALIZER = "kubernetes"


class Condition(NamedTuple):
    """One condition of a terminating namespace: how it reads when all is well, and when not."""

    type: str
    well: tuple[str, str]
    reason: str


CONDITIONS = (
    Condition(
        "NamespaceDeletionDiscoveryFailure", ("ResourcesDiscovered", "All resources successfully discovered"), ""
    ),
    Condition(
        "NamespaceDeletionGroupVersionParsingFailure",
        ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        "",
    ),
    Condition(
        "NamespaceDeletionContentFailure",
        ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        "ContentDeletionFailed",
    ),
    Condition(
        "NamespaceContentRemaining", ("ContentRemoved", "All content successfully removed"), "SomeResourcesRemain"
    ),
    Condition(
        "NamespaceFinalizersRemaining",
        ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        "SomeFinalizersRemain",
    ),
)


class NamespaceController(Controller):
    """Ends namespaces. Its delay is ``settings.namespace_delay``."""

    @property
    def delay(self) -> float | None:
        """As set."""
        return self.settings.namespace_delay

    def existing(self) -> Iterable[Hashable]:
        """Return all namespaces that are going away."""
        return [ns["metadata"]["name"] for ns in self.store.list(NAMESPACE) if ns["metadata"].get("deletionTimestamp")]

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the namespace that goes away, or the one whose content changed while it does."""
        metadata = event.object["metadata"]
        name = metadata["name"] if event.kind == NAMESPACE else metadata.get("namespace")
        namespace = self.store.get(NAMESPACE, None, name) if name else None
        return (name,) if namespace and namespace["metadata"].get("deletionTimestamp") else ()

    def reconcile(self, key: Hashable) -> float | None:
        """Delete what is there; when nothing is left, let the namespace go."""
        namespace = self.store.get(NAMESPACE, None, str(key))
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return None
        spec = namespace.get("spec") or {}
        if FINALIZER not in (spec.get("finalizers") or ()):
            return None
        remaining = self._delete_content(str(key))
        if remaining:
            self._report(str(key), remaining)
            return None
        finalizers = [entry for entry in spec["finalizers"] if entry != FINALIZER]
        settle(self.store, NAMESPACE, {**namespace, "spec": {**spec, "finalizers": finalizers}})
        return None

    def _delete_content(self, namespace: str) -> list[tuple[Kind, Json]]:
        """Delete pods, then, once they are gone, the rest; return what stays."""
        remaining = self._delete_all([POD], namespace)
        others = sorted((kind for kind in self.store.kinds() if kind.namespaced and kind != POD), key=str)
        return remaining or self._delete_all(others, namespace)

    def _delete_all(self, kinds: list[Kind], namespace: str) -> list[tuple[Kind, Json]]:
        for kind in kinds:
            for obj in self.store.list(kind, namespace):
                if not obj["metadata"].get("deletionTimestamp"):
                    delete(self.store, kind, namespace, obj["metadata"]["name"])
        return [(kind, obj) for kind in kinds for obj in self.store.list(kind, namespace)]

    def _report(self, name: str, remaining: list[tuple[Kind, Json]]) -> None:
        namespace = self.store.get(NAMESPACE, None, name)
        if namespace is None:
            return
        status = namespace.get("status") or {}
        conditions = _conditions(status.get("conditions") or [], _problems(remaining))
        if conditions != status.get("conditions"):
            updated = {**status, "phase": "Terminating", "conditions": conditions}
            self.store.put(NAMESPACE, {**namespace, "status": updated})


def _problems(remaining: list[tuple[Kind, Json]]) -> dict[str, str]:
    """Return the messages of the conditions that are not well."""
    objects = Counter(f"{kind.plural}.{kind.group}" for kind, _ in remaining)
    finalizers = Counter(entry for _, obj in remaining for entry in obj["metadata"].get("finalizers") or ())
    kinds = ", ".join(f"{name} has {number} resource instances" for name, number in sorted(objects.items()))
    problems = {"NamespaceContentRemaining": f"Some resources are remaining: {kinds}"}
    if finalizers:
        held = ", ".join(f"{name} in {number} resource instances" for name, number in sorted(finalizers.items()))
        words = f"Some content in the namespace has finalizers remaining: {held}"
        problems["NamespaceFinalizersRemaining"] = words
    return problems


def _conditions(before: list[Json], problems: dict[str, str]) -> list[Json]:
    old = {condition["type"]: condition for condition in before}
    return [_condition(kind, problems.get(kind.type), old.get(kind.type)) for kind in CONDITIONS]


def _condition(kind: Condition, problem: str | None, old: Json | None) -> Json:
    reason, message = kind.well if problem is None else (kind.reason, problem)
    status = "False" if problem is None else "True"
    since = old["lastTransitionTime"] if old and old["status"] == status else now()
    return {"type": kind.type, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
