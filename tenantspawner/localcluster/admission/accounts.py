"""Service accounts: every pod runs as one, and gets its token unless it says that it wants none.

The account must be there already; in a fresh namespace ``default`` appears a moment later. The API
server looks again for a second before it gives up on ``default``; `await_default_account` is that
patience, apart from the decision, which is made in one go.
"""

import asyncio
import random
import secrets
from typing import Any

from tenantspawner.kube.kinds import POD, SERVICE_ACCOUNT
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.attributes import Attributes
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME_PREFIX = "kube-api-access-"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_LOOKS = 10


def admit_account(attributes: Attributes, store: Store) -> None:
    """Give a new pod its account, the account's pull secrets and, where wanted, its token."""
    pod = attributes.object
    if attributes.kind != POD or attributes.operation != "CREATE" or attributes.subresource or pod is None:
        return
    spec = pod["spec"]
    name = _account_name(spec)
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = store.get(SERVICE_ACCOUNT, attributes.namespace, name)
    if account is None:
        where = f"{attributes.namespace}/{name}"
        raise forbidden(attributes, f'error looking up service account {where}: serviceaccount "{name}" not found')
    if _wants_token(spec, account):
        _mount_token(spec)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [{"name": secret["name"]} for secret in account["imagePullSecrets"]]


async def await_default_account(attributes: Attributes, store: Store) -> None:
    """Wait up to about 1.5 s for the ``default`` account a pod needs; returns early when it is there or not needed."""
    if attributes.kind != POD or attributes.operation != "CREATE" or attributes.subresource:
        return
    if _account_name((attributes.object or {}).get("spec") or {}) != "default":
        return
    interval = random.uniform(0.1, 0.2)  # noqa: S311  spreads retries, guards nothing
    for _ in range(_LOOKS - 1):
        if store.get(SERVICE_ACCOUNT, attributes.namespace, "default") is not None:
            return
        await asyncio.sleep(interval)


def _account_name(spec: Json) -> str:
    return str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "default")


def _wants_token(spec: Json, account: Json) -> bool:
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def _mount_token(spec: Json) -> None:
    volumes = spec.get("volumes") or []
    present = next((v["name"] for v in volumes if v["name"].startswith(_VOLUME_PREFIX)), None)
    volume = present or _VOLUME_PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(5))
    mounted = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.get("volumeMounts") or []
        if all(mount.get("mountPath") != MOUNT_PATH for mount in mounts):
            container["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}]
            mounted = True
    if mounted and present is None:
        spec["volumes"] = [*volumes, {"name": volume, "projected": _token_source()}]


def _token_source() -> Json:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    certificate = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    return {
        "defaultMode": 0o644,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": certificate},
            {"downwardAPI": {"items": [namespace]}},
        ],
    }
