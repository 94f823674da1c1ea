"""Covers the policies themselves: they are well typed, the quota gate holds with the quota controller stopped, what is missing
refuses, and those who may still can: Kubernetes' own controllers, cluster admins, the break-glass group, tenants that serve themselves.
"""

import json
import time

import pytest

from tenantspawner.plan import owned
from tests.rbac.conftest import EVERYTHING, space, until_refused
from tests.rbac.plans import the_plan
from tests.rbac.test_tenant_attacks import own_pod
from tests.rbac.world import MERGE, kind_of_refusal

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

CONTROLLERS = "kube-controller-manager"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"


def until(condition, what):
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def give_everything(world, namespace, *users):
    role = {"metadata": {"name": "everything"}, "rules": EVERYTHING}
    world.ok("POST", f"{RIGHTS}/namespaces/{namespace}/roles", role, user="admin")
    subjects = [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"} for name in users]
    role_ref = {"kind": "Role", "name": "everything", "apiGroup": "rbac.authorization.k8s.io"}
    bound = {"metadata": {"name": "everything"}, "roleRef": role_ref, "subjects": subjects}
    world.ok("POST", f"{RIGHTS}/namespaces/{namespace}/rolebindings", bound, user="admin")


def test_every_expression_is_well_typed(plane, hub, root_hub):
    def checked():
        found = json.loads(plane.kubectl("get", "validatingadmissionpolicies", "-o", "json"))["items"]
        return len(found) == 22 and all("typeChecking" in each.get("status", {}) for each in found) and found

    until(checked, "the policies were not checked")
    assert [each["status"]["typeChecking"] for each in checked()] == [{}] * 22


def test_no_pod_starts_before_its_quota_is_in_force(plane, hub):
    """With a stopped controller the API server alone would let a pod of any size pass a fresh quota."""
    plan = the_plan(hub, "stopped")
    wanted, pods = plan.provisions, f"/api/v1/namespaces/{plan.namespace}/pods"
    plane.pause(CONTROLLERS)
    try:
        hub.create(wanted.space)
        hub.apply(wanted.rights)
        hub.make_quota(wanted)
        for obj in (*wanted.fences, *wanted.furnishings):
            hub.apply(obj)
        until_refused(hub, "quota-gate", "POST", pods, plan.pod)
        until_refused(hub, "quota-gate", "POST", pods, plan.pod, user="admin")
    finally:
        plane.resume(CONTROLLERS)
    hub.grant(wanted)
    hub.create(plan.claim)
    hub.create(plan.pod)


def test_without_its_quota_a_namespace_starts_no_pod(hub):
    reply = hub.ask("POST", f"/api/v1/namespaces/{hub.prefix}bare/pods", own_pod(), user="admin")
    assert reply.status == 422
    assert "no params found for policy binding" in reply.body["message"]


def test_a_namespace_is_closed_by_a_quota_of_no_pods(hub):
    """Such a quota needs no other key: nothing can run that would have to be counted."""
    wanted = the_plan(hub, "closed").provisions
    hub.create(wanted.space)
    hub.apply(wanted.rights)
    closed = {**wanted.quota, "spec": {"hard": {"pods": "1"}}}
    quotas = f"/api/v1/namespaces/{wanted.namespace}/resourcequotas"
    until_refused(hub, "quota-required", "POST", quotas, closed)
    closed["spec"]["hard"]["pods"] = "0"
    hub.ok("POST", quotas, closed)


def test_without_ceilings_the_hub_starts_no_pod_and_nobody_else_is_troubled(plane, hub, root_hub):
    ceilings = f"/api/v1/namespaces/{hub.namespace}/configmaps/tenantspawner-ceilings"
    kept = hub.ok("GET", ceilings, user="admin")
    hub.ok("DELETE", ceilings, user="admin")
    try:
        dry = the_plan(hub).pod | {"metadata": {**the_plan(hub).pod["metadata"], "name": "late"}}
        late = ("POST", f"/api/v1/namespaces/{hub.tenant}/pods?dryRun=All", dry)
        until(lambda: hub.ask(*late).status == 422, "the hub starts pods")
        other = the_plan(root_hub).pod | {"metadata": {**the_plan(root_hub).pod["metadata"], "name": "late"}}
        other["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "1", "memory": "1Gi"}
        other["spec"]["containers"][0]["resources"].pop("requests", None)
        root_hub.ok("POST", f"/api/v1/namespaces/{root_hub.tenant}/pods?dryRun=All", other)
        plane.kubectl("run", "free", "--image=i", "-n", "other")
        plane.kubectl("delete", "pod", "free", "-n", "other", "--wait=false")
    finally:
        kept["metadata"] = {"name": "tenantspawner-ceilings"}
        hub.ok("POST", f"/api/v1/namespaces/{hub.namespace}/configmaps", kept, user="admin")
        until(lambda: hub.ask(*late).status != 422, "the ceilings are not seen")


def test_a_tenant_that_serves_itself_asks_for_gpus_within_its_quota(hub):
    plan = the_plan(hub, "free", profile="small", self_service=True)
    hub.start(plan)
    give_everything(hub, plan.namespace, "ada")
    pods = f"/api/v1/namespaces/{plan.namespace}/pods"
    hub.ok("POST", pods, own_pod({"nvidia.com/gpu": "2"}), user="ada")
    more = own_pod({"nvidia.com/gpu": "1"}) | {"metadata": {"name": "more"}}
    assert kind_of_refusal(hub.ask("POST", pods, more, user="ada")) == "quota"


def test_only_where_a_tenant_serves_itself_the_hub_deletes_pods_that_are_not_its_own(hub):
    """For `deleteAboveGrant`; and pods alone."""
    plan = the_plan(hub, "above", profile="small", self_service=True)
    hub.start(plan)
    give_everything(hub, plan.namespace, "ada")
    for namespace in (plan.namespace, hub.tenant):
        hub.ok("POST", f"/api/v1/namespaces/{namespace}/pods", own_pod() | {"metadata": {"name": "theirs"}}, user="ada")
    hub.ok("POST", f"/api/v1/namespaces/{plan.namespace}/secrets", {"metadata": {"name": "theirs"}}, user="ada")
    hub.ok("DELETE", f"/api/v1/namespaces/{plan.namespace}/pods/theirs")
    refused = hub.ask("DELETE", f"/api/v1/namespaces/{hub.tenant}/pods/theirs")
    assert kind_of_refusal(refused) == "hub-object"
    assert kind_of_refusal(hub.ask("DELETE", f"/api/v1/namespaces/{plan.namespace}/secrets/theirs")) == "rbac"
    hub.ok("DELETE", f"/api/v1/namespaces/{hub.tenant}/pods/theirs", user="ada")


def test_admins_and_the_break_glass_group_may_change_what_is_managed(hub):
    plan = the_plan(hub, "broken")
    hub.start(plan)
    give_everything(hub, plan.namespace, "ada", "keeper")
    quota = f"/api/v1/namespaces/{plan.namespace}/resourcequotas/tenantspawner"
    for user, gpus in (("admin", "3"), ("keeper", "4")):
        raised = {"spec": {"hard": {"requests.nvidia.com/gpu": gpus}}}
        assert hub.ok("PATCH", quota, raised, MERGE, user=user)["spec"]["hard"]["requests.nvidia.com/gpu"] == gpus
        hub.ok(
            "PATCH",
            f"/api/v1/namespaces/{plan.namespace}",
            {"metadata": {"labels": {f"tenantspawner.io/{user}": "x"}}},
            MERGE,
            user=user,
        )
    assert kind_of_refusal(hub.ask("PATCH", quota, raised, MERGE, user="ada")) == "fence"
    marked = space(hub, f"{hub.prefix}by-hand")
    hub.ok("POST", "/api/v1/namespaces", marked, user="admin")


def test_controllers_collect_count_and_clear_away(hub):
    """The token goes with its pod, the quota follows the pods, and a deleted namespace goes with all that is in it."""
    plan = the_plan(hub, "fleeting")
    pod = hub.start(plan)
    core = f"/api/v1/namespaces/{plan.namespace}"

    def seen(path):
        return hub.ask("GET", f"{core}/{path}", user="admin")

    def used():
        return seen("resourcequotas/tenantspawner").body["status"]["used"]["requests.nvidia.com/gpu"]

    until(lambda: used() == "1", "the quota does not count")
    hub.ok("DELETE", f"{core}/pods/{plan.pod_name}", {"preconditions": {"uid": pod["metadata"]["uid"]}})
    until(lambda: seen("secrets/token-fleeting").status == 404, "the token stays")
    until(lambda: used() == "0", "the quota does not follow")
    again = hub.create(plan.pod)
    hub.create(owned(plan.token, plan.pod_name, again["metadata"]["uid"]))
    hub.ok("DELETE", core, user="admin")
    until(lambda: hub.ask("GET", core, user="admin").status == 404, "the namespace stays")


def test_a_quota_in_force_is_seen_by_the_gate_at_once(hub):
    """The gate reads from the API server's own watch, which is a moment behind what a GET tells: how often that is met."""
    early = 0
    for number in range(20):
        plan = the_plan(hub, f"many-{number}", profile="small")
        hub.provision(plan.provisions)
        hub.create(plan.claim)
        reply = hub.ask("POST", f"/api/v1/namespaces/{plan.namespace}/pods", plan.pod)
        if reply.status != 201:
            early += 1
            assert kind_of_refusal(reply) == "quota-gate" or "no params found" in reply.body["message"], reply
            hub.create(plan.pod)
    assert early <= 5
