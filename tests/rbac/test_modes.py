"""Covers the three modes: all that a mode promises works with exactly its rights, and none of these is idle.

The objects are the product's own plan, sent as the hub in the product's own order to a real API server; its audit log is what
rights were used.
"""

import pytest
import yaml

from tenantspawner.kube.kinds import kind_of
from tests.rbac.plans import PULL_SECRET, the_plan
from tests.rbac.world import MERGE, World
from tests.support.rights import granted, settle

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


def at_home(world):
    """What the hub does in its own namespace in every mode."""
    core = f"/api/v1/namespaces/{world.namespace}"
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{world.namespace}/leases"
    world.ok("GET", f"{core}/configmaps")
    world.watch(f"{core}/configmaps")
    tenancy = world.ok("GET", f"{core}/configmaps/tenancy", user="admin")
    about = {"kind": "ConfigMap", "namespace": world.namespace, "name": "tenancy", "uid": tenancy["metadata"]["uid"]}
    event = {"metadata": {"generateName": "tenancy."}, "involvedObject": about, "reason": "TenancyRejected"}
    world.ok("POST", f"{core}/events", event)
    world.ok("GET", f"{core}/secrets/{PULL_SECRET}")
    ledger = world.ok("POST", leases, {"metadata": {"name": "tenantspawner-budget-physics"}})
    world.ok("GET", leases)
    world.watch(leases)
    world.ok("GET", f"{leases}/tenantspawner-budget-physics")
    swap = {"metadata": {"annotations": {"x": "y"}, "resourceVersion": ledger["metadata"]["resourceVersion"]}}
    world.ok("PATCH", f"{leases}/tenantspawner-budget-physics", swap, MERGE)
    question = {"spec": {"resourceAttributes": {"verb": "watch", "resource": "pods"}}}
    world.ok("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", question)


def with_servers(world, plan, pod):
    """What the hub does where servers run."""
    core = f"/api/v1/namespaces/{plan.namespace}"
    for before_a_pod in ("resourcequotas", "limitranges") if plan.provisions else ():
        world.ok("GET", f"{core}/{before_a_pod}")
    world.ok("GET", f"{core}/pods")
    world.watch(f"{core}/pods")
    world.ok("GET", f"{core}/events?fieldSelector=involvedObject.uid={pod['metadata']['uid']}")
    world.watch(f"{core}/events")
    world.ok("GET", f"{core}/pods/{plan.pod_name}")
    world.ok("GET", f"{core}/pods/{plan.pod_name}/log?container=notebook")
    stop = {"preconditions": {"uid": pod["metadata"]["uid"]}, "propagationPolicy": "Background"}
    world.ok("DELETE", f"{core}/pods/{plan.pod_name}", stop)
    world.ok("DELETE", f"{core}/persistentvolumeclaims/{plan.claim['metadata']['name']}")


def retire(world, plan):
    """What the hub takes away when no document says it any more."""
    for obj in plan.provisions.furnishings:
        if obj["kind"] == "ServiceAccount":
            continue  # pods that run have it
        path = kind_of(obj).path(plan.namespace, obj["metadata"]["name"])
        uid = world.ok("GET", path)["metadata"]["uid"]
        world.ok("DELETE", path, {"preconditions": {"uid": uid}, "propagationPolicy": "Background"})


def check(world, mark, *manifests):
    rights = granted(yaml.safe_load_all("\n---\n".join(manifests)))
    rows = world.plane.audit(user=world.user, since=mark)
    # Just after a binding the API server may not know it yet: asked again until it does, as the product does.
    settled = {(row.verb, row.resource, row.name) for row in rows if row.code < 300}
    rows = [row for row in rows if row.code != 403 or (row.verb, row.resource, row.name) not in settled]
    account = settle(rights, rows)
    assert (account.unused, account.refused) == ((), ()), str(account)


def test_mode_1_runs_servers_in_the_hubs_namespace(plane, printed):
    rights = printed("--mode", "hub", "--namespace", "lab1", "--services")
    plane.kubectl("apply", "-f", "-", stdin=rights)
    world, mark = World(plane, "lab1", "lab1", "lab1-"), plane.audit_mark()
    plan = the_plan(world, per="hub", profile="small")
    assert plan.namespace == "lab1"
    assert plan.provisions is None
    at_home(world)
    account = {"metadata": {"name": "notebook"}}  # in its own namespace the hub makes none
    world.ok("POST", "/api/v1/namespaces/lab1/serviceaccounts", account, user="admin")
    pod = world.start(plan)
    service = {"metadata": {"name": "jupyter-ada"}, "spec": {"ports": [{"port": 8888}]}}
    world.ok("POST", "/api/v1/namespaces/lab1/services", service)
    world.ok("GET", "/api/v1/namespaces/lab1/services/jupyter-ada")
    with_servers(world, plan, pod)
    check(world, mark, rights)


def test_mode_2_runs_servers_in_namespaces_that_admins_have_made(plane, printed):
    world = World(plane, "lab2", "lab2", "lab2-")
    plan = the_plan(world, per="tenant", binds=False)
    world.ok("POST", "/api/v1/namespaces", plan.provisions.space, user="admin")
    rights = printed("--mode", "tenant", "--namespace", "lab2", "--tenant-namespace", plan.namespace)
    plane.kubectl("apply", "-f", "-", stdin=rights)
    mark = plane.audit_mark()
    at_home(world)
    pod = world.start(plan, makes_namespace=False)
    edited = {"spec": {"hard": {"limits.cpu": "7"}}}
    world.ok("PATCH", f"/api/v1/namespaces/{plan.namespace}/resourcequotas/tenantspawner", edited, MERGE)
    world.ok("GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{plan.namespace}/rolebindings/tenantspawner-hub")
    with_servers(world, plan, pod)
    retire(world, plan)
    notebook = next(each for each in yaml.safe_load_all(rights) if each["metadata"]["name"] == "tenantspawner-notebook")
    check(world, mark, without(rights, notebook))
    for path in ("/api/v1/namespaces", "/api/v1/namespaces/other", "/api/v1/pods", "/api/v1/namespaces/other/pods"):
        assert world.ask("GET", path).status == 403


def test_mode_3_makes_namespaces_and_binds_itself_in_them(plane, hub, printed):
    mark = plane.audit_mark()
    plan = the_plan(hub, "grace")
    at_home(hub)
    pod = hub.start(plan)
    hub.ok("GET", "/api/v1/namespaces")
    hub.watch("/api/v1/namespaces")
    hub.ok("GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{plan.namespace}/rolebindings/tenantspawner-hub")
    with_servers(hub, plan, pod)
    retire(hub, plan)
    rights = printed("--mode", "3", "--namespace", "jupyterhub")
    others = [each for each in yaml.safe_load_all(rights) if each["metadata"]["name"] in OTHERS]
    check(hub, mark, without(rights, *others))


OTHERS = ("tenantspawner-notebook", "tenantspawner-break-glass")


def without(rights, *others):
    kept = [each for each in yaml.safe_load_all(rights) if each not in others]
    return yaml.safe_dump_all(kept)


def test_a_second_start_finds_everything_and_changes_it(hub):
    plan = the_plan(hub, "mary")
    hub.start(plan)
    hub.grant(plan.provisions)
    for obj in (plan.provisions.rights, *plan.provisions.fences, *plan.provisions.furnishings):
        hub.apply(obj)


def test_the_cluster_wide_read_role_watches_everywhere(plane, hub, printed):
    rights = printed("--mode", "3", "--namespace", "jupyterhub", "--cluster-read")
    read = [each for each in yaml.safe_load_all(rights) if "read" in each["metadata"]["name"]]
    plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(read))
    plan = the_plan(hub)
    mark = plane.audit_mark()
    for path in (
        "/api/v1/pods",
        "/api/v1/resourcequotas",
        "/api/v1/limitranges",
        "/api/v1/serviceaccounts",
        "/apis/networking.k8s.io/v1/networkpolicies",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    ):
        hub.ok("GET", path)
        hub.watch(path)
    for obj in (*plan.provisions.fences, *plan.provisions.furnishings):
        if obj["kind"] != "Secret":
            hub.ok("GET", kind_of(obj).path(plan.namespace, obj["metadata"]["name"]))
    check(hub, mark, yaml.safe_dump_all(read))
    assert hub.ask("GET", "/api/v1/secrets").status == 403
    plane.kubectl("delete", "clusterrolebinding", "tenantspawner.jupyterhub.read")


@pytest.mark.parametrize("base", ["mode-1", "mode-2", "mode-3", "cluster-read", "policies"])
def test_no_right_is_wide(base):
    from tenantspawner.cli.kustomize import build
    from tenantspawner.cli.rbac import _read

    for manifest in build(_read, base):
        for rule in manifest.get("rules", []):
            said = {*rule["verbs"], *rule["resources"], *rule["apiGroups"]}
            assert not said & {"*", "escalate", "impersonate", "pods/exec", "serviceaccounts/token", "deletecollection"}
            if "secrets" in rule["resources"] and set(rule["verbs"]) != {"create"}:
                assert rule["resourceNames"]
                assert not {"list", "watch"} & set(rule["verbs"])
            if "bind" in rule["verbs"]:
                assert rule["resourceNames"]
