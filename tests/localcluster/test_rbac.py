"""Rights evaluated from roles and bindings in the store: who may do what, and how a refusal reads."""

import pytest

from tenantspawner.localcluster.attributes import Refusal, UserInfo
from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.rbac import Request, allowed, authorize, authorize_path, rules_for
from tests.localcluster.worlds import ADMIN, HUB, World, binding, role, rule, user


def world(*objects):
    made = World("team", "other")
    for obj in objects:
        namespace = {} if obj["kind"].startswith("Cluster") else {"namespace": "team"}
        made.store.put(kind_of(obj), {**obj, "metadata": {**obj["metadata"], **namespace}})
    return made.store


READER = role("reader", rule("get list", "pods pods/log"), rule("get", "secrets", resourceNames=["one"]))
BOUND = binding("b", "reader", user("hub"), of="Role")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("get", "", "pods", "", "team", "p"), True),
        (Request("list", "", "pods", "", "team"), True),
        (Request("get", "", "pods", "log", "team", "p"), True),
        (Request("get", "", "pods", "exec", "team", "p"), False),
        (Request("delete", "", "pods", "", "team", "p"), False),
        (Request("get", "apps", "pods", "", "team", "p"), False),
        (Request("get", "", "pods", "", "other", "p"), False),
        (Request("list", "", "pods", "", ""), False),
        (Request("get", "", "secrets", "", "team", "one"), True),
        (Request("get", "", "secrets", "", "team", "two"), False),
        (Request("list", "", "secrets", "", "team"), False),
    ],
)
def test_a_role_allows_its_verbs_on_its_resources_in_its_namespace(request_, expected):
    assert allowed(world(READER, BOUND), HUB, request_) is expected


@pytest.mark.parametrize(
    ("subject", "who", "expected"),
    [
        (user("hub"), HUB, True),
        (user("hub"), UserInfo("nobody"), False),
        ({"kind": "Group", "name": "staff"}, UserInfo("x", groups=("staff",)), True),
        (
            {"kind": "ServiceAccount", "name": "nb", "namespace": "team"},
            UserInfo("system:serviceaccount:team:nb"),
            True,
        ),
        ({"kind": "ServiceAccount", "name": "nb"}, UserInfo("system:serviceaccount:team:nb"), True),
        ({"kind": "ServiceAccount", "name": "nb"}, UserInfo("system:serviceaccount:other:nb"), False),
        ({"kind": "Odd", "name": "hub"}, HUB, False),
    ],
)
def test_a_binding_names_users_groups_and_service_accounts(subject, who, expected):
    store = world(READER, binding("b", "reader", subject, of="Role"))
    assert allowed(store, who, Request("get", "", "pods", "", "team", "p")) is expected


def test_a_cluster_binding_counts_everywhere_and_a_binding_of_a_cluster_role_in_its_namespace():
    everywhere = world(binding("b", "view", user("hub"), kind="ClusterRoleBinding"))
    assert allowed(everywhere, HUB, Request("list", "", "pods"))
    here = world(binding("b", "view", user("hub")))
    assert allowed(here, HUB, Request("list", "", "pods", "", "team"))
    assert not allowed(here, HUB, Request("list", "", "pods"))


def test_stars_stand_for_everything():
    store = world(
        role("all", {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
        binding("b", "all", user("hub"), of="Role"),
    )
    assert allowed(store, HUB, Request("anything", "odd.example", "things", "sub", "team"))
    logs = world(role("logs", rule("get", "*/log")), binding("b", "logs", user("hub"), of="Role"))
    assert allowed(logs, HUB, Request("get", "", "pods", "log", "team", "p"))
    assert not allowed(logs, HUB, Request("get", "", "pods", "", "team", "p"))


def test_masters_may_do_everything_whatever_roles_say():
    authorize(world(), ADMIN, "delete", "", "nodes")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("create", "", "pods", None, "team"), 'pods is forbidden: User "hub" cannot create resource "pods" in API group "" in the namespace "team"'),
        (("get", "", "pods", "log", "team", "p"), 'pods "p" is forbidden: User "hub" cannot get resource "pods/log" in API group "" in the namespace "team"'),
        (
            ("patch", "rbac.authorization.k8s.io", "roles", None, "team", "r"),
            'roles.rbac.authorization.k8s.io "r" is forbidden: User "hub" cannot patch resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "team"',
        ),
        (("list", "", "nodes"), 'nodes is forbidden: User "hub" cannot list resource "nodes" in API group "" at the cluster scope'),
    ],
)  # fmt: skip
def test_a_refusal_says_who_cannot_do_what_where(asked, words):
    with pytest.raises(Refusal) as caught:
        authorize(world(), HUB, *asked)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (403, "Forbidden", words)


def test_a_binding_to_a_role_that_is_not_there_gives_nothing_and_is_told():
    store = world(binding("a", "nowhere", user("hub")), binding("b", "gone", user("hub"), of="Role"))
    with pytest.raises(Refusal) as caught:
        authorize(store, HUB, "get", "", "pods", None, "team")
    assert caught.value.message.endswith(
        ' in the namespace "team": RBAC: [clusterrole.rbac.authorization.k8s.io "nowhere" not found, '
        'role.rbac.authorization.k8s.io "gone" not found]'
    )


def test_paths_that_are_no_resources_have_rules_of_their_own():
    store = world()
    authorize_path(store, HUB, "get", "/version")
    authorize_path(store, HUB, "get", "/apis/apps/v1")
    authorize_path(store, UserInfo("system:anonymous", groups=("system:unauthenticated",)), "get", "/healthz")
    with pytest.raises(Refusal, match='User "hub" cannot get path "/metrics"'):
        authorize_path(store, HUB, "get", "/metrics")


def test_people_are_told_what_they_may():
    store = world(READER, BOUND)
    assert READER["rules"][0] in rules_for(store, HUB, "team")
    assert READER["rules"][0] not in rules_for(store, HUB, "other")


@pytest.mark.parametrize(
    ("who", "request_"),
    [
        (UserInfo("system:node:local", groups=("system:nodes",)), Request("patch", "", "pods", "status", "team", "p")),
        (UserInfo("system:node:local", groups=("system:nodes",)), Request("create", "", "nodes")),
        (UserInfo("system:kube-scheduler"), Request("create", "", "pods", "binding", "team", "p")),
        (HUB, Request("create", "authorization.k8s.io", "selfsubjectaccessreviews")),
    ],
)
def test_the_clusters_own_parts_have_the_rights_they_need(who, request_):
    assert allowed(world(), who, request_)
