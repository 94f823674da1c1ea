"""Who holds which rules: bindings and roles as they stand in the store, read anew for each question.

A binding to a role that is not there gives nothing, and is told in the refusal, as the real
authoriser does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenantspawner.kube.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.rbac.rules import Rule
from tenantspawner.localcluster.store import Store

MASTERS = "system:masters"
"""The group that may do everything, whatever roles say."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A binding refers to a role that does not exist."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f'{self.kind.lower()}.rbac.authorization.k8s.io "{self.name}" not found'


def held(store: Store, user: UserInfo, namespace: str) -> Iterator[Rule | Missing]:
    """Walk over the rules the user holds in a namespace, those of the cluster first; "" is the cluster alone."""
    for binding in store.list(CLUSTER_ROLE_BINDING):
        if any(_is_user(user, subject, "") for subject in binding.get("subjects") or ()):
            yield from _found(store, binding["roleRef"], "")
    if not namespace:
        return
    for binding in store.list(ROLE_BINDING, namespace):
        if any(_is_user(user, subject, namespace) for subject in binding.get("subjects") or ()):
            yield from _found(store, binding["roleRef"], namespace)


def role_rules(store: Store, role_ref: dict[str, Any], namespace: str) -> list[Rule] | Missing:
    """Return the rules of the role a binding refers to."""
    kind, name = role_ref["kind"], role_ref["name"]
    role = store.get(ROLE, namespace, name) if kind == "Role" else store.get(CLUSTER_ROLE, None, name)
    return Missing(kind, name) if role is None else list(role.get("rules") or ())


def _found(store: Store, role_ref: dict[str, Any], namespace: str) -> Iterator[Rule | Missing]:
    rules = role_rules(store, role_ref, namespace)
    if isinstance(rules, Missing):
        yield rules
    else:
        yield from rules


def _is_user(user: UserInfo, subject: dict[str, Any], namespace: str) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(user.name == name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return bool(home) and user.name == f"system:serviceaccount:{home}:{name}"
        case _:
            return False
