"""Covers objects' lives: names made, versions, preconditions, grace, finalizers, namespaces, dry runs, no-ops."""

import pytest

from tests.localcluster.conftest import APPLY, MERGE

DEFAULT = "/api/v1/namespaces/default"
MAPS = f"{DEFAULT}/configmaps"


async def test_a_name_is_made_of_a_prefix(http, config_map):
    manifest = config_map("x")
    manifest["metadata"] = {"generateName": "some-"}
    answers = [(await http("POST", MAPS, manifest))[1]["metadata"]["name"] for _ in range(3)]
    assert all(name.startswith("some-") and len(name) == 10 for name in answers)
    assert len(set(answers)) == 3


async def test_a_write_on_an_old_version_is_a_conflict(http, config_map):
    _, made = await http("POST", MAPS, config_map("a"))
    await http("PATCH", f"{MAPS}/a", {"data": {"a": "2"}}, kind=MERGE)
    code, refusal = await http("PUT", f"{MAPS}/a", {**made, "data": {"a": "3"}})
    assert (code, refusal["reason"]) == (409, "Conflict")


@pytest.mark.parametrize("how", ["put", "patch", "apply"])
async def test_what_changes_nothing_keeps_the_version(http, config_map, how):
    _, made = await http("POST", MAPS, config_map("a"))
    if how == "apply":
        for _ in range(2):
            _, made = await http("PATCH", f"{MAPS}/a?fieldManager=m", config_map("a"), kind=APPLY)
        _, again = await http("PATCH", f"{MAPS}/a?fieldManager=m", config_map("a"), kind=APPLY)
    elif how == "put":
        _, again = await http("PUT", f"{MAPS}/a", made)
    else:
        _, again = await http("PATCH", f"{MAPS}/a", {"data": {"a": "1"}}, kind=MERGE)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_sixteen_cores_are_sixteen_thousand_millicores(http):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {"hard": {"limits.cpu": "16"}},
    }
    path = f"{DEFAULT}/resourcequotas/q?fieldManager=m"
    http.cluster.settings.quota_delay = None
    _, made = await http("PATCH", path, quota, kind=APPLY)
    quota["spec"]["hard"]["limits.cpu"] = "16000m"
    _, again = await http("PATCH", path, quota, kind=APPLY)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("700u", "1m"), ("0.3005", "301m"), ("1e-9", "1e-3"), ("0.3", "300m"), ("5", "5")],
)
async def test_an_amount_of_a_resource_is_rounded_up_to_thousandths(http, said, kept):
    status = {"capacity": {"cpu": said}}
    code, made = await http("POST", "/api/v1/nodes", {"metadata": {"name": "n"}, "status": status})
    assert code == 201
    assert made["status"]["capacity"]["cpu"] == kept


async def test_a_quota_may_count_huge_pages(http):
    hard = {"hugepages-2Mi": "1Gi", "requests.hugepages-2Mi": "1Gi"}
    code, made = await http("POST", f"{DEFAULT}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    assert code == 201
    assert made["spec"]["hard"] == hard


async def test_a_dry_run_changes_nothing(http, config_map):
    code, made = await http("POST", f"{MAPS}?dryRun=All", config_map("a"))
    assert (code, made["metadata"]["name"]) == (201, "a")
    assert (await http("GET", f"{MAPS}/a"))[0] == 404
    await http("POST", MAPS, config_map("a"))
    await http("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"a": "9"}}, kind=MERGE)
    await http("DELETE", f"{MAPS}/a?dryRun=All")
    assert (await http("GET", f"{MAPS}/a"))[1]["data"] == {"a": "1"}


async def test_a_delete_names_the_object_it_means(http, config_map):
    await http("POST", MAPS, config_map("a"))
    code, refusal = await http("DELETE", f"{MAPS}/a", {"preconditions": {"uid": "other"}})
    assert code == 409
    assert refusal["message"].startswith(
        'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other)'
    )


async def test_finalizers_hold_an_object_until_they_are_gone(http, config_map):
    await http("POST", MAPS, config_map("a", finalizers=["example.com/hold"]))
    _, held = await http("DELETE", f"{MAPS}/a")
    assert held["metadata"]["deletionTimestamp"]
    await http("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": []}}, kind=MERGE)
    assert (await http("GET", f"{MAPS}/a"))[0] == 404


async def test_a_pod_on_a_node_waits_for_its_kubelet(http, pod):
    await http("POST", f"{DEFAULT}/pods", pod("p", automountServiceAccountToken=False))
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "n"},
    }
    assert (await http("POST", f"{DEFAULT}/pods/p/binding", binding))[0] == 201
    _, marked = await http("DELETE", f"{DEFAULT}/pods/p")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    assert (await http("GET", f"{DEFAULT}/pods/p"))[0] == 200
    await http("DELETE", f"{DEFAULT}/pods/p", {"gracePeriodSeconds": 0})
    assert (await http("GET", f"{DEFAULT}/pods/p"))[0] == 404


async def test_a_pod_on_no_node_goes_at_once(http, pod):
    await http("POST", f"{DEFAULT}/pods", pod("p", automountServiceAccountToken=False))
    await http("DELETE", f"{DEFAULT}/pods/p")
    assert (await http("GET", f"{DEFAULT}/pods/p"))[0] == 404


async def test_the_quality_of_service_is_computed(http, pod):
    manifest = pod("p", automountServiceAccountToken=False)
    manifest["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    _, made = await http("POST", f"{DEFAULT}/pods", manifest)
    assert made["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert made["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}


async def test_a_pod_that_says_as_a_whole_what_it_is_limited_to_requests_it_too(http):
    asked = {"requests": {"cpu": "100m"}, "limits": {"hugepages-2Mi": "2Mi"}}
    spec = {
        "containers": [{"name": name, "image": "i", "resources": asked} for name in ("c", "d")],
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
        "automountServiceAccountToken": False,
    }
    code, made = await http("POST", f"{DEFAULT}/pods", {"metadata": {"name": "p"}, "spec": spec})
    assert code == 201
    pages = {"hugepages-2Mi": "4Mi"}
    assert made["spec"]["resources"] == {
        "limits": {"cpu": "2", "memory": "1Gi", **pages},
        "requests": {"cpu": "200m", "memory": "1Gi", **pages},
    }


async def test_a_secret_keeps_plain_strings_encoded(http):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    _, made = await http("POST", f"{DEFAULT}/secrets", secret)
    assert made["data"] == {"a": "Yg=="}
    assert "stringData" not in made


async def test_an_event_is_the_same_in_both_groups(http):
    event = {
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "R", "note": "N",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}, "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "c", "reportingInstance": "i", "action": "A", "type": "Normal",
    }  # fmt: skip
    code, _ = await http("POST", "/apis/events.k8s.io/v1/namespaces/default/events", event)
    assert code == 201
    _, core = await http("GET", f"{DEFAULT}/events/e")
    assert (core["message"], core["involvedObject"]["name"], core["kind"]) == ("N", "p", "Event")


async def test_many_writers_of_one_object_lose_nothing(http, config_map):
    """Optimistic locking: each writer tries again until its version fits."""
    import asyncio

    await http("POST", MAPS, config_map("a", {"count": "0"}))

    async def add():
        while True:
            _, seen = await http("GET", f"{MAPS}/a")
            seen["data"]["count"] = str(int(seen["data"]["count"]) + 1)
            if (await http("PUT", f"{MAPS}/a", seen))[0] == 200:
                return

    await asyncio.gather(*(add() for _ in range(10)))
    assert (await http("GET", f"{MAPS}/a"))[1]["data"] == {"count": "10"}
