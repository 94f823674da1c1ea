"""What the API server makes of an object before it validates and stores it, whatever the client wrote there.

Clients do not set identity, time or status; a write to the object keeps the status, a write to the
status keeps the rest; `generation` counts changes of what was asked for.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.clock import now
from tenantspawner.localcluster.api.pod_defaults import qos_class

Object = dict[str, Any]

WITH_STATUS = {
    "Namespace", "ResourceQuota", "PersistentVolumeClaim", "PersistentVolume", "Service", "Pod", "Node",
    "Ingress", "ValidatingAdmissionPolicy",
}  # fmt: skip
_WITH_GENERATION = {"Pod", "NetworkPolicy", "Ingress", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
_OWN_STATUS = {"Node", "PersistentVolume"}  # accepted with the object: nodes and volumes describe themselves
_SYSTEM = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation")
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def wipe_system_fields(obj: Object) -> None:
    """Drop what only the server may set."""
    metadata = obj["metadata"]
    for key in _SYSTEM:
        metadata.pop(key, None)


def generate_name(obj: Object) -> None:
    """Make a name of ``generateName`` when there is none."""
    metadata = obj["metadata"]
    prefix = metadata.get("generateName")
    if prefix and not metadata.get("name"):
        number = uuid4().int
        suffix = "".join(_ALPHABET[(number >> (8 * index)) % len(_ALPHABET)] for index in range(5))
        metadata["name"] = f"{prefix[:58]}{suffix}"


def prepare_create(kind: Kind, obj: Object, cluster_ip: Callable[[], str]) -> None:
    """Set identity and time, and the first status."""
    metadata = obj["metadata"]
    metadata["uid"] = str(uuid4())
    metadata["creationTimestamp"] = now()
    if kind.kind in _WITH_GENERATION:
        metadata["generation"] = 1
    match kind.kind:
        case "Pod":
            obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
            if obj["spec"].get("schedulingGates"):
                obj["status"]["conditions"] = [_gated()]
        case "Namespace":
            obj["spec"].setdefault("finalizers", ["kubernetes"])
            obj["status"] = {"phase": "Active"}
        case "PersistentVolumeClaim":
            obj["status"] = {"phase": "Pending"}
        case "ResourceQuota":
            obj["status"] = {}
        case "Service":
            obj["status"] = {"loadBalancer": {}}
            _give_address(obj["spec"], cluster_ip)
        case "Secret":
            merge_string_data(obj)
        case name if name in WITH_STATUS and name not in _OWN_STATUS:
            obj.pop("status", None)


def _give_address(spec: Object, cluster_ip: Callable[[], str]) -> None:
    if spec.get("type") == "ExternalName":
        return
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    address = spec.get("clusterIP") or cluster_ip()
    spec["clusterIP"] = address
    spec["clusterIPs"] = [address]


def merge_string_data(secret: Object) -> None:
    """Move ``stringData`` into ``data``, where it wins."""
    plain = secret.pop("stringData", None)
    if plain:
        encoded = {key: b64encode(value.encode()).decode() for key, value in plain.items()}
        secret["data"] = secret.get("data", {}) | encoded


def prepare_update(kind: Kind, obj: Object, old: Object) -> None:
    """Keep what a write to the object does not change: identity, time, status; count the generation."""
    _keep_system_fields(obj, old)
    if kind.kind in WITH_STATUS:
        _keep(obj, old, "status")
    if kind.kind == "Secret":
        merge_string_data(obj)
    if kind.kind == "Namespace":
        _keep(obj.setdefault("spec", {}), old.get("spec", {}), "finalizers")
    if kind.kind == "Service":
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if key in old["spec"]:
                obj["spec"].setdefault(key, old["spec"][key])
    if kind.kind == "PersistentVolumeClaim" and not obj["spec"].get("volumeName"):
        _keep(obj["spec"], old["spec"], "volumeName")
    if kind.kind in _WITH_GENERATION and obj.get("spec") != old.get("spec"):
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def prepare_status_update(kind: Kind, obj: Object, old: Object) -> None:
    """Keep everything but the status; labels and annotations may go with it."""
    _keep_system_fields(obj, old)
    for key in set(obj) | set(old):
        if key not in {"metadata", "status", "apiVersion", "kind"}:
            _keep(obj, old, key)
    if kind.kind == "Pod":
        _keep(obj["metadata"], old["metadata"], "ownerReferences")
        if "status" in obj:
            _complete_pod_status(obj["status"], old.get("status", {}))


def _gated() -> Object:
    words = "Scheduling is blocked due to non-empty scheduling gates"
    condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": now()}
    return {**condition, "reason": "SchedulingGated", "message": words}


def _complete_pod_status(status: Object, old: Object) -> None:
    """Fill in what a kubelet need not say."""
    status.setdefault("qosClass", old.get("qosClass", "BestEffort"))
    for condition in status.get("conditions", []):
        condition.setdefault("lastProbeTime", None)
        condition.setdefault("lastTransitionTime", None)
    addresses = [entry.get("ip") for entry in status.get("podIPs", [])]
    if status.get("podIP") and addresses[:1] != [status["podIP"]]:
        status["podIPs"] = [{"ip": status["podIP"]}]


def _keep_system_fields(obj: Object, old: Object) -> None:
    for key in (*_SYSTEM, "generateName"):
        _keep(obj["metadata"], old["metadata"], key)


def _keep(obj: Object, old: Object, key: str) -> None:
    if key in old:
        obj[key] = old[key]
    else:
        obj.pop(key, None)
