"""Covers what a hub in wrong hands cannot do: as the hub of mode 3 itself, and once more as a hub that is cluster-admin, where only
the policies are left.

Each row is one request, sent for real, and what refuses it in both cases. Rows of `READS` are refused by RBAC alone: no policy sees
a read, nor a change of policies. They say so here, and the documentation says it too.
"""

import base64
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rbac.conftest import binding, restricted, space
from tests.rbac.world import APPLY, JSON, MERGE, STRATEGIC, kind_of_refusal

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

PLAIN = "application/json"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
LEVEL, VERSION = "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"
HUB, OWNER = "tenantspawner.io/hub", "tenantspawner.io/owner"


@dataclass(frozen=True)
class Attack:
    """`by_rights` refuses it in mode 3, `by_policy` when the hub is cluster-admin."""

    what: str
    by_rights: str
    by_policy: str
    method: str
    path: str
    body: Any = None
    content: str = PLAIN


def attacks(w):
    """All of them, for one hub."""
    return [*on_namespaces(w), *on_rights(w), *on_pods(w), *on_quotas(w), *on_secrets(w), *on_the_rest(w)]


def labels(value):
    return {"metadata": {"labels": value}}


def on_namespaces(w):
    ns, own = "/api/v1/namespaces", f"/api/v1/namespaces/{w.tenant}"
    evil = f"{w.prefix}evil"
    wrong = space(w, evil, labels={LEVEL: "restricted"})
    rival = space(w, evil, labels={HUB: "rival", LEVEL: "restricted"})
    ours = {HUB: w.hub_id}
    adopted = {**space(w, "other"), "apiVersion": "v1", "kind": "Namespace"}
    dangling = [
        {"apiVersion": "v1", "kind": "Namespace", "name": "gone", "uid": "0f1b5a0e-0000-4000-8000-000000000000"}
    ]
    return [
        Attack("a namespace like kube-system", "namespace-name", "namespace-name", "POST", ns, space(w, "kube-evil")),
        Attack("a namespace without the prefix", "namespace-name", "namespace-name", "POST", ns, space(w, "evil")),
        Attack("a namespace called openshift", "namespace-name", "namespace-name", "POST", ns, space(w, "openshift")),
        Attack("a name that the API server makes", "namespace-name", "namespace-name", "POST", ns, space(w, None, generateName="kube-")),
        Attack("a namespace without label", "namespace-foreign", "namespace-foreign", "POST", ns, wrong),
        Attack("a namespace of another hub's", "namespace-foreign", "namespace-foreign", "POST", ns, rival),
        Attack("a namespace without owner", "namespace-owner", "namespace-owner", "POST", ns, space(w, evil, annotations={})),
        Attack("a privileged namespace", "namespace-level", "namespace-level", "POST", ns, space(w, evil, labels={**ours, LEVEL: "privileged"})),
        Attack("a namespace without level", "namespace-level", "namespace-level", "POST", ns, space(w, evil, labels=ours)),
        Attack("an old version of a level", "namespace-level", "namespace-level", "POST", ns, space(w, evil, labels={**ours, LEVEL: "restricted", VERSION: "v1.0"})),
        Attack("a namespace that goes by itself", "namespace-references", "namespace-references", "POST", ns, space(w, evil, ownerReferences=dangling)),
        Attack("a namespace that never goes", "namespace-references", "namespace-references", "POST", ns, space(w, evil, finalizers=["evil.example/stay"])),
        Attack("adopt default by merge patch", "namespace-foreign", "namespace-foreign", "PATCH", f"{ns}/default", adopted | {"metadata": {**adopted["metadata"], "name": "default"}}, MERGE),
        Attack("adopt kube-system by JSON patch", "namespace-foreign", "namespace-foreign", "PATCH", f"{ns}/kube-system", [{"op": "add", "path": "/metadata/labels/tenantspawner.io~1hub", "value": w.hub_id}], JSON),
        Attack("adopt a foreign one by strategic patch", "namespace-foreign", "namespace-foreign", "PATCH", f"{ns}/other", labels({**ours, LEVEL: "restricted"}), STRATEGIC),
        Attack("adopt a foreign one by apply", "namespace-foreign", "namespace-foreign", "PATCH", f"{ns}/other?fieldManager=x&force=true", adopted, APPLY),
        Attack("adopt another hub's", "namespace-foreign", "namespace-foreign", "PATCH", f"{ns}/rival-of-{w.hub_id}", labels(ours), MERGE),
        Attack("adopt a foreign one by PUT", "rbac", "namespace-foreign", "PUT", f"{ns}/other", space(w, "other")),
        Attack("adopt through status", "rbac", "namespace-subresource", "PATCH", f"{ns}/other/status", labels(ours), MERGE),
        Attack("adopt through finalize", "rbac", "namespace-subresource", "PUT", f"{ns}/other/finalize", space(w, "other")),
        Attack("widen its own through status", "rbac", "namespace-subresource", "PATCH", f"{own}/status", labels({LEVEL: "privileged"}), MERGE),
        Attack("give a namespace to somebody else", "namespace-owner", "namespace-owner", "PATCH", own, {"metadata": {"annotations": {OWNER: "eve"}}}, MERGE),
        Attack("take the owner away", "namespace-owner", "namespace-owner", "PATCH", own, {"metadata": {"annotations": {OWNER: None}}}, MERGE),
        Attack("take the label away", "namespace-foreign", "namespace-foreign", "PATCH", own, labels({HUB: None}), MERGE),
        Attack("widen the level", "namespace-level", "namespace-level", "PATCH", own, labels({LEVEL: "privileged"}), MERGE),
        Attack("take the level away", "namespace-level", "namespace-level", "PATCH", own, labels({LEVEL: None}), MERGE),
        Attack("pin the level to an old version", "namespace-level", "namespace-level", "PATCH", own, labels({VERSION: "v1.20"}), MERGE),
        Attack("let a namespace be collected", "namespace-references", "namespace-references", "PATCH", own, {"metadata": {"ownerReferences": dangling}}, MERGE),
        Attack("delete its own namespace", "rbac", "namespace-delete", "DELETE", own),
        Attack("delete a foreign namespace", "rbac", "namespace-delete", "DELETE", f"{ns}/other"),
    ]  # fmt: skip


def on_rights(w):
    bindings = f"{RIGHTS}/namespaces/{w.tenant}/rolebindings"
    hub = {"name": "hub", "namespace": w.namespace}
    user = {"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io", "namespace": None}
    everybody = {
        "kind": "Group",
        "name": "system:authenticated",
        "apiGroup": "rbac.authorization.k8s.io",
        "namespace": None,
    }
    own_role, notebook = "tenantspawner-hub-namespace", "tenantspawner-notebook"
    unlabelled = binding(w) | {"metadata": {"generateName": "b-"}}
    by_role = binding(w) | {"roleRef": {"kind": "Role", "name": "everything", "apiGroup": "rbac.authorization.k8s.io"}}
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    admin = {
        "metadata": {"name": "evil"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "ServiceAccount", **hub}],
    }
    return [
        Attack("bind cluster-admin to itself", "escalation", "binding-role", "POST", bindings, binding(w, "cluster-admin", **hub)),
        Attack("bind edit to a notebook", "escalation", "binding-role", "POST", bindings, binding(w, "edit")),
        Attack("bind view to a notebook", "escalation", "binding-role", "POST", bindings, binding(w, "view")),
        Attack("bind a Role that says everything", "escalation", "binding-role", "POST", bindings, by_role),
        Attack("give the hub's role to somebody", "binding-hub", "binding-hub", "POST", bindings, binding(w, own_role, **user)),
        Attack("give the hub's role to a notebook", "binding-hub", "binding-hub", "POST", bindings, binding(w, own_role)),
        Attack("add somebody to the hub's binding", "binding-hub", "binding-hub", "PATCH", f"{bindings}/tenantspawner-hub", {"subjects": binding(w, own_role, **user)["subjects"]}, MERGE),
        Attack("give the notebook role to everybody", "binding-account", "binding-account", "POST", bindings, binding(w, notebook, **everybody)),
        Attack("give it to a foreign account", "binding-account", "binding-account", "POST", bindings, binding(w, notebook, namespace="other")),
        Attack("bind itself in kube-system", "hub-place", "hub-place", "POST", f"{RIGHTS}/namespaces/kube-system/rolebindings", binding(w, own_role, **hub)),
        Attack("bind itself in a foreign namespace", "hub-place", "hub-place", "POST", f"{RIGHTS}/namespaces/other/rolebindings", binding(w, own_role, **hub)),
        Attack("bind itself in another hub's", "hub-place", "hub-place", "POST", f"{RIGHTS}/namespaces/rival-of-{w.hub_id}/rolebindings", binding(w, own_role, **hub)),
        Attack("bind itself in its own namespace", "hub-kind", "hub-kind", "POST", f"{RIGHTS}/namespaces/{w.namespace}/rolebindings", binding(w, own_role, **hub)),
        Attack("widen its binding at home", "hub-kind|binding-role|escalation", "hub-kind|binding-role", "PATCH", f"{RIGHTS}/namespaces/{w.namespace}/rolebindings/tenantspawner-hub", {"subjects": binding(w, own_role, **user)["subjects"]}, MERGE),
        Attack("a binding without label", "hub-object", "hub-object", "POST", bindings, unlabelled),
        Attack("delete a person's binding", "hub-object", "hub-object", "DELETE", f"{bindings}/everything"),
        Attack("bind cluster-admin everywhere", "rbac", "hub-place", "POST", f"{RIGHTS}/clusterrolebindings", admin),
        Attack("a cluster role with everything", "rbac", "hub-place", "POST", f"{RIGHTS}/clusterroles", {"metadata": {"name": "evil"}, "rules": [rule]}),
        Attack("widen the notebook role", "rbac", "hub-place", "PATCH", f"{RIGHTS}/clusterroles/{notebook}", {"rules": [rule]}, MERGE),
        Attack("widen its own role", "rbac", "hub-place", "PATCH", f"{RIGHTS}/clusterroles/tenantspawner-hub", {"rules": [rule]}, MERGE),
        Attack("a role in a tenant's namespace", "rbac", "hub-kind", "POST", f"{RIGHTS}/namespaces/{w.tenant}/roles", {"metadata": {"name": "evil", "labels": {HUB: w.hub_id}}, "rules": [rule]}),
    ]  # fmt: skip


def pod(w, *, marked=True, limits=None, containers=None, context=None, **spec):
    first = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "1", "memory": "1Gi", **(limits or {})}}}
    if context:
        first["securityContext"] = context
    spec = {"automountServiceAccountToken": False, "containers": containers or [first], **spec}
    mark = {HUB: w.hub_id} if marked else {}
    return restricted({"metadata": {"name": "evil", "labels": mark}, "spec": spec})


def gpus(name, count, **more):
    return {
        "name": name,
        "image": "i",
        "resources": {"limits": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": count}},
        **more,
    }


def on_pods(w):
    at = "/api/v1/namespaces/{}/pods".format
    own, wide, server = at(w.tenant), at(f"{w.prefix}wide"), f"{at(w.tenant)}/jupyter-ada"
    projected = [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]
    ports = [{**gpus("c", "0"), "ports": [{"containerPort": 80, "hostPort": 80}]}]
    claim = [{"name": "gpu", "resourceClaimName": "gpu"}]
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    debugger = {"spec": {"ephemeralContainers": [{"name": "d", "image": "i", "securityContext": safe}]}}
    late = gpus("late", "9")
    return [
        Attack("a pod in a foreign namespace", "rbac", "hub-place", "POST", at("other"), pod(w)),
        Attack("a pod in kube-system", "rbac", "hub-place", "POST", at("kube-system"), pod(w)),
        Attack("a pod in the hub's namespace", "rbac", "hub-kind", "POST", at(w.namespace), pod(w)),
        Attack("a pod in another hub's namespace", "rbac", "hub-place", "POST", at(f"rival-of-{w.hub_id}"), pod(w)),
        Attack("a pod without label", "hub-object", "hub-object", "POST", own, pod(w, marked=False)),
        Attack("GPUs over the ceiling", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, limits={"nvidia.com/gpu": "17"})),
        Attack("GPUs over the ceiling in two containers", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, containers=[gpus("a", "9"), gpus("b", "9")])),
        Attack("GPUs over it in an init container", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, initContainers=[gpus("a", "17")])),
        Attack("GPUs over it in sidecar and init container", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, initContainers=[gpus("a", "9", restartPolicy="Always"), late])),
        Attack("cpu over the ceiling", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, limits={"cpu": "128500m"})),
        Attack("memory over the ceiling", "pod-ceiling", "pod-ceiling", "POST", own, pod(w, limits={"memory": "1025Gi"})),
        Attack("a device that has no ceiling", "pod-resource", "pod-resource", "POST", own, pod(w, limits={"example.com/fpga": "1"})),
        Attack("a MIG slice that has no ceiling", "pod-resource", "pod-resource", "POST", own, pod(w, limits={"nvidia.com/mig-1g.5gb": "1"})),
        Attack("resources of the whole pod", "pod-resource", "pod-resource", "POST", own, pod(w, resources={"limits": {"cpu": "2", "memory": "4Gi"}})),
        Attack("a resource claim", "pod-claim", "pod-claim", "POST", own, pod(w, resourceClaims=claim)),
        Attack("a privileged pod", "pod-security", "pod-security", "POST", own, pod(w, context={"privileged": True, "allowPrivilegeEscalation": True})),
        Attack("a pod on the host's disk", "pod-security", "pod-security", "POST", own, pod(w, volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
        Attack("a privileged pod where it may be", "pod-host", "pod-host", "POST", wide, pod(w, context={"privileged": True, "allowPrivilegeEscalation": True})),
        Attack("the host's disk where it may be", "pod-host", "pod-host", "POST", wide, pod(w, volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
        Attack("the host's network where it may be", "pod-host", "pod-host", "POST", wide, pod(w, hostNetwork=True)),
        Attack("the host's processes where it may be", "pod-host", "pod-host", "POST", wide, pod(w, hostPID=True)),
        Attack("the host's memory where it may be", "pod-host", "pod-host", "POST", wide, pod(w, hostIPC=True)),
        Attack("a port of the host where it may be", "pod-host", "pod-host", "POST", wide, pod(w, containers=ports)),
        Attack("an account's token", "pod-token", "pod-token", "POST", own, pod(w, automountServiceAccountToken=True)),
        Attack("an account's token as a volume", "pod-token", "pod-token", "POST", own, pod(w, volumes=projected)),
        Attack("past the scheduler", "pod-place", "pod-place", "POST", own, pod(w, nodeName="control-plane")),
        Attack("before everybody else", "pod-place", "pod-place", "POST", own, pod(w, priorityClassName="system-node-critical")),
        Attack("exec", "rbac", "hub-kind", "POST", f"{server}/exec?command=id&stdout=true"),
        Attack("exec in kube-system", "rbac", "hub-place", "POST", f"{at('kube-system')}/x/exec?command=id&stdout=true"),
        Attack("attach", "rbac", "hub-kind", "POST", f"{server}/attach?stdout=true"),
        Attack("port forward", "rbac", "hub-kind", "POST", f"{server}/portforward"),
        Attack("through the API server to a pod", "rbac", "hub-kind", "GET", f"{server}/proxy/"),
        Attack("through the API server to a node", "rbac", "hub-place", "GET", "/api/v1/nodes/n/proxy/pods"),
        Attack("a debug container", "rbac", "hub-kind", "PATCH", f"{server}/ephemeralcontainers", debugger, STRATEGIC),
        Attack("bind a pod to a node", "rbac", "hub-kind", "POST", f"{server}/binding", {"metadata": {"name": "jupyter-ada"}, "target": {"kind": "Node", "name": "n"}}),
        Attack("evict a pod", "rbac", "hub-kind", "POST", f"{server}/eviction", {"metadata": {"name": "jupyter-ada"}}),
        Attack("lie about a pod's address", "rbac", "hub-kind", "PATCH", f"{server}/status", {"status": {"podIP": "10.0.0.1"}}, MERGE),
        Attack("another image in a running pod", "rbac", "hub-kind", "PATCH", server, {"spec": {"containers": [{"name": "notebook", "image": "evil"}]}}, STRATEGIC),
        Attack("delete a person's own pod", "hub-object", "hub-object", "DELETE", f"{own}/own"),
        Attack("delete somebody's pod", "rbac", "hub-place", "DELETE", f"{at('other')}/theirs"),
        Attack("delete all pods at once", "rbac", "hub-collection", "DELETE", own),
    ]  # fmt: skip


def hard(keys):
    return {"spec": {"hard": {"requests.nvidia.com/gpu": "1", **keys}}}


def on_quotas(w):
    quotas = f"/api/v1/namespaces/{w.tenant}/resourcequotas"
    own, gpu = f"{quotas}/tenantspawner", "requests.nvidia.com/gpu"
    named = {"metadata": {"name": "evil", "labels": {HUB: w.hub_id}}}
    scoped = {**named, "spec": {**hard({})["spec"], "scopes": ["BestEffort"]}}
    return [
        Attack("GPUs of a quota over the ceiling", "quota-ceiling", "quota-ceiling", "PATCH", own, {"spec": {"hard": {gpu: "65"}}}, MERGE),
        Attack("cpu of a quota over the ceiling", "quota-ceiling", "quota-ceiling", "PATCH", own, hard({"limits.cpu": "2049"}), MERGE),
        Attack("memory of a quota over the ceiling", "quota-ceiling", "quota-ceiling", "PATCH", own, hard({"limits.memory": "17Ti"}), MERGE),
        Attack("a quota that forgets GPUs", "quota-required", "quota-required", "PATCH", own, {"spec": {"hard": {gpu: None}}}, MERGE),
        Attack("a second quota that forgets GPUs", "quota-required", "quota-required", "POST", quotas, {**named, "spec": {"hard": {"pods": "1"}}}),
        Attack("a quota that does not count every pod", "quota-scope", "quota-scope", "POST", quotas, scoped),
        Attack("a quota without label", "hub-object", "hub-object", "POST", quotas, {"metadata": {"name": "evil"}, **hard({})}),
        Attack("delete a quota", "rbac", "hub-kind", "DELETE", own),
        Attack("say that a quota allows more", "rbac", "hub-kind", "PATCH", f"{own}/status", {"status": {"hard": {gpu: "64"}}}, MERGE),
        Attack("a quota in the hub's namespace", "rbac", "hub-kind", "POST", f"/api/v1/namespaces/{w.namespace}/resourcequotas", {**named, **hard({})}),
        Attack("delete limits", "rbac", "hub-kind", "DELETE", f"/api/v1/namespaces/{w.tenant}/limitranges/tenantspawner"),
        Attack("delete network policies", "rbac", "hub-kind", "DELETE", f"/apis/networking.k8s.io/v1/namespaces/{w.tenant}/networkpolicies/tenantspawner-ingress"),
    ]  # fmt: skip


def on_secrets(w):
    secrets = f"/api/v1/namespaces/{w.tenant}/secrets"
    account = {"kubernetes.io/service-account.name": "notebook"}
    token = {
        "metadata": {"name": "evil", "labels": {HUB: w.hub_id}, "annotations": account},
        "type": "kubernetes.io/service-account-token",
    }
    at_home = f"/api/v1/namespaces/{w.namespace}"
    empty = {"metadata": {"name": "evil", "labels": {HUB: w.hub_id}}}
    return [
        Attack("read a person's Secret by patching it", "rbac", "hub-object", "PATCH", f"{secrets}/own", {}, MERGE),
        Attack("read a person's Secret by deleting it", "rbac", "hub-object", "DELETE", f"{secrets}/own"),
        Attack("read a foreign Secret by patching it", "rbac", "hub-place", "PATCH", "/api/v1/namespaces/other/secrets/theirs", {}, MERGE),
        Attack("read the hub's cookie by patching it", "rbac", "hub-kind", "PATCH", f"{at_home}/secrets/cookie", {}, MERGE),
        Attack("a Secret that becomes a token", "hub-token", "hub-token", "POST", secrets, token),
        Attack("a token of a notebook's account", "rbac", "hub-kind", "POST", f"/api/v1/namespaces/{w.tenant}/serviceaccounts/notebook/token", {"spec": {}}),
        Attack("a token of its own", "rbac", "hub-kind", "POST", f"{at_home}/serviceaccounts/hub/token", {"spec": {}}),
        Attack("a token of a controller", "rbac", "hub-place", "POST", "/api/v1/namespaces/kube-system/serviceaccounts/generic-garbage-collector/token", {"spec": {}}),
        Attack("a Secret in a foreign namespace", "rbac", "hub-place", "POST", "/api/v1/namespaces/other/secrets", empty),
        Attack("a Secret in the hub's namespace", "rbac", "hub-kind", "POST", f"{at_home}/secrets", empty),
        Attack("a Secret without label", "hub-object", "hub-object", "POST", secrets, {"metadata": {"name": "evil"}}),
        Attack("an identity for the default account", "hub-object", "hub-object", "PATCH", f"/api/v1/namespaces/{w.tenant}/serviceaccounts/default", {"metadata": {"annotations": {"iam": "evil"}}}, MERGE),
        Attack("delete the default account", "rbac", "hub-kind", "DELETE", f"/api/v1/namespaces/{w.tenant}/serviceaccounts/default"),
        Attack("an account in a foreign namespace", "rbac", "hub-place", "POST", "/api/v1/namespaces/other/serviceaccounts", empty),
    ]  # fmt: skip


def signing_request():
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()


def on_the_rest(w):
    home, own = f"/api/v1/namespaces/{w.namespace}", f"/api/v1/namespaces/{w.tenant}"
    leases = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod(w)["spec"]}
    workload = {
        "metadata": {"name": "evil", "labels": {HUB: w.hub_id}},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    event = {"metadata": {"generateName": "e"}, "involvedObject": {"kind": "Pod", "namespace": "other", "name": "p"}}
    disk = {
        "metadata": {"name": "evil"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}},
    }
    request = {
        "metadata": {"name": "evil"},
        "spec": {
            "request": signing_request(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    return [
        Attack("rewrite the tenancy", "rbac", "hub-kind", "PATCH", f"{home}/configmaps/tenancy", {"data": {"a": "b"}}, MERGE),
        Attack("raise its own ceilings", "rbac", "hub-kind", "PATCH", f"{home}/configmaps/tenantspawner-ceilings", {"data": {"pod.cpu": "9999"}}, MERGE),
        Attack("a deployment", "rbac", "hub-kind", "POST", f"/apis/apps/v1/namespaces/{w.tenant}/deployments", workload),
        Attack("a pod on every node", "rbac", "hub-place", "POST", "/apis/apps/v1/namespaces/kube-system/daemonsets", workload),
        Attack("somebody else's lease", "hub-lease", "hub-lease", "POST", leases.format(w.namespace), {"metadata": {"name": "evil"}}),
        Attack("the scheduler's lease", "rbac", "hub-place", "POST", leases.format("kube-system"), {"metadata": {"name": "evil"}}),
        Attack("an event about somebody else", "rbac", "hub-place", "POST", "/api/v1/namespaces/other/events", event),
        Attack("a person's volume", "hub-object", "hub-object", "DELETE", f"{own}/persistentvolumeclaims/own"),
        Attack("a volume of the host", "rbac", "hub-place", "POST", "/api/v1/persistentvolumes", disk),
        Attack("a certificate", "rbac", "hub-place", "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", request),
        Attack("a node", "rbac", "hub-place", "POST", "/api/v1/nodes", {"metadata": {"name": "evil"}}),
        Attack("a priority above all", "rbac", "hub-place", "POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "evil"}, "value": 1000000000}),
        Attack("a network policy in a foreign namespace", "rbac", "hub-place", "POST", "/apis/networking.k8s.io/v1/namespaces/other/networkpolicies", {"metadata": {"name": "evil"}, "spec": {"podSelector": {}}}),
    ]  # fmt: skip


READS = (
    ("GET", "/api/v1/secrets"),
    ("GET", "/api/v1/namespaces/{tenant}/secrets"),
    ("GET", "/api/v1/namespaces/{tenant}/secrets/own"),
    ("GET", "/api/v1/namespaces/{home}/secrets"),
    ("GET", "/api/v1/namespaces/{home}/secrets/cookie"),
    ("GET", "/api/v1/namespaces/{tenant}/secrets?watch=1&timeoutSeconds=1"),
    ("GET", "/api/v1/pods"),
    ("GET", "/api/v1/namespaces/other/pods"),
    ("GET", "/api/v1/namespaces/other/configmaps"),
    ("GET", "/api/v1/nodes"),
    ("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/tenantspawner.{hub}.hub-writes"),
    (
        "DELETE",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/tenantspawner.{hub}.hub-writes",
    ),
)


def refused_otherwise(world, by):
    wrong = {}
    for attack in attacks(world):
        found = kind_of_refusal(world.ask(attack.method, attack.path, attack.body, attack.content))
        if found not in by(attack).split("|"):
            wrong[attack.what] = f"{found}, not {by(attack)}"
    return wrong


@pytest.fixture
def belongings(plane, hub, root_hub):
    """What ada has made herself."""
    for world in (hub, root_hub):
        own = restricted({"metadata": {"name": "own"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
        world.ok("POST", f"/api/v1/namespaces/{world.tenant}/pods", own, user="ada")
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        claim = {"metadata": {"name": "own"}, "spec": spec}
        world.ok("POST", f"/api/v1/namespaces/{world.tenant}/persistentvolumeclaims", claim, user="ada")
    yield
    for world in (hub, root_hub):
        for path in ("pods/own", "persistentvolumeclaims/own"):
            world.ok("DELETE", f"/api/v1/namespaces/{world.tenant}/{path}", user="ada")


def test_the_hub_of_mode_3_is_refused(belongings, hub):
    assert len(attacks(hub)) > 50
    assert refused_otherwise(hub, lambda attack: attack.by_rights) == {}


def test_a_hub_that_is_cluster_admin_is_refused_by_policy(belongings, root_hub):
    assert len([each for each in attacks(root_hub) if each.by_policy != "pod-security"]) > 50
    assert refused_otherwise(root_hub, lambda attack: attack.by_policy) == {}


def test_rights_alone_keep_the_hub_from_reading_and_from_its_policies(hub):
    for method, pattern in READS:
        path = pattern.format(tenant=hub.tenant, home=hub.namespace, hub=hub.hub_id)
        assert kind_of_refusal(hub.ask(method, path)) == "rbac", path


def test_a_hub_that_is_cluster_admin_still_starts_servers(root_hub):
    assert root_hub.ok("GET", f"/api/v1/namespaces/{root_hub.tenant}/pods/jupyter-ada")
