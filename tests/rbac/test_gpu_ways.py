"""Covers twelve ways to a GPU that nobody granted, tried by a person who is bound to `admin` in their own namespace, and once more with
every right there is; Kubernetes' own controllers run, and the hub's grants are the product's own.

After each way no pod has more of any device than the hub granted, the quota is as the hub wrote it, and so is the ledger. That the
tries could succeed is shown beside them: the granted server has its GPU, and what asks for none of them passes.
"""

import asyncio
import time
from dataclasses import dataclass
from functools import partial

import pytest
import yaml

from tenantspawner.budget import lease_name
from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.kube import labels
from tenantspawner.kube.charges import in_quota
from tenantspawner.lifecycle import Journal, Manner, Sight, Treasury, Turns, lease_of, spawn, team_of
from tenantspawner.plan import Plan
from tenantspawner.tenancy.models import Tenancy
from tests.rbac.conftest import EVERYTHING, space
from tests.rbac.plans import chosen, drawn
from tests.rbac.test_hub_attacks import gpus
from tests.rbac.test_product import RUNNING
from tests.rbac.test_tenant_attacks import own_pod
from tests.rbac.world import MERGE, STRATEGIC, World, kind_of_refusal

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

GPU = "requests.nvidia.com/gpu"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
TENANTS = """
version: 1
images: {scipy: {image: "quay.io/jupyter/scipy-notebook:2026-10-20"}}
profiles: {gpu: {cpu: 1, memory: 1Gi, gpu: 1}}
tenants:
  ways: &all
    members: [{groups: [physics]}]
    images: [scipy]
    profiles: [gpu]
    quota: {user: {cpu: 8, memory: 8Gi, gpu: 2}, team: {gpu: 4}}
  byways: *all
"""
TENANCY = Tenancy.model_validate(yaml.safe_load(TENANTS))


@dataclass
class Scene:
    """A hub, what it granted ada in her namespace, and a second namespace of hers, where she has no server."""

    hub: World
    plan: Plan
    second: str
    ledger: str
    quota: dict

    @property
    def own(self):
        return f"/api/v1/namespaces/{self.plan.namespace}"

    def ask(self, method, path, *body):
        """Ask as ada; what refuses it, in a word."""
        found = kind_of_refusal(self.hub.ask(method, path, *body, user="ada"))
        return "invalid" if found.startswith("422 ") else found

    def ok(self, method, path, *body, user="ada"):
        return self.hub.ok(method, path, *body, user=user)

    def read_ledger(self):
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{self.hub.namespace}/leases"
        lease = self.ok("GET", f"{leases}/{lease_name('ways')}", user="admin")
        return lease["metadata"]["annotations"][labels.LEDGER]

    def devices(self):
        """How much of each device the pods of both namespaces hold."""
        held = {}
        for namespace in (self.plan.namespace, self.second):
            for pod in self.ok("GET", f"/api/v1/namespaces/{namespace}/pods", user="admin")["items"]:
                for key, amount in in_quota(pod).items():
                    if key.startswith("requests.") and "/" in key and amount:
                        held[key] = held.get(key, 0) + amount
        return held


@pytest.fixture(scope="module")
def scene(plane, hub):
    """The hub starts ada's GPU server, with a grant; then it watches no more."""
    plan, ledger = asyncio.run(granted(plane, hub, "ways"))
    second = drawn(hub, chosen(TENANTS, "ada", "byways", "gpu"))
    hub.provision(second.provisions)  # and what it granted there is lost: the quota allows two, the hub thinks of none
    made = Scene(hub, plan, second.namespace, "", {})
    for namespace in (plan.namespace, second.namespace):
        bind(hub, namespace, "ClusterRole", "admin")
    made.ledger, made.quota = made.read_ledger(), hard(made)
    assert made.ledger == ledger
    return made


async def granted(plane, hub, tenant):
    """One whole start by the product, with exactly the hub's rights; there is no node, so the test says that the pod runs."""
    cluster = await connect(Connection(kubeconfig=str(plane.kubeconfig(hub.user))))
    team = team_of(TENANCY, tenant, hub.hub_id)
    treasury, sight = Treasury(cluster, hub.namespace, hub.hub_id, lambda: {tenant: team}), Sight(cluster)
    treasury.start()
    choice = chosen(TENANTS, "ada", tenant, "gpu")
    plan, deadline = drawn(hub, choice), Deadline.after(120)
    path = f"/api/v1/namespaces/{plan.namespace}/pods/{plan.pod_name}/status"

    async def view(limit):
        return await sight.pods(plan.namespace, f"{labels.HUB}={hub.hub_id}", limit)

    async def run_it(_):
        await asyncio.to_thread(hub.ok, "PATCH", path, {"status": RUNNING}, MERGE, user="admin")

    hold = partial(treasury.take, lease_of(team, choice.entitlement, plan))
    manner = Manner(events=False)
    try:
        await spawn(cluster, view, plan, deadline, Journal(), manner=manner, turns=Turns(), on_made=run_it, hold=hold)
        lease = await asyncio.to_thread(
            hub.ok, "GET", f"/apis/coordination.k8s.io/v1/namespaces/{hub.namespace}/leases/{lease_name(tenant)}"
        )
    finally:
        await sight.close()
        await treasury.close()
        await cluster.close()
    return plan, lease["metadata"]["annotations"][labels.LEDGER]


def bind(hub, namespace, kind, role):
    subject = {"kind": "User", "name": "ada", "apiGroup": "rbac.authorization.k8s.io"}
    role_ref = {"kind": kind, "name": role, "apiGroup": "rbac.authorization.k8s.io"}
    bound = {"metadata": {"name": f"ada-{role}"}, "roleRef": role_ref, "subjects": [subject]}
    hub.ok("POST", f"{RIGHTS}/namespaces/{namespace}/rolebindings", bound, user="admin")


@pytest.fixture(scope="module", params=["admin", "every right"])
def rights(request, scene):
    """What ada is bound to, in both namespaces."""
    if request.param == "every right":
        for namespace in (scene.plan.namespace, scene.second):
            role = {"metadata": {"name": "everything"}, "rules": EVERYTHING}
            scene.ok("POST", f"{RIGHTS}/namespaces/{namespace}/roles", role, user="admin")
            bind(scene.hub, namespace, "Role", "everything")
    return request.param


def hard(scene):
    quota = scene.ok("GET", f"{scene.own}/resourcequotas/tenantspawner", user="admin")
    return {"spec": quota["spec"], "status": quota["status"]["hard"]}


def named(name, pod):
    return {**pod, "metadata": {"name": name}}


ONE = {"nvidia.com/gpu": "1"}


def pod(scene):
    return [
        scene.ask("POST", f"{scene.own}/pods", own_pod(ONE)),
        scene.ask("POST", f"{scene.own}/pods", own_pod(requests=ONE, limits=ONE)),
        scene.ask("POST", f"{scene.own}/pods?dryRun=All", own_pod(ONE)),
    ]


def workload(scene, group, plural, spec):
    """A controller is asked for pods with a GPU; it is through when it says that one was refused."""
    template = {"metadata": {"labels": {"app": "ways"}}, "spec": own_pod(ONE)["spec"]}
    if plural == "jobs":
        template["spec"]["restartPolicy"] = "Never"
    path, name = f"/apis/{group}/namespaces/{scene.plan.namespace}/{plural}", f"ways-{plural}"
    body = {"metadata": {"name": name}, "spec": {**spec, "template": template}}
    scene.ok("POST", path, body)
    events, deadline = f"{scene.own}/events?fieldSelector=reason%3DFailedCreate", time.monotonic() + 60
    while not (
        told := [
            each["message"]
            for each in scene.ok("GET", events)["items"]
            if each["involvedObject"]["name"].startswith(name)
        ]
    ):
        assert time.monotonic() < deadline, f"the controller of {plural} has not tried"
        time.sleep(0.1)
    made = scene.ok("GET", f"{scene.own}/pods?labelSelector=app%3Dways")["items"]
    scene.ok("DELETE", f"{path}/{name}", {"propagationPolicy": "Background"})
    return ["pod-gpu" if "[tenantspawner:pod-gpu]" in told[0] else told[0], *[f"made {len(made)}" for _ in made]]


def deployment(scene):
    return workload(scene, "apps/v1", "deployments", {"selector": {"matchLabels": {"app": "ways"}}})


def job(scene):
    return workload(scene, "batch/v1", "jobs", {})


def raised_quota(scene):
    quota, more = f"{scene.own}/resourcequotas/tenantspawner", {"hard": {GPU: "8"}}
    return [
        scene.ask("PATCH", quota, {"spec": more}, MERGE),
        scene.ask("PATCH", f"{quota}/status", {"status": more}, MERGE),
        scene.ask("PUT", quota, {"metadata": {"name": "tenantspawner"}, "spec": more}),
    ]


def deleted_quota(scene):
    quotas = f"{scene.own}/resourcequotas"
    return [scene.ask("DELETE", f"{quotas}/tenantspawner"), scene.ask("DELETE", quotas)]


def other_resource_name(scene):
    names = ("amd.com/gpu", "nvidia.com/mig-1g.10gb", "nvidia.com/gpu.shared", "deviceclass.resource.kubernetes.io/gpu")
    return [scene.ask("POST", f"{scene.own}/pods", own_pod({name: "1"})) for name in names]


def init_container(scene):
    sidecar = {**gpus("i", "1"), "restartPolicy": "Always"}
    return [
        scene.ask("POST", f"{scene.own}/pods", own_pod(initContainers=[gpus("i", "1")])),
        scene.ask("POST", f"{scene.own}/pods", own_pod(initContainers=[sidecar])),
    ]


def ephemeral_container(scene):
    """In a pod of her own, with a GPU; and in the server that has one."""
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    debugger = {"name": "d", "image": "i", "securityContext": safe}
    asking = {"spec": {"ephemeralContainers": [{**debugger, "resources": {"limits": ONE}}]}}
    looking = {"spec": {"ephemeralContainers": [{**debugger, "targetContainerName": "notebook"}]}}
    server = f"{scene.own}/pods/{scene.plan.pod_name}"
    scene.ok("POST", f"{scene.own}/pods", named("mine", own_pod()))
    found = [
        scene.ask("PATCH", f"{scene.own}/pods/mine/ephemeralcontainers", asking, STRATEGIC),
        scene.ask("PATCH", f"{server}/ephemeralcontainers", looking, STRATEGIC),
    ]
    scene.ok("DELETE", f"{scene.own}/pods/mine?gracePeriodSeconds=0")
    return found


def resource_claim(scene):
    claim = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}}
    dra = f"/apis/resource.k8s.io/v1/namespaces/{scene.plan.namespace}"
    metadata = {"metadata": {"name": "gpu"}}
    by_claim, by_template = (
        [{"name": "gpu", key: "gpu"}] for key in ("resourceClaimName", "resourceClaimTemplateName")
    )
    return [
        scene.ask("POST", f"{dra}/resourceclaims", {**metadata, "spec": claim}),
        scene.ask("POST", f"{dra}/resourceclaimtemplates", {**metadata, "spec": {"spec": claim}}),
        scene.ask("POST", f"{scene.own}/pods", own_pod(resourceClaims=by_claim)),
        scene.ask("POST", f"{scene.own}/pods", own_pod(resourceClaims=by_template)),
    ]


def second_namespace(scene):
    """One of hers whose quota still allows what was once granted; and one that she would make."""
    third = space(scene.hub, f"{scene.hub.prefix}third")
    return [
        scene.ask("POST", f"/api/v1/namespaces/{scene.second}/pods", own_pod(ONE)),
        scene.ask("POST", "/api/v1/namespaces", third),
    ]


def finished_pod(scene):
    """The server has ended, and the hub has not given its grant back yet: its quota has room that is nobody's."""
    status = f"{scene.own}/pods/{scene.plan.pod_name}/status"
    forged = scene.ask("PATCH", status, {"status": {"phase": "Succeeded"}}, MERGE)
    scene.ok("PATCH", status, {"status": {"phase": "Succeeded"}}, MERGE, user="admin")
    deadline = time.monotonic() + 60
    while scene.ok("GET", f"{scene.own}/resourcequotas/tenantspawner")["status"]["used"][GPU] != "0":
        assert time.monotonic() < deadline, "the quota was not counted anew"
        time.sleep(0.1)
    found = scene.ask("POST", f"{scene.own}/pods", own_pod(ONE))
    scene.ok("PATCH", status, {"status": RUNNING}, MERGE, user="admin")
    return [forged, found]


def edited_pod(scene):
    more = {"spec": {"containers": [{"name": "c", "resources": {"limits": ONE, "requests": ONE}}]}}
    second = {"spec": {"containers": [{"name": "notebook", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}}
    mine, server = f"{scene.own}/pods/mine", f"{scene.own}/pods/{scene.plan.pod_name}"
    scene.ok("POST", f"{scene.own}/pods", named("mine", own_pod()))
    found = [
        scene.ask("PATCH", mine, more, STRATEGIC),
        scene.ask("PATCH", f"{mine}/resize", more, STRATEGIC),
        scene.ask("PATCH", server, second, STRATEGIC),
        scene.ask("PATCH", f"{server}/resize", second, STRATEGIC),
    ]
    scene.ok("DELETE", f"{mine}?gracePeriodSeconds=0")
    return found


# A way, what refuses each of its tries to somebody bound to `admin`, and to somebody with every right.
WAYS = [
    (pod, ["pod-gpu"] * 3, None),
    (deployment, ["pod-gpu"], None),
    (job, ["pod-gpu"], None),
    (raised_quota, ["rbac"] * 3, ["fence"] * 3),
    (deleted_quota, ["rbac"] * 2, ["fence"] * 2),
    (other_resource_name, ["pod-gpu"] * 4, None),
    (init_container, ["pod-gpu"] * 2, None),
    (ephemeral_container, ["rbac", "rbac"], ["invalid", "managed-containers"]),
    (resource_claim, ["fence", "fence", "pod-claim", "pod-claim"], None),
    (second_namespace, ["pod-gpu", "rbac"], None),
    (finished_pod, ["rbac", "pod-gpu"], ["managed-status", "pod-gpu"]),
    (edited_pod, ["invalid", "rbac"] * 2, ["invalid"] * 4),
]


@pytest.mark.parametrize(("way", "of_admin", "of_all"), WAYS, ids=[way.__name__ for way, *_ in WAYS])
def test_no_way_leads_to_a_gpu_that_was_not_granted(scene, rights, way, of_admin, of_all):
    assert scene.devices() == {GPU: 1}
    expected = of_admin if rights == "admin" else of_all or of_admin
    assert way(scene) == expected
    assert scene.devices() == {GPU: 1}
    assert hard(scene) == scene.quota
    assert scene.read_ledger() == scene.ledger


def test_the_granted_server_has_its_gpu_and_what_asks_for_none_passes(scene, rights):
    """The other side: the quota, the policies and ada's rights are such that the tries above are refused for the GPU alone."""
    server = scene.ok("GET", f"{scene.own}/pods/{scene.plan.pod_name}")
    assert in_quota(server)[GPU] == 1
    assert scene.quota["spec"]["hard"][GPU] == scene.quota["status"][GPU] == "1"
    assert '"ada"' in scene.ledger
    selector = {"selector": {"matchLabels": {"app": "plain"}}}
    template = {"metadata": {"labels": {"app": "plain"}}, "spec": own_pod()["spec"]}
    deployments = f"/apis/apps/v1/namespaces/{scene.plan.namespace}/deployments"
    scene.ok("POST", deployments, {"metadata": {"name": "plain"}, "spec": {**selector, "template": template}})
    deadline = time.monotonic() + 60
    while not scene.ok("GET", f"{scene.own}/pods?labelSelector=app%3Dplain")["items"]:
        assert time.monotonic() < deadline, "the deployment made no pod"
        time.sleep(0.1)
    scene.ok("DELETE", f"{deployments}/plain", {"propagationPolicy": "Foreground"})
    scene.ok("POST", f"/api/v1/namespaces/{scene.second}/pods?dryRun=All", own_pod(ONE), user="admin")
    scene.ok("POST", f"/api/v1/namespaces/{scene.second}/pods?dryRun=All", own_pod())
