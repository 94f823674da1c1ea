"""The roles and bindings a cluster is born with, as far as somebody here uses them.

``admin``, ``edit`` and ``view`` are written out: real clusters put them together by label. They are
kept to the kinds the embedded cluster has, with the verbs of the real ones.
"""

from collections.abc import Iterable
from typing import Any

from tenantspawner.kube.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from tenantspawner.localcluster.rbac.bindings import MASTERS
from tenantspawner.localcluster.rbac.rules import Rule

Json = dict[str, Any]
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_COMMON = ("configmaps", "persistentvolumeclaims", "pods", "serviceaccounts", "services")
_SEEN = (
    "bindings",
    "events",
    "limitranges",
    "namespaces",
    "namespaces/status",
    "pods/log",
    "pods/status",
    "resourcequotas",
)


def _rule(verbs: Iterable[str], resources: Iterable[str], group: str = "") -> Rule:
    return {"verbs": list(verbs), "apiGroups": [group], "resources": list(resources)}


_NETWORK = ("ingresses", "networkpolicies")
_VIEW = (
    _rule(_READ, (*_COMMON, "endpoints", "persistentvolumeclaims/status", "services/status")),
    _rule(_READ, _SEEN),
    _rule(_READ, ("endpointslices",), "discovery.k8s.io"),
    _rule(_READ, _NETWORK, "networking.k8s.io"),
)
_EDIT = (
    *_VIEW,
    _rule(_READ, ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy")),
    _rule(_WRITE, ("pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy")),
    _rule(_WRITE, ("configmaps", "events", "persistentvolumeclaims", "secrets", "serviceaccounts", "services")),
    _rule(("impersonate",), ("serviceaccounts",)),
    _rule(("create",), ("pods/eviction", "serviceaccounts/token")),
    _rule(_WRITE, _NETWORK, "networking.k8s.io"),
    _rule((*_READ, *_WRITE), ("leases",), "coordination.k8s.io"),
)
_RBAC = "rbac.authorization.k8s.io"

ROLES: dict[str, tuple[Rule, ...]] = {
    "cluster-admin": (_rule("*", "*", "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}),
    "admin": (
        *_EDIT,
        _rule((*_READ, *_WRITE), ("rolebindings", "roles"), _RBAC),
        _rule(("create",), ("localsubjectaccessreviews",), "authorization.k8s.io"),
    ),
    "edit": _EDIT,
    "view": _VIEW,
    "system:basic-user": (
        _rule(("create",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), "authorization.k8s.io"),
        _rule(("create",), ("selfsubjectreviews",), "authentication.k8s.io"),
    ),
    "system:discovery": (
        {
            "verbs": ["get"],
            "nonResourceURLs": [
                "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
                "/openapi", "/openapi/*", "/readyz", "/version", "/version/",
            ],
        },
    ),
    "system:public-info-viewer": (
        {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]},
    ),
    "system:kube-scheduler": (
        _rule(_READ, ("nodes", "namespaces", "persistentvolumeclaims", "persistentvolumes")),
        _rule((*_READ, "delete"), ("pods",)),
        _rule(("create",), ("bindings", "pods/binding")),
        _rule(("patch", "update"), ("pods/status",)),
        _rule(("create", "patch", "update"), ("events",)),
        _rule(("create", "patch", "update"), ("events",), "events.k8s.io"),
        _rule((*_READ, "create", "update"), ("leases",), "coordination.k8s.io"),
    ),
    "system:node": (
        _rule((*_READ, "create", "patch", "update", "delete"), ("nodes",)),
        _rule(("patch", "update"), ("nodes/status", "pods/status")),
        _rule((*_READ, "create", "delete"), ("pods",)),
        _rule(_READ, ("configmaps", "persistentvolumeclaims", "persistentvolumes", "secrets", "serviceaccounts", "services")),
        _rule(("create",), ("serviceaccounts/token",)),
        _rule(("create", "patch", "update"), ("events",)),
        _rule(("create", "patch", "update"), ("events",), "events.k8s.io"),
        _rule((*_READ, "create", "patch", "update", "delete"), ("leases",), "coordination.k8s.io"),
    ),
}  # fmt: skip

BINDINGS: dict[str, tuple[str, str]] = {
    "cluster-admin": ("Group", MASTERS),
    "system:basic-user": ("Group", "system:authenticated"),
    "system:discovery": ("Group", "system:authenticated"),
    "system:public-info-viewer": ("Group", "system:unauthenticated"),
    "system:kube-scheduler": ("User", "system:kube-scheduler"),
    "system:node": ("Group", "system:nodes"),
}
"""Role to the kind and name of whom it is bound to. Real clusters authorise nodes one by one instead."""


def seed_roles() -> list[Json]:
    """Return the cluster roles, then their bindings, as objects to be stored."""
    return [*map(_role, ROLES), *map(_binding, BINDINGS)]


def _metadata(name: str) -> Json:
    return {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}


def _role(name: str) -> Json:
    rules = [dict(rule) for rule in ROLES[name]]
    return {"apiVersion": CLUSTER_ROLE.api_version, "kind": "ClusterRole", "metadata": _metadata(name), "rules": rules}


def _binding(name: str) -> Json:
    kind, subject = BINDINGS[name]
    return {
        "apiVersion": CLUSTER_ROLE_BINDING.api_version,
        "kind": "ClusterRoleBinding",
        "metadata": _metadata(name),
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": _RBAC, "kind": kind, "name": subject}],
    }
