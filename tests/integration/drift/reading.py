"""Rows: lists with selectors, pages and versions; watches from versions old, new and to come."""

from tests.integration.drift.ask import TABLE, Ask, but, delete, get, merge, post
from tests.integration.drift.objects import NAMESPACES, config, container, core, made, namespace, pod

N = "drift-reading"
MAPS = core(N, "configmaps")
PODS = core(N, "pods")


def watch(path: str, query: str, **rest: object) -> Ask:
    return get(f"{path}?watch=1&timeoutSeconds=1{query}", **rest)


ROWS: list[Ask] = [
    *made(namespace(N)),
    get(MAPS, keep="start"),
    *(post(MAPS, config(f"m{n}", labels={"n": str(n), "odd": str(n % 2)})) for n in range(5)),
    post(PODS, pod("p1", meta={"labels": {"app": "a"}})),
    post(
        PODS, pod("p2", container(limits={"cpu": "1", "memory": "1Gi"}), meta={"labels": {"app": "b"}}, nodeName="n1")
    ),
    # selectors
    get(f"{MAPS}?labelSelector=odd=1"),
    get(f"{MAPS}?labelSelector=odd!=1"),
    get(f"{MAPS}?labelSelector=n in (1,2),odd"),
    get(f"{MAPS}?labelSelector=n notin (1,2),odd"),
    get(f"{MAPS}?labelSelector=!n"),
    get(f"{MAPS}?labelSelector=n>2"),
    get(f"{MAPS}?labelSelector=n in"),
    get(f"{MAPS}?labelSelector=a b"),
    get(f"{MAPS}?labelSelector=l=bad value!"),
    get(f"{MAPS}?fieldSelector=metadata.name=m1"),
    get(f"{MAPS}?fieldSelector=metadata.name!=m1,metadata.namespace={N}"),
    get(f"{MAPS}?fieldSelector=data.a=1"),
    get(f"{MAPS}?fieldSelector=metadata.name"),
    get(f"{PODS}?fieldSelector=spec.nodeName=n1"),
    get(f"{PODS}?fieldSelector=status.phase=Pending,spec.nodeName="),
    get(f"{PODS}?fieldSelector=spec.image=x"),
    get("/api/v1/pods?labelSelector=app=a"),
    get(f"/api/v1/configmaps?fieldSelector=metadata.namespace={N},metadata.name=m0"),
    get(f"{NAMESPACES}?fieldSelector=metadata.name={N}"),
    get(f"{NAMESPACES}?labelSelector=kubernetes.io/metadata.name={N}"),
    get(f"{PODS}?labelSelector=app", headers={"Accept": TABLE}),
    get("/api/v1/pods?labelSelector=app", headers={"Accept": TABLE}),
    get(core("drift-none", "pods")),
    # pages
    get(f"{MAPS}?limit=2&labelSelector=n"),
    get(f"{MAPS}?limit=2", keep="page"),
    get(f"{MAPS}?limit=2&continue=${{page.metadata.continue}}", keep="page2"),
    post(MAPS, config("m9")),
    get(f"{MAPS}?limit=2&continue=${{page2.metadata.continue}}", keep="page3"),
    get(f"{MAPS}?continue=bogus"),
    get(f"{MAPS}?limit=many"),
    get(f"{MAPS}?limit=-1"),
    get(f"{MAPS}?limit=2&continue=${{page.metadata.continue}}&resourceVersion=${{page.metadata.resourceVersion}}"),
    # versions
    get(f"{MAPS}?resourceVersion=0"),
    get(f"{MAPS}?resourceVersion=${{start.metadata.resourceVersion}}&resourceVersionMatch=Exact"),
    get(f"{MAPS}?resourceVersion=${{start.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan"),
    get(f"{MAPS}?resourceVersion=0&resourceVersionMatch=Exact"),
    get(f"{MAPS}?resourceVersionMatch=Exact"),
    get(f"{MAPS}?resourceVersion=x"),
    get(f"{MAPS}?resourceVersion=1&resourceVersionMatch=Bogus"),
    get(f"{MAPS}/m0?resourceVersion=0"),
    get(f"{MAPS}?resourceVersion=999999999"),
    # watches
    merge(core(N, "configmaps", "m0"), {"data": {"a": "2"}}),
    merge(core(N, "configmaps", "m1"), {"metadata": {"labels": {"odd": "0"}}}),
    merge(core(N, "configmaps", "m2"), {"metadata": {"labels": {"odd": "1"}}}),
    delete(core(N, "configmaps", "m3")),
    watch(MAPS, "&resourceVersion=${start.metadata.resourceVersion}"),
    watch(MAPS, "&resourceVersion=${start.metadata.resourceVersion}&labelSelector=odd=1"),
    watch(MAPS, "&resourceVersion=${start.metadata.resourceVersion}&fieldSelector=metadata.name=m3"),
    watch(f"{MAPS}/m0", "&resourceVersion=${start.metadata.resourceVersion}"),
    but(
        "deprecated since 2018; no client of ours asks so",
        get(f"/api/v1/watch/namespaces/{N}/configmaps/m0?timeoutSeconds=1"),
    ),
    watch(MAPS, "&labelSelector=odd=1"),
    watch(MAPS, "&resourceVersion=0&labelSelector=odd=1"),
    watch(MAPS, "&resourceVersion=1"),
    watch(MAPS, "&resourceVersion=x"),
    watch(MAPS, "&sendInitialEvents=true&allowWatchBookmarks=true"),
    watch(MAPS, "&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"),
    watch(MAPS, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
    watch(MAPS, "&labelSelector=a b"),
    watch(MAPS, "&fieldSelector=data.a=1"),
    watch(PODS, "&fieldSelector=spec.nodeName=n1"),
    watch(PODS, "", headers={"Accept": TABLE}),
    watch(
        PODS,
        "&fieldSelector=spec.nodeName=n1",
        headers={"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"},
    ),
]
