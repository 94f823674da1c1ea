"""The kinds of Kubernetes we touch: their words, their URLs, and the order in which they are made.

The rank is the order of creation; reversed, it is the order of deletion. Objects of one rank do not
depend on each other and may be made at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: ``group`` is empty for the core group, ``rank`` orders creation."""

    group: str
    version: str
    kind: str
    plural: str
    rank: int
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As written in a manifest: ``v1`` or ``rbac.authorization.k8s.io/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of a collection, an object or a subresource of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts: list[str] = []
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join([root, *map(_segment, parts)])


def _segment(part: str) -> str:
    """Quote one segment of a path, so that a name can never reach another object."""
    if part in {".", ".."}:
        raise ValueError(f"{part!r} is no name")
    return quote(part, safe="")


NAMESPACE = Kind("", "v1", "Namespace", "namespaces", 0, namespaced=False)
RESOURCE_QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas", 1)
LIMIT_RANGE = Kind("", "v1", "LimitRange", "limitranges", 1)
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", 1)
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", 2)
ROLE = Kind("rbac.authorization.k8s.io", "v1", "Role", "roles", 2)
ROLE_BINDING = Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", 2)
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", 2)
SECRET = Kind("", "v1", "Secret", "secrets", 2)
PERSISTENT_VOLUME_CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", 2)
SERVICE = Kind("", "v1", "Service", "services", 2)
POD = Kind("", "v1", "Pod", "pods", 3)
EVENT = Kind("", "v1", "Event", "events", 4)
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", 4)
NODE = Kind("", "v1", "Node", "nodes", 0, namespaced=False)
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", 0, namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", 0, namespaced=False
)

ALL: tuple[Kind, ...] = (
    NAMESPACE, RESOURCE_QUOTA, LIMIT_RANGE, NETWORK_POLICY, SERVICE_ACCOUNT, ROLE, ROLE_BINDING, CONFIG_MAP, SECRET,
    PERSISTENT_VOLUME_CLAIM, SERVICE, POD, EVENT, LEASE, NODE, CLUSTER_ROLE, CLUSTER_ROLE_BINDING,
)  # fmt: skip

_BY_NAME: Mapping[tuple[str, str], Kind] = {(kind.api_version, kind.kind): kind for kind in ALL}


def kind_of(obj: Mapping[str, Any]) -> Kind:
    """Return the kind of a manifest by its ``apiVersion`` and ``kind``; KeyError when we do not know it."""
    return _BY_NAME[obj["apiVersion"], obj["kind"]]
