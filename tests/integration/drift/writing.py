"""Rows: creates, updates, and what is refused before anything is stored."""

from tests.integration.drift.ask import TABLE, Ask, delete, get, post, put
from tests.integration.drift.objects import (
    NAMESPACES,
    claim,
    config,
    core,
    made,
    namespace,
    pod,
    rbac,
    role,
    service,
    thing,
)

N = "drift-writing"
MAPS = core(N, "configmaps")
PODS = core(N, "pods")
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{N}/leases"


def named(name: str) -> dict:
    return thing("Lease", name, "coordination.k8s.io/v1", spec={"holderIdentity": "hub-1", "leaseDurationSeconds": 30})


ROWS: list[Ask] = [
    *made(namespace(N, labels={"team": "physics"})),
    post(NAMESPACES, namespace(N)),
    post(NAMESPACES, namespace("Bad_Name")),
    post(NAMESPACES, namespace("n" * 64)),
    post(NAMESPACES, namespace("")),
    post(f"{NAMESPACES}?dryRun=All", namespace("drift-dry")),
    get(f"{NAMESPACES}/drift-dry"),
    post(f"{NAMESPACES}?dryRun=Some", namespace("drift-dry")),
    # creates
    post(MAPS, config(), keep="map"),
    post(MAPS, config()),
    get(core(N, "configmaps", "a")),
    post(MAPS, config("Bad")),
    post(MAPS, config("n" * 254)),
    post(MAPS, config("x", {"bad key": "1"})),
    post(MAPS, config("x", labels={"bad key": "x"})),
    post(MAPS, config("x", annotations={"n" * 64: "x"})),
    post(MAPS, config("x", annotations={"big": "x" * 262145})),
    post(MAPS, config("x", namespace="other")),
    post(MAPS, config("x", resourceVersion="5")),
    post(MAPS, config("x", uid="5")),
    post(MAPS, config("x", finalizers=["bad"])),
    post(MAPS, config("x", ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "x"}])),
    post(core("drift-none", "configmaps"), config("x")),
    post(core(N, "configmaps", "x"), config("x")),
    post("/api/v1/configmaps", config("x")),
    post(f"{MAPS}?dryRun=All", config("dry")),
    get(core(N, "configmaps", "dry")),
    post(MAPS, config("big", {"a": "x" * 1048577})),
    # generateName
    post(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "gen-"}}, keep="generated"),
    get(core(N, "configmaps", "${generated.metadata.name}")),
    post(PODS, {**pod(), "metadata": {"generateName": "gen-", "labels": {"a": "b"}}}),
    post(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
    post(MAPS, {"apiVersion": "v1", "kind": "ConfigMap"}),
    # updates
    put(core(N, "configmaps", "a"), config("a", {"a": "2"}, resourceVersion="${map.metadata.resourceVersion}")),
    put(core(N, "configmaps", "a"), config("a", {"a": "3"}, resourceVersion="${map.metadata.resourceVersion}")),
    put(core(N, "configmaps", "a"), config("a", {"a": "2"})),
    put(core(N, "configmaps", "a"), config("a", {"a": "4"}, uid="${generated.metadata.uid}")),
    put(core(N, "configmaps", "a"), config("a", resourceVersion="x")),
    put(core(N, "configmaps", "a"), config("b")),
    put(core(N, "configmaps", "a"), config("a", namespace="other")),
    put(core(N, "configmaps", "absent"), config("absent")),
    put(core(N, "configmaps", "absent"), config("absent", resourceVersion="1")),
    put(f"{core(N, 'configmaps', 'a')}?dryRun=All", config("a", {"dry": "yes"})),
    get(core(N, "configmaps", "a")),
    put(rbac(N, "roles", "made-by-put"), role("made-by-put")),
    put(rbac(N, "roles", "made-by-put"), role("made-by-put")),
    # leases, which hold the ledger: a swap by version
    post(LEASES, named("ledger"), keep="lease"),
    put(
        f"{LEASES}/ledger",
        {
            **named("ledger"),
            "metadata": {
                "name": "ledger",
                "resourceVersion": "${lease.metadata.resourceVersion}",
                "annotations": {"grants": "{}"},
            },
        },
    ),
    put(
        f"{LEASES}/ledger",
        {
            **named("ledger"),
            "metadata": {
                "name": "ledger",
                "resourceVersion": "${lease.metadata.resourceVersion}",
                "annotations": {"grants": "1"},
            },
        },
    ),
    put(
        f"{LEASES}/gone",
        {**named("gone"), "metadata": {"name": "gone", "resourceVersion": "${lease.metadata.resourceVersion}"}},
    ),
    put(f"{LEASES}/made", named("made")),
    post(LEASES, {**named("bad"), "spec": {"leaseDurationSeconds": -1}}),
    post(LEASES, {**named("bad"), "spec": {"renewTime": "yesterday"}}),
    # secrets, services, claims
    post(core(N, "secrets"), thing("Secret", "s", stringData={"a": "b"})),
    post(core(N, "secrets"), thing("Secret", "s2", data={"a": "not base64!"})),
    post(core(N, "secrets"), thing("Secret", "s3", type="kubernetes.io/tls", data={})),
    post(core(N, "secrets"), thing("Secret", "s4", immutable=True, data={"a": "YQ=="})),
    put(core(N, "secrets", "s4"), thing("Secret", "s4", immutable=True, data={"a": "Yg=="})),
    post(core(N, "services"), service("svc", selector={"a": "b"})),
    post(core(N, "services"), service("headless", clusterIP="None", selector={"a": "b"})),
    post(core(N, "services"), service("0bad")),
    post(core(N, "services"), service("bad", ports=[])),
    post(core(N, "services"), service("bad", type="Bogus")),
    post(core(N, "persistentvolumeclaims"), claim("c", storageClassName="")),
    post(core(N, "persistentvolumeclaims"), claim("c2", "0")),
    post(core(N, "persistentvolumeclaims"), claim("c2", "-1Gi")),
    post(core(N, "persistentvolumeclaims"), claim("c2", "1Gx")),
    post(core(N, "serviceaccounts"), thing("ServiceAccount", "notebook", automountServiceAccountToken=False)),
    # tables, as kubectl asks for them
    get(MAPS, headers={"Accept": TABLE}),
    get(core(N, "configmaps", "a"), headers={"Accept": TABLE}),
    get(core(N, "services"), headers={"Accept": TABLE}),
    get(core(N, "secrets"), headers={"Accept": TABLE}),
    get(f"{NAMESPACES}/{N}", headers={"Accept": TABLE}),
    get(MAPS, headers={"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}),
    get(core(N, "configmaps", "a"), headers={"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}),
    delete(MAPS),
]
