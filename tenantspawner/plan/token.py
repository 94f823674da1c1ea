"""The server's token and the rest of its secret environment, in a Secret instead of the pod's text.

The pod names the Secret before it exists; the kubelet waits for it. The Secret is made right after the pod, immutable,
with a name nobody can guess, and with the pod's uid as owner, so that it goes when the pod goes.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tenantspawner.kube.kinds import SECRET
from tenantspawner.plan.models import Manifest


def secret_names(env: Mapping[str, Any], patterns: Sequence[str]) -> frozenset[str]:
    """Which variables go into the Secret: plain texts whose name matches a glob."""
    return frozenset(
        name
        for name, value in env.items()
        if isinstance(value, str) and any(fnmatchcase(name, glob) for glob in patterns)
    )


def token_secret(name: str, pod: Manifest, env: Mapping[str, Any], chosen: frozenset[str]) -> Manifest:
    """The Secret of a pod, with the pod's own labels and annotations, still without owner."""
    theirs = pod["metadata"]
    metadata = {key: theirs[key] for key in ("namespace", "labels", "annotations") if key in theirs}
    data = {key: b64encode(env[key].encode("utf-8", "surrogateescape")).decode() for key in sorted(chosen)}
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {"name": name, **metadata},
        "type": "Opaque",
        "immutable": True,
        "data": data,
    }


def owned(obj: Manifest, pod_name: str, pod_uid: str) -> Manifest:
    """Give an object to a pod: the garbage collector deletes it when the pod is gone."""
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod_name, "uid": pod_uid}
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [owner]}}
