"""Covers the report that compares rights with the audit log: a right nobody used and a refusal are both named."""

from datetime import UTC, datetime

from tests.support.controlplane.audit import AuditRow
from tests.support.rights import Right, granted, settle, used

ROLE = {
    "kind": "Role",
    "rules": [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["limitranges"], "verbs": ["create", "patch"]},
    ],
}


def row(verb, resource, code=200, group="", sub=""):
    return AuditRow("1", datetime.now(UTC), "hub", verb, group, resource, sub, "ns", "n", code, "/", "")


def test_what_was_asked_for_is_used():
    rows = [row("get", "pods"), row("get", "pods", 404, sub="log"), row("patch", "limitranges", 201)]
    account = settle(granted([ROLE]), rows)
    assert (account.unused, account.refused) == ((), ())
    assert str(account) == "every right is used"


def test_one_unused_right_and_one_refusal_are_named():
    account = settle(granted([ROLE]), [row("get", "pods"), row("patch", "limitranges"), row("list", "secrets", 403)])
    assert account.unused == (Right("", "limitranges", "create"), Right("", "pods/log", "get"))
    assert str(account).splitlines() == [
        "granted, never used: create limitranges",
        "granted, never used: get pods/log",
        "asked for, refused: hub list secrets/ns/n -> 403",
    ]


def test_a_refusal_uses_nothing_and_a_binding_uses_bind():
    assert used([row("get", "pods", 403)]) == frozenset()
    rbac = "rbac.authorization.k8s.io"
    assert Right(rbac, "clusterroles", "bind") in used([row("patch", "rolebindings", group=rbac)])


def test_questions_and_addresses_without_resource_are_no_rights():
    rows = [row("create", "selfsubjectaccessreviews", 201), row("get", "")]
    assert settle([], rows).refused == ()
    assert str(Right("apps", "deployments", "get")) == "get deployments.apps"
