"""Which rights were granted, which were used, and what was refused: the difference is a right too many, or one too few.

Granted rights are read from Role and ClusterRole manifests, used ones from the API server's audit log. A request that was
answered with anything but 401 or 403 has used its right. What the log does not show by itself: an apply that made the object
(201) has used ``create`` as well, and a role binding that was written has used ``bind``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.controlplane.audit import AuditRow

RBAC = "rbac.authorization.k8s.io"
FREE = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")  # everybody may ask


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource; a subresource is written behind a slash."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


@dataclass(frozen=True)
class Account:
    """What became of somebody's rights."""

    unused: tuple[Right, ...]
    refused: tuple[AuditRow, ...]

    def __str__(self) -> str:
        lines = [f"granted, never used: {right}" for right in self.unused]
        return "\n".join([*lines, *(f"asked for, refused: {row}" for row in self.refused)]) or "every right is used"


def granted(manifests: Iterable[dict[str, Any]]) -> frozenset[Right]:
    """Read the rights of all Roles and ClusterRoles among some manifests."""
    return frozenset(
        Right(group, resource, verb)
        for manifest in manifests
        if manifest["kind"] in {"Role", "ClusterRole"}
        for rule in manifest["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def used(rows: Iterable[AuditRow]) -> frozenset[Right]:
    """Read the rights that requests have used."""
    return frozenset(right for row in rows if row.code not in {401, 403} for right in _rights_of(row))


def settle(rights: Iterable[Right], rows: Iterable[AuditRow]) -> Account:
    """Compare what was granted with what was asked.

    `rows` are of one user. A refusal counts unless it was a question of admission, which the log cannot tell apart: so hand in
    only rows of what should succeed.
    """
    seen = [row for row in rows if row.resource and row.resource not in FREE]
    unused = frozenset(rights) - used(seen)
    return Account(tuple(sorted(unused)), tuple(row for row in seen if row.code in {401, 403}))


def _rights_of(row: AuditRow) -> Iterable[Right]:
    resource = f"{row.resource}/{row.subresource}" if row.subresource else row.resource
    yield Right(row.api_group, resource, row.verb)
    if row.verb == "patch" and row.code == 201:
        yield Right(row.api_group, resource, "create")
    if row.api_group == RBAC and row.resource == "rolebindings" and row.verb in {"create", "patch"}:
        yield Right(RBAC, "clusterroles", "bind")
