"""How objects go: preconditions, grace, finalizers, and namespaces that empty themselves first.

A pod on a node is only marked; it is removed when its kubelet deletes it with grace 0. A pod on no node,
or one that has ended, goes at once. A namespace is marked and emptied by its controller. Everything
else goes at once unless finalizers hold it.
"""

from dataclasses import dataclass
from typing import Any

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster.api import clock
from tenantspawner.localcluster.api.registry import Call, Registry
from tenantspawner.localcluster.attributes import Refusal
from tenantspawner.localcluster.kinds import PERSISTENT_VOLUME, STORAGE_CLASS

Object = dict[str, Any]

ANSWERED_WITH_OBJECT = {
    kube.RESOURCE_QUOTA, PERSISTENT_VOLUME, kube.SERVICE_ACCOUNT, kube.PERSISTENT_VOLUME_CLAIM, kube.NAMESPACE,
    kube.POD, kube.SERVICE, STORAGE_CLASS,
}  # fmt: skip
_PROPAGATION = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_ENDED = {"Succeeded", "Failed"}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete. `grace` in seconds, None for the object's own."""

    grace: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False


def delete(registry: Registry, call: Call, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete one object; returns its last state and whether it is gone.

    Raises
    ------
    Refusal
        404, 409 for preconditions or a namespace that is being emptied, 403 by admission.
    """
    old = registry.existing(call)
    registry.admit_delete(call, old)
    check_preconditions(call, old, options)
    if call.kind is kube.NAMESPACE:
        return _delete_namespace(registry, call, old, options)
    grace = _grace(call, old, options)
    finalizers = _finalizers(old, options)
    if not finalizers and not grace:
        if call.kind is kube.POD:
            old = _marked_pod(registry, call, old)
        return _remove(registry, call, old), True
    if "deletionTimestamp" in old["metadata"] and not _shortens(old, grace, finalizers):
        return old, False
    marked = _mark(old, grace, finalizers)
    return (marked if call.dry_run else registry.store.put(call.kind, marked)), False


def _marked_pod(registry: Registry, call: Call, old: Object) -> Object:
    """Mark a pod that goes at once: those who watch see that before they see it gone."""
    marked = _mark(old, 0, [])
    seen_already = "deletionTimestamp" in old["metadata"] and not old["metadata"].get("deletionGracePeriodSeconds")
    return marked if call.dry_run or seen_already else registry.store.put(call.kind, marked)


def check_preconditions(call: Call, old: Object, options: DeleteOptions) -> None:
    """Raise 409 when the object is not the one that was meant."""
    kind = call.kind.kind
    metadata = old["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        if call.kind is kube.NAMESPACE:
            ids = f"UID in precondition: {options.uid}, UID in object meta: {metadata['uid']}"
            raise Refusal.conflict(call.kind, call.name, f"Precondition failed: {ids}")
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise Refusal.conflict(call.kind, call.name, why, subject=kind)
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise Refusal.conflict(call.kind, call.name, why, subject=kind)


def _remove(registry: Registry, call: Call, old: Object) -> Object:
    if call.dry_run:
        return old
    return registry.store.remove(call.kind, old["metadata"].get("namespace"), call.name, last=old) or old


def _grace(call: Call, old: Object, options: DeleteOptions) -> int:
    """Return the seconds a pod has to end; everything else has none."""
    if call.kind is not kube.POD:
        return 0
    spec, status = old.get("spec", {}), old.get("status", {})
    if not spec.get("nodeName") or status.get("phase") in _ENDED:
        return 0
    if options.grace is not None:
        return options.grace if options.grace >= 0 else 1
    current = old["metadata"].get("deletionGracePeriodSeconds")
    if current is not None:
        return int(current)
    return int(spec.get("terminationGracePeriodSeconds", 30))


def _finalizers(old: Object, options: DeleteOptions) -> list[str]:
    finalizers = [name for name in old["metadata"].get("finalizers", []) if name not in _PROPAGATION.values()]
    if options.propagation is None:
        return list(old["metadata"].get("finalizers", []))
    added = _PROPAGATION.get(options.propagation)
    return [*finalizers, added] if added else finalizers


def _shortens(old: Object, grace: int, finalizers: list[str]) -> bool:
    metadata = old["metadata"]
    return bool(grace < metadata.get("deletionGracePeriodSeconds", 0)) or finalizers != metadata.get("finalizers", [])


def _mark(old: Object, grace: int, finalizers: list[str]) -> Object:
    metadata: Object = {
        **old["metadata"],
        "deletionTimestamp": clock.later(grace),
        "deletionGracePeriodSeconds": grace,
    }
    if finalizers:
        metadata["finalizers"] = finalizers
    if "generation" in metadata and "deletionTimestamp" not in old["metadata"]:
        metadata["generation"] += 1
    return {**old, "metadata": metadata}


def _delete_namespace(registry: Registry, call: Call, old: Object, options: DeleteOptions) -> tuple[Object, bool]:
    if "deletionTimestamp" in old["metadata"]:
        if not old.get("spec", {}).get("finalizers") and not old["metadata"].get("finalizers"):
            return _remove(registry, call, old), True
        return old, False
    metadata = {**old["metadata"], "deletionTimestamp": clock.now()}
    finalizers = _finalizers(old, options)
    if finalizers:
        metadata["finalizers"] = finalizers
    marked = {**old, "metadata": metadata, "status": {**old.get("status", {}), "phase": "Terminating"}}
    return (marked if call.dry_run else registry.store.put(call.kind, marked)), False
