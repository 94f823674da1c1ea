"""Rows: preconditions, grace, propagation, finalizers, collections; how a namespace ends; subresources."""

from tests.integration.drift.ask import Ask, but, delete, get, merge, patch, post, put, strategic
from tests.integration.drift.objects import (
    NAMESPACES,
    config,
    container,
    core,
    counted,
    made,
    namespace,
    pod,
    quota,
    thing,
)

N = "drift-deleting"
END = "drift-ending"
MAPS = core(N, "configmaps")
PODS = core(N, "pods")
WRONG = "00000000-0000-0000-0000-000000000000"


def bound(name: str, node: str = "n1") -> Ask:
    return post(core(N, "pods", f"{name}/binding"), thing("Binding", name, target={"kind": "Node", "name": node}))


def ran_in(where: str, name: str, phase: str, **state: object) -> Ask:
    """What a kubelet says of a pod."""
    container = {"name": "notebook", "image": "image:1", "imageID": "", "ready": phase == "Running", "restartCount": 0}
    status = {"phase": phase, "podIP": "127.1.0.1", "containerStatuses": [container | {"state": state}]}
    return strategic(core(where, "pods", f"{name}/status"), {"status": status})


def ran(name: str, phase: str, **state: object) -> Ask:
    return ran_in(N, name, phase, **state)


def condition(where: str, name: str, kind: str) -> Ask:
    return strategic(
        core(where, "pods", f"{name}/status"), {"status": {"conditions": [{"type": kind, "status": "True"}]}}
    )


def owned(name: str, **more: object) -> dict:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "${owner.metadata.uid}", **more}
    return config(name, ownerReferences=[owner])


ROWS: list[Ask] = [
    *made(namespace(N)),
    delete(core(N, "configmaps", "none")),
    post(MAPS, config("a"), keep="a"),
    delete(core(N, "configmaps", "a"), {"preconditions": {"uid": WRONG}}),
    delete(core(N, "configmaps", "a"), {"preconditions": {"resourceVersion": "1"}}),
    delete(core(N, "configmaps", "a"), {"propagationPolicy": "Bogus"}),
    delete(core(N, "configmaps", "a"), {"orphanDependents": True, "propagationPolicy": "Foreground"}),
    delete(core(N, "configmaps", "a"), {"gracePeriodSeconds": "x"}),
    delete(core(N, "configmaps", "a"), {"kind": "Bogus", "apiVersion": "v1"}),
    delete(core(N, "configmaps", "a"), b"{"),
    delete(f"{core(N, 'configmaps', 'a')}?dryRun=All"),
    delete(core(N, "configmaps", "a"), {"dryRun": ["All"]}),
    delete(core(N, "configmaps", "a"), {"dryRun": ["Some"]}),
    delete(
        core(N, "configmaps", "a"),
        {"preconditions": {"uid": "${a.metadata.uid}", "resourceVersion": "${a.metadata.resourceVersion}"}},
    ),
    delete(core(N, "configmaps", "a")),
    # finalizers
    post(MAPS, config("held", finalizers=["example.org/hold"])),
    delete(core(N, "configmaps", "held")),
    delete(core(N, "configmaps", "held")),
    post(MAPS, config("held")),
    merge(core(N, "configmaps", "held"), {"data": {"still": "writable"}}),
    merge(core(N, "configmaps", "held"), {"metadata": {"finalizers": ["example.org/hold", "example.org/late"]}}),
    merge(core(N, "configmaps", "held"), {"metadata": {"finalizers": None}}),
    get(core(N, "configmaps", "held")),
    # owners
    post(MAPS, config("owner"), keep="owner"),
    post(MAPS, owned("child")),
    post(MAPS, owned("bad", uid="")),
    delete(core(N, "configmaps", "owner"), {"propagationPolicy": "Orphan"}),
    get(core(N, "configmaps", "owner"), until=("code", 404)),
    but(
        "our garbage collector takes the owner off and leaves who owned that field", get(core(N, "configmaps", "child"))
    ),
    post(MAPS, config("owner"), keep="owner"),
    post(MAPS, owned("child2", blockOwnerDeletion=True)),
    delete(core(N, "configmaps", "owner"), {"propagationPolicy": "Foreground"}),
    get(core(N, "configmaps", "owner"), until=("code", 404)),
    get(core(N, "configmaps", "child2"), until=("code", 404)),
    # collections
    post(MAPS, config("c1", labels={"c": "1"})),
    post(MAPS, config("c2", labels={"c": "1"})),
    delete(f"{MAPS}?labelSelector=c=1&dryRun=All"),
    delete(f"{MAPS}?labelSelector=c=1"),
    get(f"{MAPS}?labelSelector=c=1"),
    delete(f"{MAPS}?labelSelector=a b"),
    delete(core(N, "services")),
    # pods: on no node, on a node, ended
    post(PODS, pod("p1"), keep="p1"),
    delete(core(N, "pods", "p1"), {"gracePeriodSeconds": 5}),
    get(core(N, "pods", "p1")),
    post(PODS, pod("p2"), keep="p2"),
    bound("none"),
    bound("p2", ""),
    post(core(N, "pods", "p2/binding"), thing("Binding", "other", target={"kind": "Node", "name": "n1"})),
    post(core(N, "pods", "p2/binding"), thing("Binding", "p2", target={"kind": "Pod", "name": "n1"})),
    post(core(N, "pods", "p2/binding"), thing("Binding", "p2", meta={"uid": WRONG}, target={"name": "n1"})),
    bound("p2"),
    bound("p2"),
    get(core(N, "pods", "p2")),
    ran("p2", "Running", running={"startedAt": "2026-01-01T00:00:00Z"}),
    ran("p2", "Running", running={"startedAt": "2026-01-01T00:00:00Z"}),
    ran("none", "Running"),
    strategic(
        core(N, "pods", "p2/status"),
        {"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"nodeName": "n2"}},
    ),
    strategic(core(N, "pods", "p2/status"), {"status": {"qosClass": "Guaranteed"}}),
    get(core(N, "pods", "p2/status")),
    put(core(N, "pods", "p2/binding"), {}),
    delete(core(N, "pods", "p2"), {"preconditions": {"uid": WRONG}}),
    delete(f"{core(N, 'pods', 'p2')}?dryRun=All"),
    delete(core(N, "pods", "p2"), {"gracePeriodSeconds": 60}),
    delete(core(N, "pods", "p2"), {"gracePeriodSeconds": 10}),
    delete(core(N, "pods", "p2"), {"gracePeriodSeconds": 90}),
    delete(core(N, "pods", "p2")),
    post(PODS, pod("p2")),
    bound("p2"),
    get(core(N, "pods", "p2")),
    delete(core(N, "pods", "p2"), {"gracePeriodSeconds": 0}),
    get(core(N, "pods", "p2")),
    post(PODS, pod("p3", nodeName="n1")),
    ran("p3", "Succeeded", terminated={"exitCode": 0}),
    delete(core(N, "pods", "p3")),
    post(PODS, pod("p4", nodeName="n1")),
    delete(f"{core(N, 'pods', 'p4')}?gracePeriodSeconds=-1"),
    delete(f"{core(N, 'pods', 'p4')}?gracePeriodSeconds=0"),
    post(PODS, pod("gated", schedulingGates=[{"name": "example.org/wait"}])),
    bound("gated"),
    patch(core(N, "pods", "gated"), [{"op": "remove", "path": "/spec/schedulingGates"}]),
    # eviction, logs, tokens, scale, what is not there
    post(core(N, "pods", "gated/eviction"), thing("Eviction", "other", "policy/v1")),
    post(core(N, "pods", "gated/eviction?dryRun=All"), thing("Eviction", "gated", "policy/v1")),
    post(core(N, "pods", "gated/eviction"), thing("Eviction", "gated", "policy/v1")),
    post(core(N, "pods", "gated/eviction"), thing("Eviction", "gated", "policy/v1")),
    post(PODS, pod("l", container(), container("two"))),
    get(core(N, "pods", "none/log")),
    get(core(N, "pods", "l/log")),
    get(core(N, "pods", "l/log?container=notebook")),
    get(core(N, "pods", "l/log?container=three")),
    get(core(N, "pods", "l/log?container=two&tailLines=-1")),
    get(core(N, "pods", "l/log?container=two&sinceSeconds=0")),
    get(core(N, "pods", "l/bogus")),
    get(core(N, "pods", "none/status")),
    post(
        core(N, "serviceaccounts", "default/token"),
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}},
        keep="token",
    ),
    post(
        core(N, "serviceaccounts", "default/token"),
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 10}},
    ),
    post(
        core(N, "serviceaccounts", "none/token"),
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    ),
    but(
        "our tokens have no id of their own",
        post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            {},
            headers={"Authorization": "Bearer ${token.status.token}"},
        ),
    ),
    get(PODS, headers={"Authorization": "Bearer ${token.status.token}"}),
    get(PODS, headers={"Authorization": "Bearer ${token.status.token}x"}),
    # the end of a namespace
    *made(namespace(END)),
    post(core(END, "configmaps"), config("held", finalizers=["example.org/hold"])),
    post(core(END, "resourcequotas"), quota("q", {"configmaps": "5"})),
    counted(END, "q", configmaps="5"),
    post(core(END, "pods"), pod("on-a-node", nodeName="n1")),
    delete(f"{NAMESPACES}/{END}", {"preconditions": {"uid": WRONG}}),
    delete(f"{NAMESPACES}/{END}?dryRun=All"),
    delete(f"{NAMESPACES}/{END}"),
    post(core(END, "configmaps"), config("late")),
    post(core(END, "pods"), pod("late")),
    put(core(END, "configmaps", "late"), config("late")),
    post(NAMESPACES, namespace(END)),
    get(core(END, "pods", "on-a-node"), until=("metadata.deletionGracePeriodSeconds", 30)),
    delete(core(END, "pods", "on-a-node"), {"gracePeriodSeconds": 0}),
    get(core(END, "serviceaccounts", "default"), until=("code", 404)),
    get(core(END, "configmaps", "held"), until=("metadata.deletionGracePeriodSeconds", 0)),
    merge(core(END, "configmaps", "held"), {"metadata": {"finalizers": None}}),
    get(f"{NAMESPACES}/{END}", until=("code", 404)),
    delete(f"{NAMESPACES}/{END}"),
    delete(f"{NAMESPACES}/default"),
    delete(f"{NAMESPACES}/kube-system"),
    post(f"{NAMESPACES}/{N}/finalize", {}),
    put(f"{NAMESPACES}/{N}/finalize", {**namespace(N), "spec": {"finalizers": ["kubernetes", "example.org/own"]}}),
    put(f"{NAMESPACES}/{N}/status", {**namespace(N, labels={"by": "status"}), "status": {"phase": "Active"}}),
]
