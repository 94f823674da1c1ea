"""What Kubernetes adds to pods and claims without being asked.

Tolerations for nodes that were lost a moment ago, the priority of the pod's class, the default
storage class, and the finalizer that keeps a claim while a pod uses it.
"""

from typing import Any

from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.attributes import Attributes
from tenantspawner.localcluster.kinds import PRIORITY_CLASS, STORAGE_CLASS
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_LOST_NODE_SECONDS = 300


def admit_priority(attributes: Attributes, store: Store) -> None:
    """Resolve a new pod's priority class to its number."""
    pod = attributes.object
    if attributes.kind != POD or attributes.operation != "CREATE" or attributes.subresource or pod is None:
        return
    spec = pod["spec"]
    found = _priority_class(spec.get("priorityClassName") or "", store)
    if found is None:
        raise forbidden(attributes, f"no PriorityClass with name {spec['priorityClassName']} was found")
    name, value, policy = found
    asked = spec.get("priority")
    if asked is not None and asked != value:
        why = f"the integer value of priority ({asked}) must not be provided in pod spec;"
        raise forbidden(
            attributes, f"{why} priority admission controller computed {value} from the given PriorityClass name"
        )
    spec.update({"priority": value, "preemptionPolicy": policy})
    if name:
        spec["priorityClassName"] = name


def _priority_class(name: str, store: Store) -> tuple[str, int, str] | None:
    if name in _SYSTEM_PRIORITIES:
        return name, _SYSTEM_PRIORITIES[name], "PreemptLowerPriority"
    classes = store.list(PRIORITY_CLASS)
    fitting = [c for c in classes if (c["metadata"]["name"] == name if name else c.get("globalDefault"))]
    if fitting:
        chosen = min(fitting, key=lambda c: c["value"])
        return chosen["metadata"]["name"], chosen["value"], chosen.get("preemptionPolicy", "PreemptLowerPriority")
    return None if name else ("", 0, "PreemptLowerPriority")


def admit_tolerations(attributes: Attributes, store: Store) -> None:
    """Let a pod stay for five minutes on a node that is not ready or cannot be reached."""
    del store  # the same signature as every other step
    pod = attributes.object
    if attributes.kind != POD or attributes.subresource or pod is None or attributes.operation == "DELETE":
        return
    present = pod["spec"].get("tolerations") or []
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_tolerates(toleration, key) for toleration in present):
            added = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _LOST_NODE_SECONDS}
            present = [*present, added]
    pod["spec"]["tolerations"] = present


def _tolerates(toleration: Json, key: str) -> bool:
    return toleration.get("key", "") in {key, ""} and toleration.get("effect", "") in {"NoExecute", ""}


def validate_overhead(attributes: Attributes, store: Store) -> None:
    """Refuse a new pod that names an overhead of its own: only its runtime class may give it one."""
    del store
    pod = attributes.object
    if attributes.kind != POD or attributes.operation != "CREATE" or attributes.subresource or pod is None:
        return
    if pod["spec"].get("overhead") and not pod["spec"].get("runtimeClassName"):
        why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise forbidden(attributes, why)


def admit_claim(attributes: Attributes, store: Store) -> None:
    """Give a new claim the default storage class and the finalizer that protects it while it is used."""
    claim = attributes.object
    if attributes.kind != PERSISTENT_VOLUME_CLAIM or attributes.operation != "CREATE" or claim is None:
        return
    metadata, spec = claim["metadata"], claim["spec"]
    if CLAIM_FINALIZER not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), CLAIM_FINALIZER]
    defaults = [c for c in store.list(STORAGE_CLASS) if _is_default(c["metadata"])]
    if spec.get("storageClassName") is None and defaults:
        spec["storageClassName"] = defaults[0]["metadata"]["name"]


def _is_default(metadata: Json) -> bool:
    return (metadata.get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
