"""Roles and bindings."""

from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_SUBJECTS = ("ServiceAccount", "User", "Group")
RBAC = "rbac.authorization.k8s.io"


def role_problems(role: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a role's rules."""
    for index, rule in enumerate(role.get("rules") or []):
        where = f"rules[{index}]"
        if not rule.get("verbs"):
            yield FieldProblem.required(f"{where}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if role["kind"] == "Role":
                words = "namespaced rules cannot apply to non-resource URLs"
                yield FieldProblem.invalid(f"{where}.nonResourceURLs", rule["nonResourceURLs"], words)
            continue
        if not rule.get("apiGroups"):
            yield FieldProblem.required(f"{where}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield FieldProblem.required(f"{where}.resources", "resource rules must supply at least one resource")


def binding_problems(binding: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a role binding."""
    yield from _problems(binding, ("Role", "ClusterRole"))


def cluster_binding_problems(binding: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a cluster role binding."""
    yield from _problems(binding, ("ClusterRole",))


def _problems(binding: Object, roles: tuple[str, ...]) -> Iterator[FieldProblem]:
    reference = binding.get("roleRef", {})
    if reference.get("apiGroup") != RBAC:
        yield FieldProblem.not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (RBAC,))
    if reference.get("kind") not in roles:
        yield FieldProblem.not_supported("roleRef.kind", reference.get("kind", ""), roles)
    if not reference.get("name"):
        yield FieldProblem.required("roleRef.name")
    for index, subject in enumerate(binding.get("subjects", [])):
        yield from _subject(subject, f"subjects[{index}]", binding["kind"])


def _subject(subject: Object, where: str, kind: str) -> Iterator[FieldProblem]:
    if not subject.get("name"):
        yield FieldProblem.required(f"{where}.name")
    match subject.get("kind"):
        case "ServiceAccount":
            if subject.get("apiGroup"):
                yield FieldProblem.not_supported(f"{where}.apiGroup", subject["apiGroup"], ("",))
            if kind == "ClusterRoleBinding" and not subject.get("namespace"):
                yield FieldProblem.required(f"{where}.namespace")
        case "User" | "Group":
            if subject.get("apiGroup") != RBAC:
                yield FieldProblem.not_supported(f"{where}.apiGroup", subject.get("apiGroup", ""), (RBAC,))
        case other:
            yield FieldProblem.not_supported(f"{where}.kind", other or "", _SUBJECTS)


def binding_update_problems(new: Object, old: Object) -> Iterator[FieldProblem]:
    """Yield that a binding stays with its role."""
    reference = new.get("roleRef", {})
    if reference != old.get("roleRef", {}):
        shown = {
            "APIGroup": reference.get("apiGroup", ""),
            "Kind": reference.get("kind", ""),
            "Name": reference.get("name", ""),
        }
        yield FieldProblem.invalid("roleRef", shown, "cannot change roleRef")
