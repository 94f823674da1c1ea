"""The checks of the Pod Security level ``restricted``: current hardening practice.

As in `baseline`, one function a control; these come on top of baseline's, or in their place.
"""

from tenantspawner.localcluster.admission.podsecurity.baseline import SECCOMP_TYPES, in_user_namespace, seccomp
from tenantspawner.localcluster.admission.podsecurity.pod import (
    Check,
    Json,
    Violation,
    containers,
    counted,
    names,
    quoted,
    security,
    setters,
    spec_of,
    these,
)

VOLUMES = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
        "persistentVolumeClaim", "projected", "secret",
    }
)  # fmt: skip
OTHER_VOLUMES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd",
    "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte", "azureDisk",
    "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos",
)  # fmt: skip


def not_on_windows(check: Check) -> Check:
    """Leave pods for Windows alone: the field means nothing there (since 1.25)."""

    def checked(pod: Json) -> Violation | None:
        return None if (spec_of(pod).get("os") or {}).get("name") == "windows" else check(pod)

    return checked


def not_in_user_namespace(check: Check) -> Check:
    """Leave pods in a user namespace of their own alone (since 1.35)."""

    def checked(pod: Json) -> Violation | None:
        return None if in_user_namespace(pod) else check(pod)

    return checked


def privilege_escalation(pod: Json) -> Violation | None:
    """Every container says that it gains no privileges."""
    bad = names(c for c in containers(pod) if security(c).get("allowPrivilegeEscalation") is not False)
    if not bad:
        return None
    return Violation(
        "allowPrivilegeEscalation != false", f"{these(bad)} must set securityContext.allowPrivilegeEscalation=false"
    )


def capabilities(pod: Json) -> Violation | None:
    """Every container drops all capabilities, and adds back none but binding low ports."""
    kept, adding = [], []
    forbidden: set[str] = set()
    for container in containers(pod):
        wanted = security(container).get("capabilities") or {}
        if "ALL" not in (wanted.get("drop") or ()):
            kept.append(container["name"])
        added = set(wanted.get("add") or ()) - {"NET_BIND_SERVICE"}
        if added:
            forbidden |= added
            adding.append(container["name"])
    details = [f'{these(kept)} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    if adding:
        details.append(
            f"{these(adding)} must not include {quoted(sorted(forbidden))} in securityContext.capabilities.add"
        )
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


def volumes(pod: Json) -> Violation | None:
    """Only volumes whose content comes from the cluster, not from the node or by name from elsewhere."""
    bad, types = [], set()
    for volume in spec_of(pod).get("volumes") or ():
        if any(volume.get(kind) is not None for kind in VOLUMES):
            continue
        bad.append(volume["name"])
        types.add(next((kind for kind in OTHER_VOLUMES if volume.get(kind) is not None), "unknown"))
    if not bad:
        return None
    who, uses = counted("volume", "volumes", bad), counted("uses", "use", bad)
    what = counted("restricted volume type", "restricted volume types", types)
    return Violation("restricted volume types", f"{who} {quoted(bad)} {uses} {what} {quoted(sorted(types))}")


def run_as_non_root(pod: Json) -> Violation | None:
    """The pod, or each container, says that it is not root."""
    of_pod = security(spec_of(pod)).get("runAsNonRoot")
    said = [(c["name"], security(c).get("runAsNonRoot")) for c in containers(pod)]
    who = setters(pod_is_bad=of_pod is False, bad=[name for name, value in said if value is False])
    if who:
        return Violation("runAsNonRoot != true", f"{who} must not set securityContext.runAsNonRoot=false")
    silent = [name for name, value in said if value is None] if not of_pod else []
    if silent:
        return Violation("runAsNonRoot != true", f"pod or {these(silent)} must set securityContext.runAsNonRoot=true")
    return None


def run_as_user(pod: Json) -> Violation | None:
    """Nobody is user 0."""
    of_pod = security(spec_of(pod)).get("runAsUser") == 0
    who = setters(pod_is_bad=of_pod, bad=names(c for c in containers(pod) if security(c).get("runAsUser") == 0))
    return Violation("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def seccomp_set(pod: Json) -> Violation | None:
    """The pod, or each container, asks for a seccomp profile."""
    wrong = seccomp(pod)
    if wrong:
        return wrong
    of_pod = (security(spec_of(pod)).get("seccompProfile") or {}).get("type")
    silent = names(c for c in containers(pod) if security(c).get("seccompProfile") is None)
    if of_pod in SECCOMP_TYPES or not silent:
        return None
    asked = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {these(silent)} {asked}")
