"""Volumes: a claim is bound to a volume made for it, which goes when the claim goes.

A claim that is deleted while a pod on a node uses it stays until that pod has ended; its finalizer is
taken off here.
"""

from collections.abc import Hashable, Iterable

from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD
from tenantspawner.localcluster.admission.defaults import CLAIM_FINALIZER
from tenantspawner.localcluster.controllers.objects import Json, Reference, made
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.deletion import settle
from tenantspawner.localcluster.kinds import PERSISTENT_VOLUME
from tenantspawner.localcluster.store import StoreEvent


class VolumeController(Controller):
    """Binds claims, protects those in use. Its delay is ``settings.volume_delay``."""

    @property
    def delay(self) -> float | None:
        """As set."""
        return self.settings.volume_delay

    def existing(self) -> Iterable[Hashable]:
        """Return all claims."""
        return [Reference.to(PERSISTENT_VOLUME_CLAIM, claim) for claim in self.store.list(PERSISTENT_VOLUME_CLAIM)]

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the claim that changed, or those of a pod that ended."""
        if event.kind == PERSISTENT_VOLUME_CLAIM:
            if event.type == "DELETED":
                return (Reference(PERSISTENT_VOLUME, None, event.object["spec"].get("volumeName", "")),)
            return (Reference.of(event),)
        if event.kind == POD and (event.type == "DELETED" or not _uses_node(event.object)):
            namespace = event.object["metadata"]["namespace"]
            return [Reference(PERSISTENT_VOLUME_CLAIM, namespace, name) for name in _claims(event.object)]
        return ()

    def reconcile(self, key: Hashable) -> float | None:
        """Bind the claim, or let it go; a volume whose claim is gone goes too."""
        assert isinstance(key, Reference)
        obj = self.store.get(*key)
        if obj is None:
            return None
        if key.kind == PERSISTENT_VOLUME:
            self.store.remove(*key)
        elif obj["metadata"].get("deletionTimestamp"):
            self._release(obj)
        elif (obj.get("status") or {}).get("phase") != "Bound":
            self._bind(obj)
        return None

    def _bind(self, claim: Json) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        name = spec.get("volumeName") or f"pvc-{metadata['uid']}"
        if self.store.get(PERSISTENT_VOLUME, None, name) is None:
            self.store.put(PERSISTENT_VOLUME, _volume(name, claim))
        requests = (spec.get("resources") or {}).get("requests") or {}
        status = {"phase": "Bound", "accessModes": spec.get("accessModes") or [], "capacity": dict(requests)}
        bound = {**claim, "spec": {**spec, "volumeName": name}, "status": status}
        self.store.put(PERSISTENT_VOLUME_CLAIM, bound)

    def _release(self, claim: Json) -> None:
        metadata = claim["metadata"]
        finalizers = metadata.get("finalizers") or []
        pods = self.store.list(POD, metadata["namespace"])
        in_use = any(_uses_node(pod) and metadata["name"] in _claims(pod) for pod in pods)
        if CLAIM_FINALIZER not in finalizers or in_use:
            return
        rest = [entry for entry in finalizers if entry != CLAIM_FINALIZER]
        kept = {key: value for key, value in metadata.items() if key != "finalizers"}
        settle(
            self.store, PERSISTENT_VOLUME_CLAIM, {**claim, "metadata": kept | ({"finalizers": rest} if rest else {})}
        )


def _volume(name: str, claim: Json) -> Json:
    metadata, spec = claim["metadata"], claim["spec"]
    requests = (spec.get("resources") or {}).get("requests") or {}
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    content = {
        "accessModes": spec.get("accessModes") or [],
        "capacity": dict(requests),
        "claimRef": reference,
        "persistentVolumeReclaimPolicy": "Delete",
        "volumeMode": spec.get("volumeMode", "Filesystem"),
        "csi": {"driver": "local.tenantspawner", "volumeHandle": name},
    }
    if spec.get("storageClassName"):
        content["storageClassName"] = spec["storageClassName"]
    return made(PERSISTENT_VOLUME, name, spec=content, status={"phase": "Bound"})


def _claims(pod: Json) -> list[str]:
    volumes = (pod["spec"].get("volumes") or ()) if pod.get("spec") else ()
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if v.get("persistentVolumeClaim")]


def _uses_node(pod: Json) -> bool:
    """Whether a node runs the pod, and so may hold its volumes."""
    return bool(pod["spec"].get("nodeName")) and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
