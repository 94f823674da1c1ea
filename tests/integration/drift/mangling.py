"""Rows: bodies and paths that are no good, and methods, types and versions that nobody serves."""

from tests.integration.drift.ask import JSON, Ask, but, delete, get, post, put
from tests.integration.drift.objects import NAMESPACES, config, container, core, made, namespace, pod, thing

N = "drift-mangling"
MAPS = core(N, "configmaps")
PODS = core(N, "pods")
TWICE = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}'
LAST = "Python's JSON reader takes the last of equal keys without telling"

BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"5", b"{} {}", b'{"a":', b'{"kind":"ConfigMap"', b"\xff\xfe", b"kind: ConfigMap", b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"cut"',
]  # fmt: skip
MANGLED = [
    {**config("x"), "kind": "Secret"},
    {**config("x"), "kind": ""},
    {**config("x"), "apiVersion": "v2"},
    {**config("x"), "apiVersion": "apps/v1"},
    {**config("x"), "kind": 5},
    {**config("x"), "metadata": []},
    {**config("x"), "metadata": "x"},
    {**config("x"), "metadata": {"name": 5}},
    {**config("x"), "metadata": {"name": "x", "labels": {"a": 5}}},
    {**config("x"), "metadata": {"name": "x", "labels": ["a"]}},
    {**config("x"), "metadata": {"name": "x", "ownerReferences": {}}},
    {**config("x"), "data": "x"},
    {**config("x"), "data": {"a": 1.5}},
    {**config("x"), "data": {"a": True}},
    {**config("x"), "data": {"a": {}}},
    {**config("x"), "binaryData": {"a": "not base64!"}},
    {**config("x"), "immutable": "yes"},
]
SPECS = [
    pod("x", containers=5),
    pod("x", containers=[]),
    pod("x", containers=[5]),
    pod("x", {"image": "x"}),
    pod("x", {"name": "x"}),
    pod("x", {"name": "X y", "image": "x"}),
    pod("x", container(), container()),
    pod("x", container(image=5)),
    pod("x", container(command="x")),
    pod("x", container(imagePullPolicy="Maybe")),
    pod("x", container(requests={"cpu": "x"})),
    pod("x", container(requests={"cpu": "-1"})),
    pod("x", container(requests={"cpu": "1.5.5"}, limits={"memory": "1GB"})),
    pod("x", container(requests={"cpu": True})),
    pod("x", container(requests={"cpu": "3"}, limits={"cpu": "2"})),
    pod("x", container(requests={"bogus": "1"})),
    pod("x", container(requests={"nvidia.com/gpu": "1"})),
    pod("x", container(limits={"nvidia.com/gpu": "1500m"})),
    pod("x", container(limits={"nvidia.com/gpu": "2"}, requests={"nvidia.com/gpu": "1"})),
    pod("x", container(env=[{"value": "x"}])),
    pod("x", container(env=[{"name": "A", "value": 5}])),
    pod("x", container(env=[{"name": "A=B", "value": "x"}])),
    pod("x", container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.bogus"}}}])),
    pod("x", container(ports=[{"containerPort": 70000}])),
    pod("x", container(ports=[{"containerPort": 80, "name": "Bad_Port"}])),
    pod("x", container(volumeMounts=[{"name": "v", "mountPath": "/x"}])),
    pod("x", container(volumeMounts=[{"name": "v", "mountPath": ""}]), volumes=[{"name": "v", "emptyDir": {}}]),
    pod("x", container(securityContext={"runAsUser": -1, "privileged": "yes"})),
    pod("x", container(securityContext={"runAsUser": -1})),
    pod("x", volumes=[{"name": "v"}, {"name": "v"}]),
    pod("x", volumes=[{"name": "v", "secret": {}}]),
    pod("x", volumes=[{"name": "v", "secret": {"secretName": "x"}, "emptyDir": {}}]),
    pod("x", volumes=[{"name": "v", "persistentVolumeClaim": {}}]),
    pod("x", volumes=[{"name": "v", "emptyDir": {"sizeLimit": "x"}}]),
    pod("x", restartPolicy="Maybe"),
    pod("x", terminationGracePeriodSeconds=-1),
    pod("x", activeDeadlineSeconds=0),
    pod("x", nodeSelector={"bad key": "x"}),
    pod("x", tolerations=[{"operator": "Maybe"}]),
    pod("x", hostname="Bad_Host"),
    pod("x", dnsPolicy="Maybe"),
    pod("x", securityContext={"fsGroup": -1}),
    pod("x", affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}),
    pod("x", initContainers=[container("i", restartPolicy="Never")]),
    pod("n" * 254),
    thing("Pod", "x"),
]

ROWS: list[Ask] = [
    *made(namespace(N)),
    *(post(MAPS, body) for body in BODIES),
    *(post(MAPS, body) for body in MANGLED),
    *(post(PODS, body) for body in SPECS),
    *(
        post(
            f"{MAPS}?fieldValidation={how}",
            {**config(f"v-{how.lower()}"), "bogus": 1, "metadata": {"name": f"v-{how.lower()}", "nope": 2}},
        )
        for how in ("Ignore", "Warn", "Strict", "Bogus")
    ),
    but(LAST, post(MAPS, TWICE)),
    but(LAST, post(f"{MAPS}?fieldValidation=Strict", TWICE)),
    post(f"{PODS}?fieldValidation=Strict", pod("x", container(bogus=1), bogus=2)),
    post(MAPS, b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\n", content="application/yaml"),
    post(MAPS, b"a: b: c", content="application/yaml"),
    post(MAPS, config("x"), content="text/plain"),
    post(MAPS, config("x"), content="application/x-www-form-urlencoded"),
    post(MAPS, config("charset"), content=f"{JSON}; charset=utf-8"),
    # methods, paths, types of answers
    put(MAPS, config("x")),
    Ask("PATCH", MAPS, {}, content="application/merge-patch+json"),
    post(core(N, "configmaps", "x"), config("x")),
    delete(NAMESPACES),
    Ask("OPTIONS", MAPS),
    get("/api/v1/bogus"),
    get("/api/v2"),
    get("/api/v2/pods"),
    get("/apis/example.org"),
    get("/apis/example.org/v1"),
    get("/apis/example.org/v1/things"),
    but("we serve no group apps", get("/apis/apps/v9/deployments")),
    get("/apis/rbac.authorization.k8s.io/v1/bogus"),
    get("/bogus"),
    get(core(N, "configmaps", "none")),
    get(core(N, "configmaps", "none/status")),
    get(core(N, "configmaps", "Bad_Name")),
    get(MAPS, headers={"Accept": "text/html"}),
    get(MAPS, headers={"Accept": "*/*"}),
    get(MAPS, headers={"Accept": "application/bogus, application/json"}),
    but("ours says that it is ours", get("/version")),
    get("/readyz"),
    get("/livez"),
    get(f"{MAPS}?pretty=true"),
    get(f"{MAPS}?bogus=1"),
]
