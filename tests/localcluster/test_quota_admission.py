"""Quotas as admission enforces them: what is charged, when, and the words of a refusal."""

import pytest

from tenantspawner.kube.kinds import RESOURCE_QUOTA
from tests.localcluster.worlds import World, claim, config_map, container, pod, quota

SMALL = {"cpu": "1", "memory": "1Gi"}
SIDECAR = {"restartPolicy": "Always"}


def world(*quotas):
    made = World()
    for given in quotas:
        made.store.put(RESOURCE_QUOTA, {**given, "metadata": {**given["metadata"], "namespace": "team"}})
    return made


def used(made, name="q"):
    return made.store.get(RESOURCE_QUOTA, "team", name)["status"]["used"]


def service(name="s", kind="ClusterIP", ports=1, **spec):
    content = {"type": kind, "ports": [{"port": 80 + number} for number in range(ports)], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": content}


def test_a_quota_that_has_not_been_counted_limits_nothing():
    made = world(quota({"pods": "0"}, counted=False))
    made.admit(pod())


def test_a_pod_must_say_what_the_quota_counts():
    made = world(quota({"limits.cpu": "4", "limits.memory": "8Gi", "requests.nvidia.com/gpu": "1"}))
    assert made.why(pod()) == "failed quota: q: must specify limits.cpu for: notebook; limits.memory for: notebook"
    two = pod("p", container(limits=SMALL), container("proxy"), container("log"))
    assert "limits.cpu for: log,proxy; limits.memory for: log,proxy" in made.why(two)


def test_resources_of_the_pod_as_a_whole_are_enough():
    made = world(quota({"limits.cpu": "4"}))
    made.create(pod(resources={"limits": {"cpu": "3"}}))
    assert used(made) == {"limits.cpu": "3"}


def test_an_exceeded_quota_says_what_was_asked_what_is_used_and_where_it_ends():
    made = world(quota({"limits.cpu": "4", "limits.memory": "8Gi", "pods": "9"}, {"limits.memory": "1.5Gi"}))
    asked = pod("p", container(limits={"cpu": "5", "memory": "7Gi"}))
    refusal = made.refusal(asked)
    assert (refusal.code, refusal.reason) == (403, "Forbidden")
    assert refusal.message == (
        'pods "p" is forbidden: exceeded quota: q, requested: limits.cpu=5,limits.memory=7Gi, '
        "used: limits.cpu=0,limits.memory=1536Mi, limited: limits.cpu=4,limits.memory=8Gi"
    )
    assert used(made)["pods"] == "0"


def test_a_resource_without_a_count_makes_the_quota_unknown():
    made = world(quota({"pods": "1", "requests.cpu": "1"}))
    stored = made.store.get(RESOURCE_QUOTA, "team", "q")
    made.store.put(RESOURCE_QUOTA, {**stored, "status": {**stored["status"], "used": {"requests.cpu": "0"}}})
    asked = pod("p", container(requests={"cpu": "1"}))
    assert made.why(asked) == "status unknown for quota: q, resources: pods,requests.cpu"


def test_a_create_is_charged_before_it_is_stored():
    made = world(quota({"pods": "2", "limits.cpu": "4"}))
    asked = pod("p", container(limits={"cpu": "1500m"}))
    made.create(asked)
    assert used(made) == {"pods": "1", "limits.cpu": "1500m"}
    made.admit(asked)  # the same name once more: the API will answer AlreadyExists, and it stays charged
    assert used(made) == {"pods": "2", "limits.cpu": "3"}
    assert made.why(asked).startswith("exceeded quota: q, requested: limits.cpu=1500m,pods=1")


def test_a_dry_run_is_refused_or_not_but_never_charged():
    made = world(quota({"pods": "1"}))
    made.admit(pod(), dry_run=True)
    assert used(made) == {"pods": "0"}


def test_when_one_of_two_quotas_refuses_neither_is_charged():
    made = world(quota({"pods": "5"}, name="a"), quota({"pods": "0"}, name="b"))
    assert made.why(pod()).startswith("exceeded quota: b")
    assert used(made, "a") == {"pods": "0"}


@pytest.mark.parametrize(
    ("asked", "charged"),
    [
        (pod("p", container("a", SMALL), container("b", SMALL)), "2"),
        (pod("p", container("a", SMALL), initContainers=[container("i", {"cpu": "3"}), container("j", {"cpu": "2"})]), "3"),
        (pod("p", container("a", SMALL), initContainers=[container("side", {"cpu": "2"}, **SIDECAR)]), "3"),
        (
            pod("p", container("a", SMALL), initContainers=[container("side", SMALL, **SIDECAR), container("i", {"cpu": "3"})]),
            "4",
        ),
        (
            pod("p", container("a", SMALL), initContainers=[container("i", {"cpu": "3"}), container("side", SMALL, **SIDECAR)]),
            "3",
        ),
        (pod("p", container("a", SMALL), overhead={"cpu": "250m"}, runtimeClassName="vm"), "1250m"),
    ],
)  # fmt: skip
def test_a_pod_costs_its_containers_or_the_largest_step_before_them(asked, charged):
    made = world(quota({"requests.cpu": "9", "limits.cpu": "9", "cpu": "9"}))
    made.create(asked)
    assert used(made) == {"requests.cpu": charged, "limits.cpu": charged, "cpu": charged}


def test_overhead_is_no_limit_where_there_is_none():
    made = world(quota({"limits.memory": "9Gi", "limits.cpu": "9"}))
    made.create(
        pod(
            "p",
            container(limits={"cpu": "1", "memory": "0"}),
            overhead={"cpu": "1", "memory": "1Gi"},
            runtimeClassName="vm",
        )
    )
    assert used(made) == {"limits.memory": "0", "limits.cpu": "2"}


def test_devices_and_huge_pages_are_charged_by_their_own_names():
    hard = {"requests.nvidia.com/gpu": "4", "hugepages-2Mi": "1Gi", "requests.ephemeral-storage": "9Gi"}
    made = world(quota(hard))
    asked = {"nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi", "ephemeral-storage": "1Gi", "memory": "1Gi"}
    made.create(pod("p", container(limits=asked)))
    assert used(made) == {"requests.nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi", "requests.ephemeral-storage": "1Gi"}


def test_claims_are_charged_in_whole_bytes_and_by_class():
    gold = "gold.storageclass.storage.k8s.io/requests.storage"
    made = world(quota({"persistentvolumeclaims": "2", "requests.storage": "5Gi", gold: "1Gi"}))
    made.create(claim("a", "0.5", storageClassName="gold"))
    assert used(made) == {"persistentvolumeclaims": "1", "requests.storage": "1", gold: "1"}
    assert gold in made.why(claim("b", "2Gi", storageClassName="gold"))


def test_a_larger_claim_is_charged_the_difference_and_a_smaller_one_nothing():
    made = world(quota({"requests.storage": "5Gi"}))
    old = made.create(claim("a", "2Gi"))
    new = {**old, "spec": {**old["spec"], "resources": {"requests": {"storage": "4Gi"}}}}
    made.update(new, old)
    assert used(made) == {"requests.storage": "4Gi"}
    made.update(old, new)
    assert used(made) == {"requests.storage": "4Gi"}
    with pytest.raises(Exception, match="storage=7Gi, used: "):
        made.update({**old, "spec": {**old["spec"], "resources": {"requests": {"storage": "9Gi"}}}}, old)


def test_services_are_charged_by_what_they_open():
    hard = {"services": "9", "count/services": "9", "services.nodeports": "9", "services.loadbalancers": "1"}
    made = world(quota(hard))
    made.create(service("plain"))
    made.create(service("node", "NodePort", 2))
    made.create(service("balanced", "LoadBalancer", 3, allocateLoadBalancerNodePorts=False))
    assert used(made) == {
        "services": "3", "count/services": "3", "services.nodeports": "2", "services.loadbalancers": "1",
    }  # fmt: skip
    assert "requested: services.loadbalancers=1" in made.why(service("more", "LoadBalancer"))


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        ("configmaps", config_map()),
        ("count/configmaps", config_map()),
        ("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}),
        ("count/roles.rbac.authorization.k8s.io", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}}),
        ("resourcequotas", quota({"pods": "1"}, name="other", counted=False)),
    ],
)  # fmt: skip
def test_everything_else_is_counted(resource, obj):
    made = world(quota({resource: "1"}))
    made.create(obj)
    assert used(made) == {resource: "1"}
    assert made.why(obj) == f"exceeded quota: q, requested: {resource}=1, used: {resource}=1, limited: {resource}=1"


def test_events_cost_nothing():
    made = world(quota({"count/events": "0"}))
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "team"}}
    made.admit(event)


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        ({"scopes": ["BestEffort"]}, (True, False, False)),
        ({"scopes": ["NotBestEffort"]}, (False, True, True)),
        ({"scopes": ["Terminating"]}, (False, False, True)),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, (False, True, False)),
        ({"scopes": ["Unheard"]}, (False, False, False)),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}}, (False, True, False)),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}}, (True, False, True)),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}}, (False, True, False)),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["x"]}]}}, (True, True, True)),
    ],
)  # fmt: skip
def test_a_quota_with_scopes_counts_only_the_pods_in_them(scope, counts):
    made = world(quota({"pods": "0", "count/configmaps": "0"}, **scope))
    pods = (
        pod(),
        pod("p", container(limits=SMALL), priorityClassName="system-node-critical"),
        pod("p", container(limits=SMALL), activeDeadlineSeconds=60),
    )
    assert tuple(refused(made, asked) for asked in pods) == counts
    made.admit(config_map())


def refused(made, asked):
    try:
        made.admit(asked)
    except Exception as refusal:
        return "exceeded quota" in str(refusal)
    return False


def test_a_deadline_moves_a_running_pod_into_another_quota():
    made = world(quota({"pods": "1"}, name="short", scopes=["Terminating"]))
    old = made.create(pod())
    made.update({**old, "spec": {**old["spec"], "activeDeadlineSeconds": 60}}, old)
    assert used(made, "short") == {"pods": "1"}


def test_less_than_nothing_is_refused():
    made = world(quota({"requests.nvidia.com/gpu": "1"}))
    asked = pod("p", container(requests={"nvidia.com/gpu": "-1"}))
    assert made.why(asked) == "quota usage is negative for resource(s): requests.nvidia.com/gpu"


def test_an_ended_pod_costs_only_its_place_in_the_store():
    made = world(quota({"pods": "1", "count/pods": "9"}))
    made.create({**pod(), "status": {"phase": "Succeeded"}})
    assert used(made) == {"pods": "0", "count/pods": "1"}
