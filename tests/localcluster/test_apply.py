"""Covers server-side apply beyond the recorded answers: who owns what, lists by key, lists as a whole, forcing."""

from tests.localcluster.conftest import APPLY, MERGE, STRATEGIC

MAP = "/api/v1/namespaces/default/configmaps/a"
PODS = "/api/v1/namespaces/default/pods"


def owners(obj):
    return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}


async def test_what_is_not_applied_any_more_goes_unless_another_has_it(http, config_map):
    await http("PATCH", f"{MAP}?fieldManager=one", config_map("a", {"mine": "1", "ours": "1"}), kind=APPLY)
    await http("PATCH", f"{MAP}?fieldManager=two", config_map("a", {"ours": "1"}), kind=APPLY)
    _, obj = await http("PATCH", f"{MAP}?fieldManager=one", config_map("a", {"x": "1"}), kind=APPLY)
    assert obj["data"] == {"ours": "1", "x": "1"}
    assert owners(obj)["one", "Apply"] == {"f:data": {"f:x": {}}}


async def test_force_takes_only_the_fields_in_dispute(http, config_map):
    await http("PATCH", f"{MAP}?fieldManager=one", config_map("a", {"a": "1", "b": "1"}), kind=APPLY)
    _, obj = await http("PATCH", f"{MAP}?fieldManager=two&force=true", config_map("a", {"a": "2"}), kind=APPLY)
    assert obj["data"] == {"a": "2", "b": "1"}
    assert owners(obj)["one", "Apply"] == {"f:data": {"f:b": {}}}


async def test_a_plain_patch_takes_what_it_changes(http, config_map):
    await http("PATCH", f"{MAP}?fieldManager=one", config_map("a", {"a": "1", "b": "1"}), kind=APPLY)
    _, obj = await http("PATCH", f"{MAP}?fieldManager=editor", {"data": {"a": "2"}}, kind=MERGE)
    assert owners(obj)["one", "Apply"] == {"f:data": {"f:b": {}}}
    assert owners(obj)["editor", "Update"] == {"f:data": {"f:a": {}}}
    code, refusal = await http("PATCH", f"{MAP}?fieldManager=one", config_map("a", {"a": "1", "b": "1"}), kind=APPLY)
    assert code == 409
    assert refusal["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "editor" using v1', "field": ".data.a"}
    ]


async def test_containers_are_told_apart_by_name(http, pod):
    one = pod("p", automountServiceAccountToken=False)
    one["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    await http("PATCH", f"{PODS}/p?fieldManager=one", one, kind=APPLY)
    image = pod("p")
    image["spec"]["containers"] = [{"name": "notebook", "image": "busybox:2"}]
    code, refusal = await http("PATCH", f"{PODS}/p?fieldManager=two", image, kind=APPLY)
    assert code == 409
    assert refusal["details"]["causes"][0]["field"] == '.spec.containers[name="notebook"].image'
    _, obj = await http("PATCH", f"{PODS}/p?fieldManager=two&force=true", image, kind=APPLY)
    assert obj["spec"]["containers"][0]["image"] == "busybox:2"
    assert obj["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]


async def test_subjects_are_replaced_whole(http):
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/rb?fieldManager=one"

    def binding(*names):
        subjects = [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"} for name in names]
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
        version = "rbac.authorization.k8s.io/v1"
        return {
            "apiVersion": version,
            "kind": "RoleBinding",
            "metadata": {"name": "rb"},
            "roleRef": reference,
            "subjects": subjects,
        }

    await http("PATCH", path, binding("a", "b"), kind=APPLY)
    _, obj = await http("PATCH", path, binding("c"), kind=APPLY)
    assert [subject["name"] for subject in obj["subjects"]] == ["c"]


async def test_a_status_has_owners_of_its_own(http, pod):
    await http("POST", PODS, pod("p", automountServiceAccountToken=False))
    _, obj = await http(
        "PATCH", f"{PODS}/p/status?fieldManager=kubelet", {"status": {"podIP": "127.0.0.9"}}, kind=STRATEGIC
    )
    entry = next(entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == "kubelet")
    addresses = {".": {}, 'k:{"ip":"127.0.0.9"}': {".": {}, "f:ip": {}}}
    assert (entry["subresource"], entry["fieldsV1"]) == (
        "status",
        {"f:status": {"f:podIP": {}, "f:podIPs": addresses}},
    )
    await http("PATCH", f"{PODS}/p", {"status": {"podIP": "1.2.3.4"}}, kind=MERGE)
    assert (await http("GET", f"{PODS}/p"))[1]["status"]["podIP"] == "127.0.0.9"
