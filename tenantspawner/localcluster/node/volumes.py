"""The volumes of a pod as directories of this machine.

A claim has a directory by namespace, name and uid under the node's data directory; it outlives the pod, and a
claim made anew under the old name starts empty. ``emptyDir`` lies in the pod's directory. Secrets, config maps and
the downward API are written as files once, when the pod starts. ``hostPath`` is that path. Volumes from elsewhere
(NFS, CSI) become a directory that all pods of this node share under the same source.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, SECRET, SERVICE_ACCOUNT, Kind
from tenantspawner.localcluster.node.client import Client, insist
from tenantspawner.localcluster.node.environment import NotReadyError, decoded, field
from tenantspawner.localcluster.node.expansion import expand
from tenantspawner.localcluster.node.options import Services
from tenantspawner.localcluster.node.sandbox import Mounts, Sandbox

Json = Mapping[str, Any]

NOT_FOUND = 404
_OBJECTS = {"secret": (SECRET, "secretName"), "configMap": (CONFIG_MAP, "name")}


async def prepare(sandbox: Sandbox, services: Services) -> dict[str, Path]:
    """Make the directory of each of the pod's volumes.

    Raises
    ------
    NotReadyError
        A claim, Secret or ConfigMap is not there (yet), or a directory cannot be made.
    StoppedError
        The pod is to end.
    """
    result = {}
    for volume in sandbox.pod["spec"].get("volumes") or ():
        try:
            directory = await _directory(volume, sandbox, services)
            if "hostPath" not in volume:
                directory.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise NotReadyError(f"volume {volume['name']}: {problem.strerror}") from None
        result[volume["name"]] = directory
    return result


def mounts(container: Json, sandbox: Sandbox, values: Mapping[str, str]) -> Mounts:
    """Return where the container's paths lie; `values` are for ``subPathExpr``."""
    mounted = {}
    for mount in container.get("volumeMounts") or ():
        inside = mount.get("subPath") or expand(mount.get("subPathExpr") or "", values)
        path = sandbox.volumes[mount["name"]] / inside
        if not path.exists():
            path.mkdir(parents=True)
        mounted[mount["mountPath"]] = path
    return Mounts(sandbox.directory / "root" / container["name"], mounted)


async def fetch(client: Client, kind: Kind, sandbox: Sandbox, name: str) -> Json | None:
    """Read an object of the pod's namespace; None when it is missing."""
    try:
        return await insist(lambda: client.get(kind, sandbox.namespace, name), sandbox.pause)
    except ApiError as error:
        if error.code == NOT_FOUND:
            return None
        raise NotReadyError(f'failed to read {kind.kind.lower()} "{name}": {error.answer.message}') from None


async def _directory(volume: Json, sandbox: Sandbox, services: Services) -> Path:
    inside: Path = sandbox.directory / "volumes" / volume["name"]
    if claim := volume.get("persistentVolumeClaim"):
        return await _claim(claim["claimName"], sandbox, services)
    if host := volume.get("hostPath"):
        return Path(host["path"])
    for word in _OBJECTS:
        if word in volume:
            await _write_object(inside, word, volume[word], sandbox, services)
            return inside
    if "downwardAPI" in volume:
        _write(inside, _downward(volume["downwardAPI"], sandbox))
    elif "projected" in volume:
        for source in volume["projected"].get("sources") or ():
            await _project(inside, source, sandbox, services)
    elif volume.keys() - {"name", "emptyDir"}:
        source = json.dumps({key: value for key, value in volume.items() if key != "name"}, sort_keys=True)
        return services.data_dir / "foreign" / hashlib.sha256(source.encode()).hexdigest()[:16]
    return inside


async def _claim(name: str, sandbox: Sandbox, services: Services) -> Path:
    claim = await fetch(services.client, PERSISTENT_VOLUME_CLAIM, sandbox, name)
    if claim is None:
        raise NotReadyError(f'persistentvolumeclaim "{name}" not found')
    return services.claims / sandbox.namespace / name / str(claim["metadata"]["uid"])


async def _project(inside: Path, source: Json, sandbox: Sandbox, services: Services) -> None:
    for word in _OBJECTS:
        if word in source:
            await _write_object(inside, word, source[word], sandbox, services)
    if "downwardAPI" in source:
        _write(inside, _downward(source["downwardAPI"], sandbox))
    if wanted := source.get("serviceAccountToken"):
        _write(inside, {wanted["path"]: await _token(wanted, sandbox, services.client)})


async def _token(wanted: Json, sandbox: Sandbox, client: Client) -> str:
    account = sandbox.pod["spec"].get("serviceAccountName") or "default"
    bound = {"apiVersion": "v1", "kind": "Pod", "name": sandbox.name, "uid": sandbox.uid}
    spec: dict[str, Any] = {"expirationSeconds": wanted.get("expirationSeconds", 3600), "boundObjectRef": bound}
    if audience := wanted.get("audience"):
        spec["audiences"] = [audience]
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNT.path(sandbox.namespace, account, "token")
    try:
        answer = await insist(lambda: client.request("POST", path, body=body), sandbox.pause)
    except ApiError as error:
        raise NotReadyError(f"failed to fetch token: {error.answer.message}") from None
    return str(answer["status"]["token"])


async def _write_object(inside: Path, word: str, reference: Json, sandbox: Sandbox, services: Services) -> None:
    kind, key = _OBJECTS[word]
    name = reference.get(key) or reference["name"]
    found = await fetch(services.client, kind, sandbox, name)
    if found is None and not reference.get("optional"):
        raise NotReadyError(f'{kind.kind.lower()} "{name}" not found')
    data = decoded({"kind": kind.kind} | dict(found)) if found else {}
    _write(inside, _chosen(data, reference.get("items"), name, optional=bool(reference.get("optional"))))


def _chosen(data: Mapping[str, str], items: Sequence[Json] | None, name: str, *, optional: bool) -> dict[str, str]:
    if not items:
        return dict(data)
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not optional:
        raise NotReadyError(f"references non-existent key in {name}: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def _downward(volume: Json, sandbox: Sandbox) -> dict[str, str]:
    return {
        item["path"]: field(sandbox.pod, item["fieldRef"]["fieldPath"], sandbox.address)
        for item in volume.get("items") or ()
        if "fieldRef" in item
    }


def _write(inside: Path, files: Mapping[str, str]) -> None:
    inside.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        target = inside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(text.encode("utf-8", "surrogateescape"))
