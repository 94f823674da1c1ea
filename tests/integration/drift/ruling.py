"""Rows: who may what: refusals, reviews, roles that would give more than their maker has, impersonation, no token."""

from tests.integration.drift.ask import DEV, GUEST, HUB, NOBODY, Ask, but, delete, get, merge, post, put
from tests.integration.drift.objects import (
    BINDINGS,
    NAMESPACES,
    RBAC,
    REVIEWS,
    ROLES,
    access,
    allowed,
    binding,
    config,
    core,
    made,
    namespace,
    pod,
    rbac,
    role,
    rule,
    thing,
)

N, OTHER = "drift-ruling", "drift-ruling-other"
IN = rbac(N, "roles")
BIND = rbac(N, "rolebindings")
RULES = f"{REVIEWS}/selfsubjectrulesreviews"
MAY = f"{REVIEWS}/selfsubjectaccessreviews"
WIDE = rule("*", "*", "*")


def rules_of(where: str) -> dict:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": where}}


ROWS: list[Ask] = [
    *made(namespace(N)),
    *made(namespace(OTHER)),
    # nothing is allowed
    get(core(N, "pods"), who=GUEST),
    get(core(N, "pods", "p"), who=GUEST),
    get(core(N, "pods", "p/log"), who=GUEST),
    get("/api/v1/pods", who=GUEST),
    get("/api/v1/nodes", who=GUEST),
    get(NAMESPACES, who=GUEST),
    get(f"{NAMESPACES}/{N}", who=GUEST),
    get(f"{core(N, 'pods')}?watch=1", who=GUEST),
    post(core(N, "pods"), pod(), who=GUEST),
    post(core(N, "pods"), b"{", who=GUEST),
    post(NAMESPACES, namespace("x"), who=GUEST),
    put(core(N, "pods", "p"), pod(), who=GUEST),
    merge(core(N, "pods", "p/status"), {}, who=GUEST),
    delete(core(N, "pods", "p"), who=GUEST),
    delete(core(N, "pods"), who=GUEST),
    get(IN, who=GUEST),
    get(f"{IN}/r", who=GUEST),
    get("/metrics", who=GUEST),
    get(core("drift-none", "pods"), who=GUEST),
    get(core(N, "bogus"), who=GUEST),
    get("/apis/example.org/v1/namespaces/x/things/y", who=GUEST),
    post(core(N, "serviceaccounts", "default/token"), {}, who=GUEST),
    get(core(N, "pods", "p"), who=NOBODY),
    post(core(N, "pods"), pod(), who=NOBODY),
    get("/api", who=NOBODY),
    get("/healthz", who=NOBODY),
    get(core(N, "pods"), who=NOBODY, headers={"Authorization": "Bearer wrong"}),
    get(core(N, "pods"), who=NOBODY, headers={"Authorization": "Basic d3Jvbmc6d3Jvbmc="}),
    but(
        "1.36 asks for a right of its newer, narrower impersonation last",
        get(core(N, "pods"), who=GUEST, headers={"Impersonate-User": "admin"}),
    ),
    get(core(N, "pods"), headers={"Impersonate-User": "ada", "Impersonate-Group": "team"}),
    get(core(N, "pods"), headers={"Impersonate-User": f"system:serviceaccount:{N}:default"}),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, who=DEV),
    # reviews
    post(MAY, access("get", "pods", N), who=DEV),
    post(MAY, access("get", "pods", N)),
    post(MAY, {"spec": {}}, who=DEV),
    post(
        MAY,
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"nonResourceAttributes": {"path": "/api", "verb": "get"}},
        },
        who=DEV,
    ),
    post(
        MAY,
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}},
        },
        who=DEV,
    ),
    post(RULES, rules_of(N), who=DEV),
    post(RULES, rules_of(""), who=DEV),
    get(MAY),
    post(
        f"{REVIEWS}/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": "dev", "resourceAttributes": {"verb": "get", "resource": "pods"}},
        },
        who=DEV,
    ),
    post(
        f"{REVIEWS}/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": "dev", "resourceAttributes": {"verb": "get", "resource": "pods"}},
        },
    ),
    post(
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "bogus"}},
    ),
    # objects that are no good
    post(IN, role("bad", {"resources": ["pods"]})),
    post(IN, role("bad", {"verbs": ["get"], "apiGroups": [""]})),
    post(IN, role("bad", {"verbs": ["get"], "nonResourceURLs": ["/x"]})),
    post(BIND, {**binding("bad", "x", "y"), "roleRef": {"apiGroup": RBAC, "kind": "Bogus", "name": ""}}),
    post(
        BIND,
        {
            **binding("bad", "x", "y"),
            "subjects": [{"kind": "Zed", "name": ""}, {"kind": "ServiceAccount", "name": "x"}],
        },
    ),
    # a maker of roles
    post(
        ROLES,
        role(
            "drift-maker",
            rule("create get", "namespaces pods configmaps"),
            rule("create update patch", "roles rolebindings clusterroles clusterrolebindings", RBAC),
            kind="ClusterRole",
        ),
    ),
    post(BINDINGS, binding("drift-maker", "drift-maker", HUB, kind="ClusterRoleBinding")),
    allowed(HUB, "create", "clusterroles", group=RBAC),
    post(RULES, rules_of(N), who=HUB),
    post(core(N, "configmaps"), config("by-hub"), who=HUB),
    merge(core(N, "configmaps", "by-hub"), {"data": {"b": "1"}}, who=HUB),
    put(core(N, "configmaps", "by-hub"), config("by-hub"), who=HUB),
    Ask(
        "PATCH",
        core(N, "configmaps", "by-hub?fieldManager=hub"),
        config("by-hub"),
        who=HUB,
        content="application/apply-patch+yaml",
    ),
    post(IN, role("r1", rule("get", "pods")), who=HUB),
    post(IN, role("r2", rule("get list watch", "pods secrets"), rule("*", "*", "apps")), who=HUB),
    post(IN, role("r3", rule("get list", "secrets", resourceNames=["one", "two"])), who=HUB),
    post(IN, role("r3", rule("get", "pods/log")), who=HUB),
    put(f"{IN}/r1", role("r1", WIDE), who=HUB),
    put(f"{IN}/r1", role("r1"), who=HUB),
    put(f"{IN}/made", role("made", rule("create", "pods")), who=HUB),
    merge(f"{IN}/r1", {"rules": [WIDE]}, who=HUB),
    merge(f"{IN}/r1", {"metadata": {"labels": {"a": "b"}}}, who=HUB),
    post(ROLES, role("drift-url", {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, kind="ClusterRole"), who=HUB),
    post(BIND, binding("b1", "edit", "ada"), who=HUB),
    post(BIND, binding("b2", "made", "ada", of="Role"), who=HUB),
    post(BIND, binding("b3", "drift-nowhere", "ada"), who=HUB),
    post(BIND, binding("b4", "drift-nowhere", "ada", of="Role"), who=HUB),
    post(BINDINGS, binding("drift-b5", "cluster-admin", "ada", kind="ClusterRoleBinding"), who=HUB),
    merge(f"{BIND}/b2", {"subjects": [{"kind": "Group", "name": "team", "apiGroup": RBAC}]}, who=HUB),
    merge(f"{BIND}/b2", {"roleRef": {"name": "other"}}),
    allowed(DEV, "create", "pods", N),
    post(core(N, "pods"), pod("by-dev"), who=DEV),
    get(core(N, "pods", "by-dev"), who=DEV),
    post(RULES, rules_of(N), who=DEV),
    # bind and escalate
    post(ROLES, role("drift-binder", rule("bind", "clusterroles", RBAC, resourceNames=["view"]), kind="ClusterRole")),
    post(BIND, binding("binder", "drift-binder", HUB)),
    allowed(HUB, "bind", "clusterroles", N, group=RBAC, name="view"),
    post(BIND, binding("b6", "view", "ada"), who=HUB),
    post(BIND, binding("b7", "admin", "ada"), who=HUB),
    post(rbac(OTHER, "rolebindings"), binding("b6", "view", "ada"), who=HUB),
    post(ROLES, role("drift-escalator", rule("escalate", "roles", RBAC), kind="ClusterRole")),
    post(rbac(OTHER, "rolebindings"), binding("escalator", "drift-escalator", HUB)),
    allowed(HUB, "escalate", "roles", OTHER, group=RBAC),
    post(rbac(OTHER, "roles"), role("all", WIDE), who=HUB),
    post(IN, role("all", WIDE), who=HUB),
    # rights on named objects
    post(IN, role("named", rule("get update watch list", "configmaps", resourceNames=["by-hub"]))),
    post(BIND, binding("named", "named", GUEST, of="Role")),
    allowed(GUEST, "get", "configmaps", N, name="by-hub"),
    get(core(N, "configmaps", "by-hub"), who=GUEST),
    get(core(N, "configmaps", "kube-root-ca.crt"), who=GUEST),
    get(core(N, "configmaps"), who=GUEST),
    get(f"{core(N, 'configmaps')}?fieldSelector=metadata.name=by-hub", who=GUEST),
    get(f"{core(N, 'configmaps')}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=by-hub", who=GUEST),
    delete(core(N, "configmaps", "by-hub"), who=GUEST),
    # accounts
    post(core(N, "serviceaccounts"), thing("ServiceAccount", "notebook")),
    post(core(N, "pods"), pod("none", serviceAccountName="none")),
    post(core(N, "pods"), pod("with", serviceAccountName="notebook", automountServiceAccountToken=True)),
    # taken back
    delete(f"{BIND}/b2"),
    post(MAY, access("create", "pods", N), who=DEV, until=("status.allowed", False)),
    post(core(N, "pods"), pod("late"), who=DEV),
]
