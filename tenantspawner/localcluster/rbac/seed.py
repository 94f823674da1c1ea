"""The roles and bindings a cluster is born with, as far as somebody here uses them.

The rules stand in ``roles.json``, in the order of a real Kubernetes 1.36, since that order shows when the
escalation check lists what is missing. ``admin``, ``edit`` and ``view`` are written out there, not put together by
label. Nodes share one role: the real authoriser of nodes, one by one, is left out.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from tenantspawner.kube.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from tenantspawner.localcluster.rbac.bindings import MASTERS
from tenantspawner.localcluster.rbac.rules import Rule

Json = dict[str, Any]
_EVERYBODY = ("system:authenticated", "system:unauthenticated")
BINDINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cluster-admin": ("Group", (MASTERS,)),
    "system:basic-user": ("Group", ("system:authenticated",)),
    "system:discovery": ("Group", ("system:authenticated",)),
    "system:public-info-viewer": ("Group", _EVERYBODY),
    "system:kube-scheduler": ("User", ("system:kube-scheduler",)),
    "system:node": ("Group", ("system:nodes",)),
}
"""Role to the kind and the names of whom it is bound to."""


def seed_roles() -> list[Json]:
    """Return the cluster roles, then their bindings, as objects to be stored."""
    roles = [_object("ClusterRole", name, rules=rules) for name, rules in _rules().items()]
    return [*roles, *(_binding(name) for name in BINDINGS)]


@cache
def _rules() -> dict[str, list[Rule]]:
    text = files("tenantspawner.localcluster.rbac").joinpath("roles.json").read_text("utf-8")
    rules: dict[str, list[Rule]] = json.loads(text)
    return rules


def _binding(name: str) -> Json:
    group, (kind, subjects) = CLUSTER_ROLE_BINDING.group, BINDINGS[name]
    role = {"apiGroup": group, "kind": "ClusterRole", "name": name}
    bound = [{"apiGroup": group, "kind": kind, "name": subject} for subject in subjects]
    return _object("ClusterRoleBinding", name, roleRef=role, subjects=bound)


def _object(kind: str, name: str, **content: Any) -> Json:
    metadata = {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }
    return {"apiVersion": CLUSTER_ROLE.api_version, "kind": kind, "metadata": metadata, **content}
