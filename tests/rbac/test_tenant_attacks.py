"""Covers what a tenant cannot do who has every right inside their own namespace (`*` on `*`, as some clusters give): nothing of the
bounds, nothing of the hub's objects, nothing of anybody else's; and what they can do all the same.
"""

import time

import pytest

from tests.rbac.conftest import restricted
from tests.rbac.test_hub_attacks import HUB, LEVEL, RIGHTS, Attack, gpus, labels
from tests.rbac.world import APPLY, JSON, MERGE, STRATEGIC, kind_of_refusal

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

GPU = "requests.nvidia.com/gpu"


def attack(what, refusal, method, path, *body):
    return Attack(what, refusal, refusal, method, path, *body)


def attacks(w):
    return [*on_bounds(w), *on_the_namespace(w), *on_others(w), *with_pods(w), *on_managed(w), *with_marks(w)]


def on_bounds(w):
    own = f"/api/v1/namespaces/{w.tenant}"
    quota, limits = f"{own}/resourcequotas/tenantspawner", f"{own}/limitranges/tenantspawner"
    networks = f"/apis/networking.k8s.io/v1/namespaces/{w.tenant}/networkpolicies"
    more = {"spec": {"hard": {GPU: "8"}}}
    applied = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenantspawner"}, **more}
    free = {"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}
    device = {"spec": {"limits": [{"type": "Container", "default": {"nvidia.com/gpu": "1"}}]}}
    claim = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}}
    dra = f"/apis/resource.k8s.io/v1/namespaces/{w.tenant}"
    return [
        attack("delete the quota", "fence", "DELETE", quota),
        attack("delete all quotas", "fence", "DELETE", f"{own}/resourcequotas"),
        attack("raise the quota by merge patch", "fence", "PATCH", quota, more, MERGE),
        attack("raise the quota by JSON patch", "fence", "PATCH", quota, [{"op": "remove", "path": "/spec/hard/requests.nvidia.com~1gpu"}], JSON),
        attack("raise the quota by apply", "fence", "PATCH", f"{quota}?fieldManager=ada&force=true", applied, APPLY),
        attack("raise what counts, in status", "fence", "PATCH", f"{quota}/status", {"status": {"hard": {GPU: "8"}}}, MERGE),
        attack("say that nothing is used", "fence", "PATCH", f"{quota}/status", {"status": {"used": {GPU: "0"}}}, MERGE),
        attack("take the hub's label off the quota", "fence", "PATCH", quota, labels({HUB: None}), MERGE),
        attack("a quota of one's own", "fence", "POST", f"{own}/resourcequotas", {"metadata": {"name": "own"}, **more}),
        attack("delete the limits", "fence", "DELETE", limits),
        attack("change the limits", "fence", "PATCH", limits, {"spec": {"limits": []}}, MERGE),
        attack("a default GPU for everybody", "fence", "POST", f"{own}/limitranges", {"metadata": {"name": "own"}, **device}),
        attack("delete a network policy", "fence", "DELETE", f"{networks}/tenantspawner-egress"),
        attack("delete all network policies", "fence", "DELETE", networks),
        attack("open a network policy", "fence", "PATCH", f"{networks}/tenantspawner-egress", free, MERGE),
        attack("one more that opens everything", "fence", "POST", networks, {"metadata": {"name": "own"}, **free}),
        attack("a resource claim", "fence", "POST", f"{dra}/resourceclaims", {"metadata": {"name": "gpu"}, "spec": claim}),
        attack("a template of resource claims", "fence", "POST", f"{dra}/resourceclaimtemplates", {"metadata": {"name": "gpu"}, "spec": {"spec": claim}}),
    ]  # fmt: skip


def on_the_namespace(w):
    own = f"/api/v1/namespaces/{w.tenant}"
    gone = [{"apiVersion": "v1", "kind": "Namespace", "name": "gone", "uid": "0f1b5a0e-0000-4000-8000-000000000000"}]
    return [
        attack("delete the namespace", "tenant-namespace-delete", "DELETE", own),
        attack("widen its level", "tenant-namespace-labels", "PATCH", own, labels({LEVEL: "privileged"}), MERGE),
        attack("take its level away", "tenant-namespace-labels", "PATCH", own, labels({LEVEL: None}), MERGE),
        attack("take the hub's label away", "tenant-namespace-labels", "PATCH", own, labels({HUB: None}), MERGE),
        attack("serve oneself", "tenant-namespace-labels", "PATCH", own, labels({"tenantspawner.io/self-service": "true"}), MERGE),
        attack("widen it through status", "tenant-namespace-subresource", "PATCH", f"{own}/status", labels({LEVEL: "privileged"}), MERGE),
        attack("widen it through finalize", "tenant-namespace-subresource", "PUT", f"{own}/finalize", {"metadata": {"name": w.tenant, "labels": {HUB: w.hub_id}}}),
        attack("another owner", "tenant-namespace-owner", "PATCH", own, {"metadata": {"annotations": {"tenantspawner.io/owner": "eve"}}}, MERGE),
        attack("forge what was provisioned", "tenant-namespace-owner", "PATCH", own, {"metadata": {"annotations": {"tenantspawner.io/plan-digest": "x"}}}, MERGE),
        attack("let it be collected", "tenant-namespace-references", "PATCH", own, {"metadata": {"ownerReferences": gone}}, MERGE),
    ]  # fmt: skip


def on_others(w):
    other, home = f"/api/v1/namespaces/{w.prefix}wide", f"/api/v1/namespaces/{w.namespace}"
    admin = {
        "metadata": {"name": "own"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "ada", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    return [
        attack("all secrets", "rbac", "GET", "/api/v1/secrets"),
        attack("somebody else's secrets", "rbac", "GET", f"{other}/secrets"),
        attack("the hub's secrets", "rbac", "GET", f"{home}/secrets"),
        attack("the hub's cookie", "rbac", "GET", f"{home}/secrets/cookie"),
        attack("the hub's token", "rbac", "POST", f"{home}/serviceaccounts/hub/token", {"spec": {}}),
        attack("a controller's token", "rbac", "POST", "/api/v1/namespaces/kube-system/serviceaccounts/default/token", {"spec": {}}),
        attack("exec next door", "rbac", "POST", f"{other}/pods/x/exec?command=id&stdout=true"),
        attack("exec in the hub", "rbac", "POST", f"{home}/pods/hub/exec?command=id&stdout=true"),
        attack("a pod next door", "rbac", "POST", f"{other}/pods", {"metadata": {"name": "p"}}),
        attack("the tenancy", "rbac", "PATCH", f"{home}/configmaps/tenancy", {"data": {"a": "b"}}, MERGE),
        attack("the ledger", "rbac", "GET", f"/apis/coordination.k8s.io/v1/namespaces/{w.namespace}/leases"),
        attack("everybody's pods", "rbac", "GET", "/api/v1/pods"),
        attack("a namespace", "rbac", "POST", "/api/v1/namespaces", {"metadata": {"name": f"{w.prefix}own"}}),
        attack("cluster-admin", "rbac", "POST", f"{RIGHTS}/clusterrolebindings", admin),
        attack("a node", "rbac", "GET", "/api/v1/nodes"),
        attack("the policies", "rbac", "DELETE", f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/tenantspawner.{w.hub_id}.tenant-fences"),
    ]  # fmt: skip


def own_pod(limits=None, requests=None, **spec):
    resources = {"limits": {"cpu": "100m", "memory": "64Mi", **(limits or {})}, "requests": requests or {}}
    return restricted(
        {
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}], **spec},
        }
    )


def with_pods(w):
    pods = f"/api/v1/namespaces/{w.tenant}/pods"
    mig, slice_ = "nvidia.com/mig-1g.5gb", "deviceclass.resource.kubernetes.io/gpu.nvidia.com"
    privileged = own_pod()
    privileged["spec"]["containers"][0]["securityContext"] |= {"privileged": True, "allowPrivilegeEscalation": True}
    claim = own_pod(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpu"}])
    return [
        attack("a GPU", "pod-gpu", "POST", pods, own_pod({"nvidia.com/gpu": "1"})),
        attack("a GPU of another maker", "pod-gpu", "POST", pods, own_pod({"amd.com/gpu": "1"})),
        attack("a GPU in an init container", "pod-gpu", "POST", pods, own_pod(initContainers=[gpus("i", "1")])),
        attack("a slice of a GPU", "pod-gpu", "POST", pods, own_pod({mig: "1"})),
        attack("a GPU by its class", "pod-gpu", "POST", pods, own_pod({slice_: "1"})),
        attack("a GPU by a claim", "pod-claim", "POST", pods, claim),
        attack("more cpu than the quota has", "quota", "POST", pods, own_pod({"cpu": "5"})),
        attack("more memory than the quota has", "quota", "POST", pods, own_pod({"memory": "9Gi"})),
        attack("a privileged pod", "pod-security", "POST", pods, privileged),
        attack("the host's disk", "pod-security", "POST", pods, own_pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
        attack("the host's network", "pod-security", "POST", pods, own_pod(hostNetwork=True)),
        attack("more storage than the quota has", "quota", "POST", f"/api/v1/namespaces/{w.tenant}/persistentvolumeclaims", {"metadata": {"name": "p"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "6Gi"}}}}),
    ]  # fmt: skip


def on_managed(w):
    own = f"/api/v1/namespaces/{w.tenant}"
    server, claim, account = (
        f"{own}/pods/jupyter-ada",
        f"{own}/persistentvolumeclaims/claim-ada",
        f"{own}/serviceaccounts/notebook",
    )
    token, binding = (
        f"{own}/secrets/token-ada",
        f"{RIGHTS}/namespaces/{w.tenant}/rolebindings/notebook-tenantspawner-notebook",
    )

    def note(**notes):
        return {"metadata": {"annotations": {f"tenantspawner.io/{key}": value for key, value in notes.items()}}}

    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    debugger = {"spec": {"ephemeralContainers": [{"name": "d", "image": "i", "securityContext": safe}]}}
    owner = [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "0f1b5a0e-0000-4000-8000-000000000000"}]
    image = {"spec": {"containers": [{"name": "notebook", "image": "evil"}]}}
    bigger = {
        "spec": {"containers": [{"name": "notebook", "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}}]}
    }
    everybody = {
        "subjects": [{"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}]
    }
    return [
        attack("another image in the server", "managed-image", "PATCH", server, image, STRATEGIC),
        attack("the server's label away", "managed-labels", "PATCH", server, labels({HUB: None}), MERGE),
        attack("the server's component", "managed-labels", "PATCH", server, labels({"component": "hub"}), MERGE),
        attack("one more label of the hub's", "managed-labels", "PATCH", server, labels({"tenantspawner.io/x": "y"}), MERGE),
        attack("the server's owner", "managed-notes", "PATCH", server, note(owner="eve"), MERGE),
        attack("the server's spawn", "managed-notes", "PATCH", server, note(spawn=None), MERGE),
        attack("something that owns the server", "managed-owner", "PATCH", server, {"metadata": {"ownerReferences": owner}}, MERGE),
        attack("a debug container in the server", "managed-containers", "PATCH", f"{server}/ephemeralcontainers", debugger, STRATEGIC),
        attack("a bigger server", "managed-containers", "PATCH", f"{server}/resize", bigger, STRATEGIC),
        attack("another address of the server", "managed-status", "PATCH", f"{server}/status", {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}}, MERGE),
        attack("a server that has failed", "managed-status", "PATCH", f"{server}/status", {"status": {"phase": "Failed"}}, MERGE),
        attack("a cloud's identity for the account", "managed-account", "PATCH", account, {"metadata": {"annotations": {"iam": "evil"}}}, MERGE),
        attack("the account's token", "managed-account", "PATCH", account, {"automountServiceAccountToken": True}, MERGE),
        attack("delete the account", "managed-delete", "DELETE", account),
        attack("delete the token", "managed-object", "DELETE", token),
        attack("the token's labels", "managed-labels|managed-object", "PATCH", token, labels({HUB: None}), MERGE),
        attack("delete a binding", "managed-object", "DELETE", binding),
        attack("open a binding", "managed-object", "PATCH", binding, everybody, MERGE),
        attack("delete the home", "managed-delete", "DELETE", claim),
        attack("something that owns the home", "managed-owner", "PATCH", claim, {"metadata": {"ownerReferences": owner}}, MERGE),
        attack("the home's label away", "managed-labels", "PATCH", claim, labels({HUB: None}), MERGE),
    ]  # fmt: skip


def with_marks(w):
    own = f"/api/v1/namespaces/{w.tenant}"
    marked = {"metadata": {"name": "p", "labels": {HUB: w.hub_id}}}
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}
    return [
        attack("a pod that looks like the hub's", "mark", "POST", f"{own}/pods", own_pod() | marked),
        attack("a pod of another hub's", "mark", "POST", f"{own}/pods", own_pod() | {"metadata": {"name": "p", "labels": {HUB: "rival"}}}),
        attack("a Secret that does", "mark", "POST", f"{own}/secrets", marked),
        attack("a service that does", "mark", "POST", f"{own}/services", marked | {"spec": {"ports": [{"port": 80}]}}),
        attack("a home that does", "mark", "POST", f"{own}/persistentvolumeclaims", marked | claim),
        attack("an account that does", "mark", "POST", f"{own}/serviceaccounts", marked),
        attack("one's own Secret, later", "mark", "PATCH", f"{own}/secrets/own", labels({HUB: w.hub_id}), MERGE),
    ]  # fmt: skip


def test_a_tenant_with_every_right_in_their_namespace_is_refused(hub):
    rows = attacks(hub)
    assert len(rows) > 40
    wrong = {}
    for row in rows:
        found = kind_of_refusal(hub.ask(row.method, row.path, row.body, row.content, user="ada"))
        if found not in row.by_rights.split("|"):
            wrong[row.what] = f"{found}, not {row.by_rights}"
    assert wrong == {}


def workload(w, group, plural, spec, kind_spec=None):
    template = {"metadata": {"labels": {"app": "own"}}, "spec": own_pod({"nvidia.com/gpu": "1"})["spec"]}
    body = {"metadata": {"name": f"own-{plural}"}, "spec": {**spec, "template": template}}
    return f"/apis/{group}/namespaces/{w.tenant}/{plural}", body


@pytest.mark.parametrize(
    "plural", ["deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "replicationcontrollers"]
)
def test_controllers_get_no_gpus_for_a_tenant(hub, plural):
    """The workload itself may be made; its pods are refused, in words that the tenant can find."""
    selector = {"selector": {"matchLabels": {"app": "own"}}}
    core = plural == "replicationcontrollers"
    spec = {
        "jobs": {},
        "replicationcontrollers": {"selector": {"app": "own"}},
        "statefulsets": {**selector, "serviceName": "own"},
    }.get(plural, selector)
    path, body = workload(hub, "batch/v1" if plural == "jobs" else "apps/v1", plural, spec)
    if core:
        path = f"/api/v1/namespaces/{hub.tenant}/{plural}"
    if plural == "jobs":
        body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    hub.ok("POST", path, body, user="ada")
    deadline = time.monotonic() + 40
    if plural == "daemonsets":  # no node here: nothing to refuse, but no pod either
        time.sleep(1)
    else:
        while not (told := refusals_told(hub, plural)):
            assert time.monotonic() < deadline, "no pod was refused"
            time.sleep(0.2)
        assert "[tenantspawner:pod-gpu]" in told[0]
    pods = hub.ok("GET", f"/api/v1/namespaces/{hub.tenant}/pods?labelSelector=app=own", user="ada")["items"]
    hub.ok("DELETE", f"{path}/own-{plural}", {"propagationPolicy": "Background"}, user="ada")
    assert pods == []


def refusals_told(w, plural):
    events = w.ok("GET", f"/api/v1/namespaces/{w.tenant}/events", user="ada")["items"]
    return [
        each["message"]
        for each in events
        if f"own-{plural}" in each["involvedObject"]["name"] and "denied" in each["message"]
    ]


def test_a_replicaset_cannot_adopt_and_delete_a_server(hub):
    """Its selector fits the hub's pod, and it wants none: without fixed owner references it takes the pod and deletes it."""
    path = f"/apis/apps/v1/namespaces/{hub.tenant}/replicasets"
    server = hub.ok("GET", f"/api/v1/namespaces/{hub.tenant}/pods/jupyter-ada")
    labels_ = {key: server["metadata"]["labels"][key] for key in ("component", "hub.jupyter.org/username")}
    template = {"metadata": {"labels": labels_}, "spec": own_pod()["spec"]}
    body = {
        "metadata": {"name": "thief"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels_}, "template": template},
    }
    mark = hub.plane.audit_mark()
    hub.ok("POST", path, body, user="ada")
    thief, deadline = "system:serviceaccount:kube-system:replicaset-controller", time.monotonic() + 30
    while not [row for row in hub.plane.audit(user=thief, since=mark) if row.resource == "pods" and row.code == 403]:
        assert time.monotonic() < deadline, "the controller has not tried"
        time.sleep(0.3)
    hub.ok("DELETE", f"{path}/thief", {"propagationPolicy": "Orphan"}, user="ada")
    there = hub.ok("GET", f"/api/v1/namespaces/{hub.tenant}/pods/jupyter-ada")
    assert there["metadata"]["uid"] == server["metadata"]["uid"]
    assert "ownerReferences" not in there["metadata"]


def test_what_is_their_own_they_do_as_they_like(hub):
    own = f"/api/v1/namespaces/{hub.tenant}"
    hub.ok("POST", f"{own}/pods", own_pod(), user="ada")
    hub.ok("PATCH", f"{own}/pods/p", labels({"a": "b"}), MERGE, user="ada")
    hub.ok("DELETE", f"{own}/pods/p", user="ada")
    hub.ok("POST", f"{own}/configmaps", {"metadata": {"name": "own"}}, user="ada")
    hub.ok("DELETE", f"{own}/configmaps/own", user="ada")
    hub.ok("PATCH", f"{own}/secrets/own", {"data": {"a": ""}}, MERGE, user="ada")
    note = {"metadata": {"annotations": {"operator.example/seen": "yes"}}}
    for path in ("pods/jupyter-ada", "persistentvolumeclaims/claim-ada", ""):  # as operators do
        hub.ok("PATCH", f"{own}/{path}".rstrip("/"), note, MERGE, user="ada")
