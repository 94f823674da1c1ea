"""What a pod under a tenancy has beyond KubeSpawner's: Pod Security ``restricted``, and no device by the back door.

Under ``restricted``: not root, a numeric user (the kubelet refuses an image with a named one), the runtime's seccomp
profile, no privilege escalation, no capabilities. What hub configuration says is kept where the level allows it.
A container that asks for no device gets ``NVIDIA_VISIBLE_DEVICES=void`` as its last variable, since an image can name
devices through its environment.

Sources: https://kubernetes.io/docs/concepts/security/pod-security-standards/, NVIDIA container toolkit's user guide.
"""

from collections.abc import Callable
from typing import Any

from tenantspawner.plan.models import Manifest

DEFAULT_UID = 1000
DEFAULT_FS_GROUP = 100  # group `users` of the Jupyter images, which own the home directory
NO_DEVICE = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}
_NOT_DEVICES = ("cpu", "memory", "ephemeral-storage")


def hardened(pod: Manifest, *, restricted: bool, automount_token: bool) -> Manifest:
    """Return the pod with what a tenancy adds; the original is not changed."""
    spec = dict(pod["spec"])
    spec["automountServiceAccountToken"] = automount_token
    spec["enableServiceLinks"] = False  # hundreds of variables in a shared namespace, and names of others' services
    spec = _each_container(spec, without_devices)
    if restricted:
        spec["securityContext"] = _pod_context(spec.get("securityContext") or {})
        spec = _each_container(spec, _restricted_container)
    return {**pod, "spec": spec}


def without_devices(container: Manifest) -> Manifest:
    """Close the back door of a container that asks for no device."""
    resources = container.get("resources") or {}
    asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    if any(
        name not in _NOT_DEVICES and not name.startswith("hugepages-") and amount != "0"
        for name, amount in asked.items()
    ):
        return container
    env = [item for item in container.get("env") or [] if item["name"] != NO_DEVICE["name"]]
    return {**container, "env": [*env, dict(NO_DEVICE)]}


def _each_container(spec: Manifest, change: Callable[[Manifest], Manifest]) -> Manifest:
    changed = {key: [change(item) for item in spec[key]] for key in ("initContainers", "containers") if spec.get(key)}
    return {**spec, **changed}


def _pod_context(context: Manifest) -> Manifest:
    defaults: dict[str, Any] = {
        "runAsUser": DEFAULT_UID,
        "fsGroup": DEFAULT_FS_GROUP,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {**defaults, **context, "runAsNonRoot": True}


def _restricted_container(container: Manifest) -> Manifest:
    context = container.get("securityContext") or {}
    capabilities = {**(context.get("capabilities") or {}), "drop": ["ALL"]}
    must = {"allowPrivilegeEscalation": False, "capabilities": capabilities}
    return {**container, "securityContext": {**context, **must}}
