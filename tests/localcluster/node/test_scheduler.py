"""The scheduler against a scripted API: what it binds, what it leaves, what it says, and that it tries again."""

import pytest

from tenantspawner.localcluster.scheduler import Scheduler

NODE = "/api/v1/nodes/n1"


def node(gpus):
    capacity = {"cpu": "4", "memory": "8Gi", "pods": "10", "nvidia.com/gpu": str(gpus)}
    return {"spec": {}, "status": {"allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}}


def gpu_pod(api, name, gpus, **spec):
    container = {"name": "c", "image": "i", "resources": {"requests": {"nvidia.com/gpu": str(gpus)}}}
    return api.pod(name, nodeName="", containers=[container], **spec)


@pytest.fixture
async def scheduler(api):
    api.put(NODE, node(2))
    async with Scheduler(api.url) as one:
        yield one


def bound(api, name):
    return lambda: api.pod_now(name)["spec"]["nodeName"] or None


def condition(api, name):
    return lambda: next(
        (one for one in api.pod_now(name)["status"]["conditions"] if one["type"] == "PodScheduled"), None
    )


async def test_a_pod_is_bound_and_an_event_says_so(api, scheduler):
    gpu_pod(api, "p", 1)
    assert await api.until(bound(api, "p")) == "n1"
    await api.until(lambda: api.events("p"))
    assert api.events("p") == [("Scheduled", "Successfully assigned default/p to n1")]


async def test_what_was_bound_counts_at_once(api, scheduler):
    for name in ("a", "b", "c"):
        gpu_pod(api, name, 1)
    await api.until(lambda: sum(bool(bound(api, name)()) for name in "abc") == 2)
    waiting = next(name for name in "abc" if not bound(api, name)())
    told = await api.until(condition(api, waiting))
    assert (told["status"], told["reason"]) == ("False", "Unschedulable")
    assert told["message"] == "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    await api.until(lambda: api.events(waiting))
    assert api.events(waiting)[0][0] == "FailedScheduling"


@pytest.mark.parametrize("freed", ["a pod ended", "a pod was deleted", "the node grew"])
async def test_a_pod_is_tried_again_when_things_change(api, scheduler, freed):
    gpu_pod(api, "first", 2)
    await api.until(bound(api, "first"))
    gpu_pod(api, "second", 2)
    await api.until(condition(api, "second"))
    path = "/api/v1/namespaces/default/pods/first"
    if freed == "a pod ended":
        api.change(path, {"status": {"phase": "Succeeded"}})
    elif freed == "a pod was deleted":
        api.remove(path)
    else:
        api.put(NODE, node(4))
    assert await api.until(bound(api, "second")) == "n1"


async def test_gated_pods_and_those_of_other_schedulers_are_left_alone(api, scheduler):
    gpu_pod(api, "gated", 1, schedulingGates=[{"name": "kueue"}])
    gpu_pod(api, "other", 1, schedulerName="mine")
    gpu_pod(api, "ours", 1)
    await api.until(bound(api, "ours"))
    assert not bound(api, "gated")()
    assert not bound(api, "other")()


async def test_a_claim_that_is_missing_is_waited_for(api, scheduler):
    gpu_pod(api, "p", 1, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "home"}}])
    told = await api.until(condition(api, "p"))
    assert told["message"] == '0/1 nodes are available: persistentvolumeclaim "home" not found.'
    claim = "/api/v1/namespaces/default/persistentvolumeclaims/home"
    api.put(claim, {"status": {"phase": "Pending"}})
    unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    await api.until(lambda: condition(api, "p")()["message"] == unbound)
    api.put(claim, {"status": {"phase": "Bound"}})
    await api.until(bound(api, "p"))


async def test_a_binding_that_fails_is_tried_again(api, scheduler):
    api.fail_next = [("POST", 500)]
    gpu_pod(api, "p", 1)
    await api.until(bound(api, "p"))


async def test_the_most_important_pod_goes_first(api):
    for name, priority in (("low", 0), ("high", 10)):
        gpu_pod(api, name, 2, priority=priority)
    api.put(NODE, node(2))
    async with Scheduler(api.url):
        await api.until(bound(api, "high"))
        assert not bound(api, "low")()
