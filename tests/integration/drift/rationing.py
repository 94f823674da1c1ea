"""Rows: quotas, from their status to the last refused object; limit ranges; what Pod Security says at every level."""

from typing import Any

from tests.integration.drift.ask import Ask, delete, get, merge, post, put, strategic
from tests.integration.drift.objects import (
    NAMESPACES,
    claim,
    config,
    container,
    core,
    counted,
    limits,
    made,
    namespace,
    pod,
    quota,
    restricted,
    secured,
    service,
)

Q, S, L = "drift-quota", "drift-scopes", "drift-limits"
RESTRICTED, BASELINE, WARNED = "drift-restricted", "drift-baseline", "drift-warned"
GPU = "nvidia.com/gpu"


def small(name: str, **more: Any) -> dict[str, Any]:
    return pod(name, container(limits={"cpu": "100m", "memory": "100Mi", **more}))


def bare(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return pod(name, *containers, **spec)


HARD = {
    "requests.cpu": "2",
    "requests.memory": "4Gi",
    "limits.cpu": "4",
    "limits.memory": "8Gi",
    "pods": "4",
    f"requests.{GPU}": "1",
    "count/configmaps": "4",
    "persistentvolumeclaims": "1",
    "requests.storage": "2Gi",
    "services": "2",
    "secrets": "1",
}

QUOTAS: list[Ask] = [
    *made(namespace(Q)),
    post(core(Q, "resourcequotas"), quota("bad", {"pods": "x"})),
    post(core(Q, "resourcequotas"), quota("bad", {"pods": "-1"})),
    post(core(Q, "resourcequotas"), quota("bad", {"pods": "1.5"})),
    post(core(Q, "resourcequotas"), quota("bad", {"bogus": "1"})),
    post(core(Q, "resourcequotas"), quota("bad", {GPU: "1"})),
    post(core(Q, "resourcequotas"), quota("bad", {f"limits.{GPU}": "1"})),
    post(core(Q, "resourcequotas"), quota("bad", {"pods": "1"}, scopes=["Bogus"])),
    post(core(Q, "resourcequotas"), quota("bad", {"configmaps": "1"}, scopes=["BestEffort"])),
    post(f"{core(Q, 'resourcequotas')}?dryRun=All", quota("dry", HARD)),
    post(core(Q, "resourcequotas"), quota("q", HARD)),
    get(core(Q, "resourcequotas", "q"), until=("status.hard", HARD)),
    post(core(Q, "pods"), pod("bare")),
    post(core(Q, "pods"), pod("half", container(requests={"cpu": "1"}, limits={"cpu": "1"}))),
    post(core(Q, "pods"), pod("two", container(limits={"cpu": "1", "memory": "1Gi"}), container("side"))),
    post(core(Q, "pods"), pod("big", container(limits={"cpu": "5", "memory": "9Gi"}))),
    post(
        core(Q, "pods"),
        pod("p1", container(requests={"cpu": "1500m", "memory": "1.5Gi"}, limits={"cpu": "2", "memory": "2Gi"})),
    ),
    post(
        core(Q, "pods"),
        pod("p2", container(requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "3", "memory": "10Gi"})),
    ),
    post(
        core(Q, "pods"),
        pod("p1", container(requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "3", "memory": "10Gi"})),
    ),
    post(f"{core(Q, 'pods')}?dryRun=All", small("dry")),
    post(core(Q, "pods"), small("gpus", **{GPU: "2"})),
    post(core(Q, "pods"), small("gpu", **{GPU: "1"})),
    post(core(Q, "pods"), small("gpu2", **{GPU: "1"})),
    post(
        core(Q, "pods"), {**small("x"), "metadata": {"generateName": "gen-"}, "spec": small("x", **{GPU: "1"})["spec"]}
    ),
    post(
        core(Q, "pods"),
        pod(
            "init",
            container(limits={"cpu": "100m", "memory": "100Mi"}),
            initContainers=[container("i", limits={"cpu": "3", "memory": "100Mi"})],
        ),
    ),
    post(
        core(Q, "pods"),
        pod(
            "side",
            container(limits={"cpu": "100m", "memory": "100Mi"}),
            initContainers=[
                container("i", limits={"cpu": "300m", "memory": "100Mi"}, restartPolicy="Always"),
                container("j", limits={"cpu": "2500m", "memory": "100Mi"}),
            ],
        ),
    ),
    get(core(Q, "resourcequotas", "q")),
    post(core(Q, "persistentvolumeclaims"), claim("c1", "1500Mi", storageClassName="")),
    post(core(Q, "persistentvolumeclaims"), claim("c2", "1Gi", storageClassName="")),
    post(core(Q, "services"), service("s1")),
    post(core(Q, "services"), service("s2", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])),
    post(core(Q, "services"), service("s3")),
    post(core(Q, "configmaps"), config("x1")),
    post(core(Q, "configmaps"), config("x2")),
    post(core(Q, "configmaps"), config("x3")),
    post(core(Q, "configmaps"), config("x4")),
    # a taken name is charged and stays charged; a full quota answers before the taken name
    post(core(Q, "secrets"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}),
    post(core(Q, "secrets"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}),
    post(core(Q, "resourcequotas"), quota("charged", {"count/serviceaccounts": "3"})),
    counted(Q, "charged", **{"count/serviceaccounts": "3"}),
    post(core(Q, "serviceaccounts"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}),
    get(core(Q, "resourcequotas", "charged")),
    post(core(Q, "serviceaccounts"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}),
    post(core(Q, "serviceaccounts"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}),
    merge(core(Q, "resourcequotas", "charged"), {"spec": {"hard": {"count/serviceaccounts": "4"}}}),
    get(core(Q, "resourcequotas", "charged"), until=("status.used|count/serviceaccounts", "1")),
    # changes: hard below used, swaps by version, what people may not write
    merge(core(Q, "resourcequotas", "q"), {"spec": {"hard": {f"requests.{GPU}": "0"}}}, keep="lowered"),
    counted(Q, "q", **{f"requests.{GPU}": "0"}),
    post(core(Q, "pods"), small("gpu3", **{GPU: "1"})),
    merge(
        core(Q, "resourcequotas", "q"),
        {"metadata": {"resourceVersion": "1"}, "spec": {"hard": {f"requests.{GPU}": "2"}}},
    ),
    put(core(Q, "resourcequotas", "q"), {**quota("q", HARD), "metadata": {"name": "q", "resourceVersion": "1"}}),
    put(core(Q, "resourcequotas", "absent"), quota("absent", HARD)),
    merge(core(Q, "resourcequotas", "q"), {"spec": {"scopes": ["BestEffort"]}}),
    merge(core(Q, "resourcequotas", "q"), {"spec": {"hard": {f"requests.{GPU}": "0.5"}}}),
    counted(Q, "q", **{f"requests.{GPU}": "500m"}),
    merge(core(Q, "resourcequotas", "q"), {"status": {"hard": {"pods": "99"}}}),
    delete(core(Q, "pods", "gpu")),
    get(core(Q, "resourcequotas", "q"), until=("status.used|requests.nvidia.com/gpu", "0")),
    delete(core(Q, "configmaps", "x1")),
    get(core(Q, "resourcequotas", "q"), until=("status.used|count/configmaps", "3")),
    delete(core(Q, "resourcequotas", "q")),
    post(core(Q, "configmaps"), config("x5")),
    # scopes, two quotas, a status not yet known
    *made(namespace(S)),
    post(core(S, "resourcequotas"), quota("best", {"pods": "1"}, scopes=["BestEffort"])),
    post(
        core(S, "resourcequotas"),
        quota(
            "priority",
            {"pods": "1"},
            scopeSelector={"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]},
        ),
    ),
    counted(S, "best", pods="1"),
    counted(S, "priority", pods="1"),
    post(core(S, "pods"), pod("b1")),
    post(core(S, "pods"), pod("b2")),
    post(core(S, "pods"), small("c1")),
    post(core(S, "pods"), pod("d1", container(limits={"cpu": "1"}), priorityClassName="none")),
    post(core(S, "pods"), pod("d2", priority=5)),
]

LIMITS: list[Ask] = [
    *made(namespace(L)),
    post(core(L, "limitranges"), limits("bad", {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}})),
    post(core(L, "limitranges"), limits("bad", {"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "2"}})),
    post(core(L, "limitranges"), limits("bad", {"type": "Pod", "default": {"cpu": "2"}})),
    post(core(L, "limitranges"), limits("bad", {"type": "Bogus type", "max": {"cpu": "2"}})),
    post(core(L, "limitranges"), limits("bad", {"type": "Container", "max": {"cpu": "x"}})),
    post(
        core(L, "limitranges"),
        limits(
            "l",
            {
                "type": "Container",
                "max": {"cpu": "2", "memory": "2Gi"},
                "min": {"cpu": "100m"},
                "default": {"cpu": "500m"},
                "defaultRequest": {"cpu": "250m"},
                "maxLimitRequestRatio": {"cpu": "4"},
            },
            {"type": "Pod", "max": {"cpu": "3"}},
            {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}},
        ),
    ),
    # Informers of the limits have them a moment later than this answers.
    post(f"{core(L, 'pods')}?dryRun=All", pod("ready", container(limits={"cpu": "9"})), until=("code", 403)),
    post(core(L, "pods"), pod("l0")),
    post(core(L, "pods"), pod("l1", container(limits={"cpu": "4"}))),
    post(core(L, "pods"), pod("l2", container(limits={"cpu": "1", "memory": "4Gi"}))),
    post(core(L, "pods"), pod("l3", container(limits={"cpu": "2"}, requests={"cpu": "50m"}))),
    post(core(L, "pods"), pod("l4", container(limits={"cpu": "2"}, requests={"cpu": "400m"}))),
    post(core(L, "pods"), pod("l5", container(limits={"cpu": "2"}), container("two", limits={"cpu": "2"}))),
    post(core(L, "pods"), pod("l6", container(requests={"cpu": "3"}))),
    post(core(L, "pods"), pod("l7", container(limits={"cpu": "1", "memory": "1Gi"}), initContainers=[container("i")])),
    post(core(L, "persistentvolumeclaims"), claim("big", "10Gi")),
    post(core(L, "persistentvolumeclaims"), claim("little", "100Mi")),
]

HOST = {"name": "h", "hostPath": {"path": "/"}}
BAD_OWN = {
    "privileged": True,
    "capabilities": {"add": ["SYS_ADMIN"]},
    "runAsUser": 0,
    "runAsNonRoot": False,
    "procMount": "Unmasked",
    "seccompProfile": {"type": "Unconfined"},
}
PODS: list[dict[str, Any]] = [
    restricted("ok"),
    restricted(
        "features",
        volumes=[
            {"name": "e", "emptyDir": {"medium": "Memory"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "c"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "c"}}]}},
        ],
    ),
    bare("bare"),
    bare("root", securityContext={"runAsUser": 0}),
    bare("network", hostNetwork=True),
    bare("pid", hostPID=True, hostIPC=True),
    bare("path", volumes=[HOST, {**HOST, "name": "i"}]),
    bare("nfs", volumes=[{"name": "n", "nfs": {"server": "s", "path": "/"}}]),
    bare(
        "privileged",
        container(securityContext={"privileged": True}),
        container("two", securityContext={"privileged": True}),
    ),
    bare("added", container(securityContext={"capabilities": {"add": ["SYS_ADMIN", "NET_BIND_SERVICE", "CHOWN"]}})),
    bare("ports", container(ports=[{"containerPort": 80, "hostPort": 8080}])),
    restricted(
        "sysctl",
        securityContext={
            "sysctls": [{"name": "kernel.msgmax", "value": "1"}],
            "seLinuxOptions": {"type": "foo", "user": "u"},
            "appArmorProfile": {"type": "Unconfined"},
        },
    ),
    restricted(
        "bad",
        container(securityContext=BAD_OWN),
        container("two", securityContext=BAD_OWN),
        hostPID=True,
        volumes=[HOST],
    ),
    restricted(
        "probe",
        container(
            livenessProbe={"httpGet": {"host": "1.1.1.1", "port": 80}},
            lifecycle={"preStop": {"tcpSocket": {"port": 1, "host": "h"}}},
        ),
    ),
    restricted("init", initContainers=[container("i", securityContext={"runAsUser": 0})]),
]

SECURITY: list[Ask] = [
    post(NAMESPACES, secured("drift-bad", "bogus")),
    post(NAMESPACES, secured("drift-bad", "baseline", enforce_version="v2")),
    *made(secured(RESTRICTED, "restricted")),
    *made(secured(BASELINE, "baseline", enforce_version="v1.30")),
    *made(secured(WARNED, "privileged", warn="restricted", audit="baseline")),
    *(post(f"{core(where, 'pods')}?dryRun=All", one) for where in (RESTRICTED, BASELINE, WARNED) for one in PODS),
    post(core(RESTRICTED, "pods"), restricted("ok")),
    strategic(core(RESTRICTED, "pods", "ok"), {"spec": {"containers": [{"name": "notebook", "image": "image:2"}]}}),
    post(core(WARNED, "pods"), bare("bare")),
    strategic(core(WARNED, "pods", "bare"), {"metadata": {"labels": {"a": "b"}}}),
    merge(f"{NAMESPACES}/{WARNED}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}),
    merge(f"{NAMESPACES}/{WARNED}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "bogus"}}}),
    strategic(core(WARNED, "pods", "bare"), {"spec": {"containers": [{"name": "notebook", "image": "image:2"}]}}),
    strategic(core(WARNED, "pods", "bare"), {"metadata": {"labels": {"a": "c"}}}),
]

ROWS = [*QUOTAS, *LIMITS, *SECURITY]
