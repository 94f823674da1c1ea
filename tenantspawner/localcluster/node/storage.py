"""Volumes for claims, on clusters that have nobody else who makes them.

A real control plane binds claims to volumes and makes none. With ``NodeOptions.storage`` the node is the provisioner: a
StorageClass ``local``, the default one, and for each claim of that class a PersistentVolume, which the control plane
then binds. The data lies where the node keeps claims, and stays there when claim and volume are gone. The embedded
cluster binds its claims itself and does not need this.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, Kind
from tenantspawner.localcluster.node.client import Client, insist
from tenantspawner.localcluster.node.reflector import Change, Reflector

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

STORAGE_CLASS = Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", 0, namespaced=False)
PERSISTENT_VOLUME = Kind("", "v1", "PersistentVolume", "persistentvolumes", 1, namespaced=False)
CLASS = "local"
PROVISIONER = "tenantspawner.io/node"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_CONFLICT = 409


def storage_class() -> dict[str, Any]:
    """Return the class: claims are bound at once."""
    metadata = {"name": CLASS, "annotations": {_DEFAULT_CLASS: "true"}}
    policies = {"reclaimPolicy": "Retain", "volumeBindingMode": "Immediate"}
    return {"metadata": metadata, "provisioner": PROVISIONER} | policies


def wanted(claim: Json) -> bool:
    """Say whether the claim is of our class and has no volume yet."""
    spec = claim["spec"]
    return spec.get("storageClassName") == CLASS and not spec.get("volumeName")


def volume(claim: Json, directory: Path) -> dict[str, Any]:
    """Return the volume for a claim and no other."""
    metadata, spec = claim["metadata"], claim["spec"]
    reference = {key: metadata[key] for key in ("namespace", "name", "uid")}
    return {
        "metadata": {"name": f"pvc-{metadata['uid']}"},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": dict(spec["resources"]["requests"]),
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
            "hostPath": {"path": str(directory), "type": "DirectoryOrCreate"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "volumeMode": spec.get("volumeMode", "Filesystem"),
        },
    }


class Provisioner:
    """Makes volumes until cancelled; `claims` is where their data lies."""

    def __init__(self, client: Client, claims: Path) -> None:
        self._client = client
        self._claims = claims
        self._queue: asyncio.Queue[tuple[Change, Json]] = asyncio.Queue()
        self._reflector = Reflector(client, PERSISTENT_VOLUME_CLAIM.path(), self._observe)

    async def run(self) -> None:
        """Make the class, then follow the claims."""
        await self._create(STORAGE_CLASS, storage_class())
        watching = asyncio.create_task(self._reflector.run())
        try:
            while True:
                await self._settle(*await self._queue.get())
        finally:
            watching.cancel()

    def _observe(self, change: Change, claim: Json) -> None:
        self._queue.put_nowait((change, claim))

    async def _settle(self, change: Change, claim: Json) -> None:
        metadata = claim["metadata"]
        directory = self._claims / metadata["namespace"] / metadata["name"] / metadata["uid"]
        if change is not Change.DELETED and wanted(claim):
            await self._create(PERSISTENT_VOLUME, volume(claim, directory))
        elif change is Change.DELETED and claim["spec"].get("storageClassName") == CLASS:
            await self._remove(f"pvc-{metadata['uid']}")

    async def _create(self, kind: Kind, body: dict[str, Any]) -> None:
        try:
            await insist(lambda: self._client.create(kind, None, body))
        except ApiError as error:
            if error.code != _CONFLICT:
                log.warning("storage: %s", error.detail)

    async def _remove(self, name: str) -> None:
        try:
            found = await insist(lambda: self._client.get(PERSISTENT_VOLUME, None, name))
            uid = found["metadata"]["uid"]
            await insist(lambda: self._client.delete(PERSISTENT_VOLUME, None, name, uid=uid, grace=0))
        except ApiError as error:
            log.info("storage: %s", error.detail)
