"""The server's token and the rest of its secret environment, in a Secret instead of the pod's text.

The pod names the Secret before it exists; the kubelet waits for it. The Secret is made right after the pod, immutable,
with a name nobody can guess, and with the pod's uid as owner, so that it goes when the pod goes.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tenantspawner.errors import Misconfigured
from tenantspawner.kube.kinds import SECRET
from tenantspawner.plan.models import Manifest

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def secret_names(env: Mapping[str, Any], patterns: Sequence[str]) -> frozenset[str]:
    """Which variables go into the Secret: plain texts whose name matches a glob.

    Raises
    ------
    Misconfigured
        Such a name can be no key of a Secret; it is not left in the pod's text instead.
    """
    chosen = frozenset(name for name in _texts(env) if any(fnmatchcase(name, glob) for glob in patterns))
    for name in sorted(chosen):
        if _KEY.fullmatch(name) is None:
            raise Misconfigured(
                "environment", f"{name!r} is secret and can be no key of a Secret: letters, digits, - _ ."
            )
    return chosen


def token_secret(name: str, pod: Manifest, env: Mapping[str, Any], chosen: frozenset[str]) -> Manifest:
    """The Secret of a pod, with the pod's own labels and annotations, still without owner."""
    theirs = pod["metadata"]
    metadata = {key: theirs[key] for key in ("namespace", "labels", "annotations") if key in theirs}
    texts = _texts(env)
    data = {key: b64encode(texts[key].encode("utf-8", "surrogateescape")).decode() for key in sorted(chosen)}
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {"name": name, **metadata},
        "type": "Opaque",
        "immutable": True,
        "data": data,
    }


def _texts(env: Mapping[str, Any]) -> dict[str, str]:
    """Variables that are plain texts, by their own names: ``{"name": …, "value": …}`` is one as well."""
    entries = ((key, value if isinstance(value, dict) else {"value": value}) for key, value in env.items())
    return {
        str(entry.get("name", key)): entry["value"] for key, entry in entries if isinstance(entry.get("value"), str)
    }


def owned(obj: Manifest, pod_name: str, pod_uid: str) -> Manifest:
    """Give an object to a pod: the garbage collector deletes it when the pod is gone."""
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod_name, "uid": pod_uid}
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [owner]}}
