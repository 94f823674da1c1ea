"""What may not be stored: problems by field, in the words of the real API server (422).

One function a kind. They check what clients of this cluster get wrong in practice, not everything the
real server checks; what they let pass has no effect here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.names import metadata_problems
from tenantspawner.localcluster.api.validation import claims, data, limits, network, pod, pod_update, rbac
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]
Check = Callable[[Object], Iterator[FieldProblem]]
UpdateCheck = Callable[[Object, Object], Iterator[FieldProblem]]

_CREATE: Mapping[str, Check] = {
    "Pod": pod.problems,
    "ConfigMap": data.config_map_problems,
    "Secret": data.secret_problems,
    "Event": data.event_problems,
    "Role": rbac.role_problems,
    "ClusterRole": rbac.role_problems,
    "RoleBinding": rbac.binding_problems,
    "ClusterRoleBinding": rbac.cluster_binding_problems,
    "ResourceQuota": limits.quota_problems,
    "LimitRange": limits.limit_range_problems,
    "PersistentVolumeClaim": claims.problems,
    "Service": network.service_problems,
    "NetworkPolicy": network.policy_problems,
    "Lease": limits.lease_problems,
}
_UPDATE: Mapping[str, UpdateCheck] = {
    "Pod": pod_update.problems,
    "ConfigMap": data.immutable_problems,
    "Secret": data.secret_update_problems,
    "RoleBinding": rbac.binding_update_problems,
    "ClusterRoleBinding": rbac.binding_update_problems,
    "PersistentVolumeClaim": claims.update_problems,
    "Service": network.service_update_problems,
    "ResourceQuota": limits.quota_update_problems,
    "StorageClass": data.storage_class_update_problems,
}


def validate_create(kind: Kind, obj: Object) -> list[FieldProblem]:
    """Return what is wrong with a new object."""
    problems = list(metadata_problems(kind, obj["metadata"]))
    if check := _CREATE.get(kind.kind):
        problems += check(obj)
    return problems


def validate_update(kind: Kind, new: Object, old: Object, subresource: str | None) -> list[FieldProblem]:
    """Return what is wrong with a change; a status is taken as it is."""
    problems = list(metadata_problems(kind, new["metadata"]))
    problems += _new_finalizers(new, old)
    if subresource:
        return [*problems, *(pod_update.status_problems(new, old) if kind.kind == "Pod" else ())]
    if (check := _CREATE.get(kind.kind)) and new != old:
        problems += check(new)
    if update := _UPDATE.get(kind.kind):
        problems += update(new, old)
    return problems


def _new_finalizers(new: Object, old: Object) -> Iterator[FieldProblem]:
    if "deletionTimestamp" not in old["metadata"]:
        return
    added = sorted(set(new["metadata"].get("finalizers", [])) - set(old["metadata"].get("finalizers", [])))
    if added:
        names = ", ".join(f'"{name}"' for name in added)
        yield FieldProblem.forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{"
            + names
            + "}",
        )
