"""The rest of admission: lifecycle of namespaces, accounts and tokens, priorities, tolerations, and the order of steps."""

import asyncio

import pytest

from tenantspawner.kube.kinds import CONFIG_MAP, NAMESPACE, POD, SERVICE_ACCOUNT
from tenantspawner.localcluster.admission import admit, await_default_account
from tenantspawner.localcluster.attributes import Attributes, FieldProblem, Refusal
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.kinds import PRIORITY_CLASS, STORAGE_CLASS
from tests.localcluster.worlds import ADMIN, World, claim, config_map, container, limit_range, pod


@pytest.fixture
def world():
    return World()


def account(world, **content):
    world.store.put(SERVICE_ACCOUNT, made(SERVICE_ACCOUNT, "default", "team", **content))


def test_nothing_is_made_in_a_namespace_that_is_not_there(world):
    refusal = world.refusal(config_map(), namespace="nowhere")
    assert (refusal.code, refusal.message) == (404, 'namespaces "nowhere" not found')


def test_nothing_is_made_in_a_namespace_that_goes_away_but_what_is_there_can_change(world):
    world.namespace("old", phase="Terminating")
    refusal = world.refusal(config_map(), namespace="old")
    assert refusal.message == (
        'configmaps "c" is forbidden: unable to create new content in namespace old because it is being terminated'
    )
    assert refusal.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace old is being terminated",
            "field": "metadata.namespace",
        }
    ]
    there = world.store.put(CONFIG_MAP, made(CONFIG_MAP, "c", "old"))
    world.update({**there, "data": {"a": "b"}}, there)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_the_namespaces_a_cluster_lives_from_cannot_be_deleted(world, name):
    asked = Attributes(ADMIN, "DELETE", NAMESPACE, name, name, None, None, made(NAMESPACE, name))
    with pytest.raises(Refusal, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'):
        admit(asked, world.store)


def test_a_delete_passes_through_unchanged(world):
    old = made(CONFIG_MAP, "c", "nowhere")
    assert admit(Attributes(ADMIN, "DELETE", CONFIG_MAP, "nowhere", "c", None, None, old), world.store) == old


def test_a_pod_runs_as_the_default_account_and_gets_its_token_and_pull_secrets(world):
    account(world, imagePullSecrets=[{"name": "registry"}])
    spec = world.admit(pod("p", container(), initContainers=[container("first")]))["spec"]
    assert spec["serviceAccountName"] == "default"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    volume = spec["volumes"][0]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken", "configMap", "downwardAPI",
    ]  # fmt: skip
    mount = {"name": volume["name"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    assert spec["containers"][0]["volumeMounts"] == spec["initContainers"][0]["volumeMounts"] == [mount]


@pytest.mark.parametrize("of_pod", [True, False, None])
@pytest.mark.parametrize("of_account", [True, False, None])
def test_the_pods_word_about_the_token_counts_before_the_accounts(world, of_pod, of_account):
    account(world, **({} if of_account is None else {"automountServiceAccountToken": of_account}))
    spec = world.admit(pod(**({} if of_pod is None else {"automountServiceAccountToken": of_pod})))["spec"]
    said = [value for value in (of_pod, of_account) if value is not None]
    assert bool(spec.get("volumes")) == (said[0] if said else True)


def test_a_container_that_mounts_something_there_keeps_it(world):
    own = {"name": "mine", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    spec = world.admit(pod("p", container(volumeMounts=[own])))["spec"]
    assert spec["containers"][0]["volumeMounts"] == [own]
    assert not spec.get("volumes")


def test_an_account_that_is_not_there_is_named(world):
    assert world.why(pod(serviceAccountName="nobody")) == (
        'error looking up service account team/nobody: serviceaccount "nobody" not found'
    )


async def test_the_default_account_is_waited_for_when_it_comes_a_moment_later(world):
    world.store.remove(SERVICE_ACCOUNT, "team", "default")
    asked = Attributes(ADMIN, "CREATE", POD, "team", "p", None, pod(), None)
    asyncio.get_running_loop().call_later(0.01, account, world)
    await await_default_account(asked, world.store)
    assert world.store.get(SERVICE_ACCOUNT, "team", "default")


async def test_no_other_account_and_no_other_object_is_waited_for(world):
    world.store.remove(SERVICE_ACCOUNT, "team", "default")
    async with asyncio.timeout(0.05):
        for kind, obj in ((POD, pod(serviceAccountName="nobody")), (CONFIG_MAP, config_map())):
            await await_default_account(Attributes(ADMIN, "CREATE", kind, "team", "p", None, obj, None), world.store)


def test_a_pod_may_stay_five_minutes_on_a_lost_node_unless_it_says_otherwise(world):
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    assert world.admit(pod(tolerations=[own]))["spec"]["tolerations"] == [
        own,
        {
            "key": "node.kubernetes.io/unreachable",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        },
    ]
    everything = {"operator": "Exists"}
    assert world.admit(pod(tolerations=[everything]))["spec"]["tolerations"] == [everything]


def test_a_priority_class_becomes_a_number(world):
    world.store.put(PRIORITY_CLASS, made(PRIORITY_CLASS, "urgent", value=1000, preemptionPolicy="Never"))
    spec = world.admit(pod(priorityClassName="urgent"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    assert world.admit(pod())["spec"]["priority"] == 0
    assert world.admit(pod(priorityClassName="system-node-critical"))["spec"]["priority"] == 2_000_001_000
    assert world.why(pod(priorityClassName="none")) == "no PriorityClass with name none was found"
    assert world.why(pod(priority=5)) == (
        "the integer value of priority (5) must not be provided in pod spec; "
        "priority admission controller computed 0 from the given PriorityClass name"
    )


def test_the_default_priority_class_is_used_where_there_is_one(world):
    world.store.put(PRIORITY_CLASS, made(PRIORITY_CLASS, "usual", value=7, globalDefault=True))
    spec = world.admit(pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 7)


def test_only_a_runtime_class_gives_a_pod_an_overhead(world):
    assert world.why(pod(overhead={"cpu": "1"})) == (
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    )


def test_a_claim_gets_the_default_class_and_is_protected(world):
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    standard = made(STORAGE_CLASS, "standard")
    world.store.put(STORAGE_CLASS, {**standard, "metadata": {**standard["metadata"], "annotations": annotations}})
    admitted = world.admit(claim())
    assert admitted["spec"]["storageClassName"] == "standard"
    assert admitted["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert world.admit(claim(storageClassName=""))["spec"]["storageClassName"] == ""


def test_the_apis_own_validation_sees_the_defaults_and_speaks_before_the_bounds(world):
    world.create(limit_range({"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "2"}}))
    seen = []

    def validation(obj):
        seen.append(obj["spec"]["containers"][0]["resources"]["limits"])
        raise Refusal.invalid(POD, "p", [FieldProblem.required("spec")])

    asked = pod("p", container(requests={"cpu": "3"}))
    with pytest.raises(Refusal, match="Required value"):
        admit(Attributes(ADMIN, "CREATE", POD, "team", "p", None, asked, None), world.store, validation=validation)
    assert seen == [{"cpu": "2"}]
    assert "limits" not in asked["spec"]["containers"][0]["resources"]
