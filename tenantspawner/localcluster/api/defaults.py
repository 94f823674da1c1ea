"""What the API server fills in when it reads an object: the values clients rely on to be there.

One function a kind, in a table; each gets an object that is its own to change. Pods, the largest, are
in `pod_defaults`. Source: the ``SetDefaults_*`` functions of Kubernetes 1.36.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.pod_defaults import default_pod

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"


def apply_defaults(kind: Kind, obj: Object) -> None:
    """Fill in what the client left out."""
    fill = _BY_KIND.get(kind.kind)
    if fill is not None:
        fill(obj)


def _namespace(obj: Object) -> None:
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    obj.setdefault("spec", {})
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports", []):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def _claim(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _volume(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _binding(obj: Object) -> None:
    for subject in obj.get("subjects", []):
        if subject.get("kind") in {"User", "Group"}:
            subject.setdefault("apiGroup", RBAC)
    if isinstance(reference := obj.get("roleRef"), dict):
        reference.setdefault("apiGroup", RBAC)


def _network_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
        for port in rule.get("ports", []):
            port.setdefault("protocol", "TCP")


def _limit_range(obj: Object) -> None:
    for item in obj.setdefault("spec", {}).setdefault("limits", []):
        if item.get("type") != "Container":
            continue
        defaults = dict(item.get("max", {})) | item.get("default", {})
        requests = dict(item.get("min", {})) | defaults | item.get("defaultRequest", {})
        for key, value in (("default", defaults), ("defaultRequest", requests)):
            if value:
                item[key] = value


def _storage_class(obj: Object) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _priority_class(obj: Object) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _match_resources(spec.get("matchConstraints"))


def _policy_binding(obj: Object) -> None:
    _match_resources(obj.setdefault("spec", {}).get("matchResources"))


def _match_resources(match: Object | None) -> None:
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for rule in [*match.get("resourceRules", []), *match.get("excludeResourceRules", [])]:
        rule.setdefault("scope", "*")


def _node(obj: Object) -> None:
    obj.setdefault("spec", {})
    status = obj.setdefault("status", {})
    if "allocatable" not in status and "capacity" in status:
        status["allocatable"] = dict(status["capacity"])


def _event(obj: Object) -> None:
    """Fill in what clients of typed languages always send, empty."""
    for key in ("firstTimestamp", "lastTimestamp", "eventTime"):
        obj.setdefault(key, None)
    obj.setdefault("source", {})
    for key in ("reportingComponent", "reportingInstance"):
        obj.setdefault(key, "")


def _with_spec_and_status(obj: Object) -> None:
    obj.setdefault("spec", {})
    obj.setdefault("status", {})


_BY_KIND: Mapping[str, Callable[[Object], None]] = {
    "Pod": default_pod,
    "Namespace": _namespace,
    "Secret": _secret,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "NetworkPolicy": _network_policy,
    "LimitRange": _limit_range,
    "StorageClass": _storage_class,
    "PriorityClass": _priority_class,
    "ValidatingAdmissionPolicy": _policy,
    "ValidatingAdmissionPolicyBinding": _policy_binding,
    "Node": _node,
    "Event": _event,
    "ResourceQuota": _with_spec_and_status,
}
