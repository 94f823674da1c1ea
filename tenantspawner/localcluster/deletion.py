"""How controllers delete: as the API does, without a request, and with nobody to refuse.

A pod that a node runs is only marked, and removed when the node confirms; finalizers keep an object marked until
they are taken off; everything else goes at once. `settle` is the other half: it stores a change and lets the
object go when that took the last thing off which kept it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tenantspawner.kube.kinds import NAMESPACE, POD, Kind
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
Propagation = Literal["Background", "Foreground", "Orphan"]
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_MARKS = {"Foreground": FOREGROUND, "Orphan": ORPHAN}
_DEFAULT_GRACE = 30


def delete(
    store: Store,
    kind: Kind,
    namespace: str | None,
    name: str,
    grace: int | None = None,
    *,
    propagation: Propagation | None = None,
) -> Json | None:
    """Delete an object; return it as it is now, or as it was last. None when there is none.

    `grace` is in seconds and counts for pods only; None is the pod's own. `propagation` says what becomes of
    what the object owns: by default the garbage collector deletes it afterwards.
    """
    obj = store.get(kind, namespace, name)
    if obj is None:
        return None
    marked = _marked(kind, obj, grace, propagation)
    return store.remove(kind, namespace, name) if marked is None else store.put(kind, marked)


def settle(store: Store, kind: Kind, obj: Json) -> Json:
    """Store an update; if it took the last thing off that kept a deleted object, the object goes.

    Returns the object as stored, or as it was last.
    """
    stored = store.put(kind, obj)
    metadata = stored["metadata"]
    if metadata.get("deletionTimestamp") and not metadata.get("deletionGracePeriodSeconds") and not _kept(kind, stored):
        return store.remove(kind, metadata.get("namespace"), metadata["name"]) or stored
    return stored


def _marked(kind: Kind, obj: Json, grace: int | None, propagation: Propagation | None) -> Json | None:
    """Return the object as marked for deletion; None when nothing keeps it."""
    metadata = dict(obj["metadata"])
    if propagation is not None:
        others = [entry for entry in metadata.get("finalizers") or () if entry not in _MARKS.values()]
        metadata["finalizers"] = others + ([_MARKS[propagation]] if propagation in _MARKS else [])
        if not metadata["finalizers"]:
            del metadata["finalizers"]
    seconds = _grace(obj, grace) if kind == POD else 0
    if not seconds and not metadata.get("finalizers"):
        return None
    _mark(metadata, seconds)
    return {**obj, "metadata": metadata}


def _kept(kind: Kind, obj: Json) -> bool:
    holds_namespace = kind == NAMESPACE and (obj.get("spec") or {}).get("finalizers")
    return bool(obj["metadata"].get("finalizers") or holds_namespace)


def _grace(pod: Json, asked: int | None) -> int:
    """Seconds a pod gets: none when no node runs it or it has ended; never more than it was given before."""
    running = pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
    if not running:
        return 0
    seconds = asked if asked is not None else pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
    before = pod["metadata"].get("deletionGracePeriodSeconds")
    return max(0, seconds if before is None else min(before, seconds))


def _mark(metadata: Json, seconds: int) -> None:
    """Note when the object is to be gone; a mark is only ever brought forward."""
    first = not metadata.get("deletionTimestamp")
    if metadata.get("deletionTimestamp") and metadata.get("deletionGracePeriodSeconds", 0) <= seconds:
        return
    metadata["deletionTimestamp"] = f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    metadata["deletionGracePeriodSeconds"] = seconds
    if first and "generation" in metadata:
        metadata["generation"] += 1
