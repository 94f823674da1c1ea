"""What a pod under a tenancy has beyond KubeSpawner's: Pod Security ``restricted``, and no device by the back door.

Under ``restricted``: not root, a numeric user (the kubelet refuses an image with a named one), the runtime's seccomp
profile, no privilege escalation, no capabilities. In the pod and the notebook's container, what hub configuration says is
kept where the level allows it and replaced where not. Other containers were written for what they ask for: what is
forbidden in them stays, so that the API server names it instead of a container that crashes.

A container that asks for no device gets ``NVIDIA_VISIBLE_DEVICES=void`` as its last variable, since an image can name
devices through its environment. One that asks for some must not: the device plugin's own variable stands before it.

Sources: https://kubernetes.io/docs/concepts/security/pod-security-standards/, NVIDIA container toolkit's user guide.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from tenantspawner.plan.containers import amount, each_container
from tenantspawner.plan.models import Manifest

DEFAULT_UID = 1000
DEFAULT_FS_GROUP = 100  # group `users` of the Jupyter images, which own the home directory
NO_DEVICE = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}
NOTEBOOK = "notebook"
_ALLOWED_TO_ADD = frozenset({"NET_BIND_SERVICE"})
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def hardened(pod: Manifest, *, restricted: bool, automount_token: bool | None, devices: Collection[str]) -> Manifest:
    """Return the pod with what a tenancy adds; the original is not changed.

    Parameters
    ----------
    automount_token
        None leaves it as hub configuration has it.
    devices
        The resources that are GPUs; those of ``nvidia.com`` always are.
    """
    spec = dict(pod["spec"])
    if automount_token is not None:
        spec["automountServiceAccountToken"] = automount_token
    spec["enableServiceLinks"] = False  # hundreds of variables in a shared namespace, and names of others' services
    spec = each_container(spec, partial(without_devices, devices=devices))
    if restricted:
        spec["securityContext"] = _pod_context(spec.get("securityContext") or {})
        spec = each_container(spec, _restricted_container)
    return {**pod, "spec": spec}


def without_devices(container: Manifest, devices: Collection[str]) -> Manifest:
    """Close the back door of a container that asks for no device."""
    resources = container.get("resources") or {}
    asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    if any((name in devices or name.startswith("nvidia.com/")) and amount(asked[name]) != 0 for name in asked):
        return container
    env = [item for item in container.get("env") or [] if item["name"] != NO_DEVICE["name"]]
    return {**container, "env": [*env, dict(NO_DEVICE)]}


def _pod_context(context: Manifest) -> Manifest:
    must: dict[str, Any] = {"runAsUser": context.get("runAsUser") or DEFAULT_UID, "runAsNonRoot": True}
    if not _is_sealed(context):
        must["seccompProfile"] = {"type": "RuntimeDefault"}
    return {"fsGroup": DEFAULT_FS_GROUP, **context, **must}


def _restricted_container(container: Manifest) -> Manifest:
    context = container.get("securityContext") or {}
    if container["name"] == NOTEBOOK:
        context = _allowed(context)
    capabilities = {**(context.get("capabilities") or {}), "drop": ["ALL"]}
    must: dict[str, Any] = {"capabilities": capabilities}
    if not context.get("privileged"):  # together with it the API server would only say that the two contradict
        must["allowPrivilegeEscalation"] = False
    return {**container, "securityContext": {**context, **must}}


def _allowed(context: Manifest) -> Manifest:
    """Return what ``restricted`` allows of a container's security context; what falls away is the pod's to say."""
    kept = {key: value for key, value in context.items() if key not in {"privileged", "procMount", "capabilities"}}
    if kept.get("runAsUser") == 0:
        del kept["runAsUser"]
    if kept.get("runAsNonRoot") is False:
        del kept["runAsNonRoot"]
    if not _is_sealed(kept):
        kept.pop("seccompProfile", None)
    added = [name for name in (context.get("capabilities") or {}).get("add") or () if name in _ALLOWED_TO_ADD]
    return {**kept, "capabilities": {"add": added}} if added else kept


def _is_sealed(context: Manifest) -> bool:
    return (context.get("seccompProfile") or {}).get("type") in _SECCOMP
