"""Nobody gives away rights they do not hold: roles, bindings, and the two verbs that lift the check."""

import pytest

from tests.localcluster.worlds import ADMIN, HUB, RBAC, World, binding, role, rule, user

READ_PODS = role("reader", rule("get list", "pods"))
HEAD = 'user "hub" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'


@pytest.fixture
def world():
    return World("team", "other")


def hold(world, *rules, namespace="team"):
    """Give the hub rights in one namespace."""
    world.create(role("held", *rules), namespace=namespace)
    world.create(binding("held", "held", user("hub"), of="Role"), namespace=namespace)


def test_a_role_with_rights_of_ones_own_may_be_written(world):
    hold(world, rule("get list watch", "pods secrets"))
    world.create(READ_PODS, by=HUB)


def test_what_is_missing_is_listed_with_the_verbs_together(world):
    hold(world, rule("get", "pods"))
    asked = role(
        "r", rule("get list watch", "pods"), rule("create", "pods secrets"), rule("get", "deployments", "apps")
    )
    refusal = world.refusal(asked, by=HUB)
    assert (refusal.code, refusal.reason) == (403, "Forbidden")
    assert refusal.message == (
        f'roles.{RBAC} "r" is forbidden: {HEAD}'
        '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch" "create"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["create"]}\n'
        '{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}'
    )


def test_a_right_to_some_names_is_less_than_a_right_to_all(world):
    hold(world, rule("get", "secrets", resourceNames=["one", "two"]))
    world.create(role("fewer", rule("get", "secrets", resourceNames=["one"])), by=HUB)
    assert 'ResourceNames:["three"]' in world.why(
        role("r", rule("get", "secrets", resourceNames=["one", "three"])), by=HUB
    )
    assert (
        world.why(role("r", rule("get", "secrets")), by=HUB)
        == HEAD + '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
    )


def test_stars_cover_but_are_covered_only_by_stars(world):
    hold(world, {"apiGroups": ["*"], "resources": ["*/log", "pods"], "verbs": ["*"]})
    world.create(role("logs", rule("get", "pods/log")), by=HUB)
    assert "not currently held" in world.why(role("r", rule("get", "*")), by=HUB)


def test_paths_are_covered_by_paths(world):
    asked = role("r", {"nonResourceURLs": ["/healthz/etcd"], "verbs": ["get"]}, kind="ClusterRole")
    assert world.why(asked, by=HUB) == HEAD + '{NonResourceURLs:["/healthz/etcd"], Verbs:["get"]}'
    held = role("paths", {"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]}, kind="ClusterRole")
    world.create(held)
    world.create(binding("paths", "paths", user("hub"), kind="ClusterRoleBinding"))
    world.create(asked, by=HUB)


def test_a_role_may_be_bound_by_who_holds_all_its_rights(world):
    world.create(READ_PODS)
    assert "not currently held" in world.why(binding("b", "reader", user("ada"), of="Role"), by=HUB)
    hold(world, rule("get list", "pods"))
    world.create(binding("b", "reader", user("ada"), of="Role"), by=HUB)


def test_a_role_may_be_bound_by_who_may_bind_it_by_name(world):
    hold(world, rule("bind", "clusterroles", RBAC, resourceNames=["view"]))
    world.create(binding("b", "view", user("ada")), by=HUB)
    assert "not currently held" in world.why(binding("b", "edit", user("ada")), by=HUB)
    assert "not currently held" in world.why(binding("b", "view", user("ada")), by=HUB, namespace="other")


def test_who_may_escalate_writes_any_role(world):
    hold(world, rule("escalate", "roles", RBAC))
    world.create(role("all", {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), by=HUB)


def test_masters_grant_everything(world):
    world.create(binding("b", "cluster-admin", user("ada"), kind="ClusterRoleBinding"), by=ADMIN)


@pytest.mark.parametrize("of", ["Role", "ClusterRole"])
def test_a_role_that_is_not_there_can_be_bound_only_by_who_may_bind_it_unseen(world, of):
    refusal = world.refusal(binding("b", "nowhere", user("ada"), of=of), by=HUB)
    assert (refusal.code, refusal.message) == (404, f'rolebindings.{RBAC} "nowhere" not found')
    world.create(binding("b", "nowhere", user("ada"), of=of), by=ADMIN)


def test_an_update_is_checked_unless_only_the_collectors_fields_change(world):
    old = world.create(READ_PODS)
    owned = {**old, "metadata": {**old["metadata"], "ownerReferences": [{"uid": "1"}]}}
    world.update(owned, old, by=HUB)
    with pytest.raises(Exception, match="not currently held"):
        world.update({**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}, owned, by=HUB)
