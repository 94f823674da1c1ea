"""What a pod is doing, in one value: every state, and the sentence for each thing that goes wrong."""

import pytest

from tenantspawner.kube.objects import Pod, read
from tenantspawner.observe import State, condition, exit_code

IMAGE = "registry.example.edu/x:1"
GOING = "2026-11-24T10:00:00Z"


def pod(status=None, *, init=(), containers=("notebook",), going=False, labels=None, **spec):
    metadata = {"name": "p", "resourceVersion": "1", "labels": labels or {}} | (
        {"deletionTimestamp": GOING} if going else {}
    )
    names = {"initContainers": init, "containers": containers}
    spec |= {key: [{"name": name, "image": IMAGE} for name in value] for key, value in names.items()}
    return read(Pod, {"metadata": metadata, "spec": spec, "status": status or {}})


def status(name="notebook", *, ready=False, last=None, **state):
    return {"name": name, "ready": ready, "image": "other", "state": state, "lastState": last or {}}


def waiting(reason, message="", name="notebook", **more):
    return status(name, waiting={"reason": reason, "message": message}, **more)


def ended(code, reason="", message="", name="notebook"):
    return status(name, terminated={"exitCode": code, "reason": reason, "message": message})


def running(*statuses, **more):
    return {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": list(statuses), **more}


def unplaced(reason, message=""):
    placed = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return {"phase": "Pending", "conditions": [{"type": "Initialized", "status": "True"}, placed]}


NODES = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available."
EVICTED = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi."
REJECTED = "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 2, used: 3, capacity: 4"
RUNS = {"running": {"startedAt": GOING}}
START = " Start it again."
ASK = " Ask the administrator of this hub."
OTHER = " Choose another image, or ask the administrator of this hub."
LESS = " Choose a larger server, or work on less at once."
WAIT = " Wait until somebody stops a server, choose a smaller one, or ask the administrator of this hub."

CASES = {
    "gone": (None, State.GONE, "Gone", "The server is gone. Start it again."),
    "just made": (pod(), State.WAITING, "Pending", "Waiting for a node."),
    "pending": (pod({"phase": "Pending"}), State.WAITING, "Pending", "Waiting for a node."),
    "placed": (pod({"phase": "Pending"}, nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "unknown node": (pod({"phase": "Unknown"}, nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "starting": (pod({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}, nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "gated by Kueue": (pod(unplaced("SchedulingGated"), labels={"kueue.x-k8s.io/queue-name": "physics"}, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]), State.GATED, "SchedulingGated", "Waiting in the cluster's queue physics until Kueue lets the server in."),
    "gated by Kueue without a name": (pod(unplaced("SchedulingGated"), schedulingGates=[{"name": "kueue.x-k8s.io/admission"}, {"name": "kueue.x-k8s.io/topology"}]), State.GATED, "SchedulingGated", "Waiting until Kueue lets the server in."),
    "gated by somebody": (pod(unplaced("SchedulingGated"), schedulingGates=[{"name": "example.org/wait"}]), State.GATED, "SchedulingGated", "Waiting until the cluster lets the server in (example.org/wait)."),
    "gated and going": (pod(unplaced("SchedulingGated"), going=True, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]), State.GOING, "Terminating", "The server is being stopped."),
    "no node": (pod(unplaced("Unschedulable", NODES)), State.FAILING, "Unschedulable", f"No node can take this server: {NODES}{WAIT}"),
    "no node, no words": (pod(unplaced("Unschedulable")), State.FAILING, "Unschedulable", f"No node can take this server.{WAIT}"),
    "no volume yet": (pod(unplaced("Unschedulable", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")), State.WAITING, "Unbound", "Waiting until the volume is made."),
    "no claim": (pod(unplaced("Unschedulable", 'persistentvolumeclaim "claim-ada" not found')), State.FAILING, "Unschedulable", f'No node can take this server: persistentvolumeclaim "claim-ada" not found.{WAIT}'),
    "ready": (pod(running(status(ready=True, **RUNS))), State.READY, "", ""),
    "running, not ready": (pod(running(status(**RUNS)), nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "without an address": (pod(running(status(ready=True, **RUNS), podIP=""), nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "a side container is not ready": (pod(running(status(ready=True, **RUNS), status("side", **RUNS)), containers=("notebook", "side"), nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "a status is missing": (pod(running(status(ready=True, **RUNS)), containers=("notebook", "side"), nodeName="n"), State.WAITING, "ContainerCreating", "Starting the container."),
    "all are ready": (pod(running(status(ready=True, **RUNS), status("side", ready=True, **RUNS)), containers=("notebook", "side")), State.READY, "", ""),
    "an init container is done": (pod(running(status(ready=True, **RUNS), initContainerStatuses=[ended(0, "Completed", name="i")]), init=("i",)), State.READY, "", ""),
    "going": (pod(running(status(ready=True, **RUNS)), going=True), State.GOING, "Terminating", "The server is being stopped."),
    "no image": (pod({"containerStatuses": [waiting("ErrImagePull", 'failed to pull "x":\n\tnot found')]}), State.FAILING, "ErrImagePull", f'The image {IMAGE} cannot be pulled: failed to pull "x": not found.{OTHER}'),
    "no image, again": (pod({"containerStatuses": [waiting("ImagePullBackOff")]}), State.FAILING, "ImagePullBackOff", f"The image {IMAGE} cannot be pulled.{OTHER}"),
    "an image that is none": (pod({"containerStatuses": [waiting("InvalidImageName")]}), State.FAILING, "InvalidImageName", f"{IMAGE} is not a valid image name.{OTHER}"),
    "a silent registry": (pod({"containerStatuses": [waiting("RegistryUnavailable")]}), State.FAILING, "RegistryUnavailable", f"The registry of {IMAGE} does not answer. Try again in a minute, or choose another image."),
    "the image of an unknown container": (pod({"containerStatuses": [waiting("ErrImagePull", name="injected")]}), State.FAILING, "ErrImagePull", f"The image other cannot be pulled.{OTHER}"),
    "a Secret that is missing": (pod({"containerStatuses": [waiting("CreateContainerConfigError", 'secret "x" not found')]}), State.FAILING, "CreateContainerConfigError", f'The container notebook cannot be configured: secret "x" not found.{ASK}'),
    "a crash loop": (pod(running(waiting("CrashLoopBackOff", "back-off 10s"))), State.FAILING, "CrashLoopBackOff", f"The container notebook crashes again and again: back-off 10s.{OTHER}"),
    "a crash loop for want of memory": (pod(running(waiting("CrashLoopBackOff", last={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}))), State.FAILING, "CrashLoopBackOff", f"The container notebook had not enough memory.{LESS}"),
    "a crash loop after an error": (pod(running(waiting("CrashLoopBackOff", last={"terminated": {"exitCode": 1}}))), State.FAILING, "CrashLoopBackOff", f"The container notebook crashes again and again.{OTHER}"),
    "an init container crashes": (pod({"phase": "Pending", "initContainerStatuses": [waiting("CrashLoopBackOff", name="i")], "containerStatuses": [waiting("PodInitializing")]}, init=("i",)), State.FAILING, "CrashLoopBackOff", f"The container i crashes again and again.{OTHER}"),
    "a sidecar's image": (pod({"phase": "Pending", "initContainerStatuses": [waiting("ErrImagePull", name="s")]}, init=("s",)), State.FAILING, "ErrImagePull", f"The image {IMAGE} cannot be pulled.{OTHER}"),
    "succeeded": (pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}), State.FINISHED, "Succeeded", f"The server ended.{START}"),
    "failed": (pod({"phase": "Failed", "containerStatuses": [ended(0, name="side"), ended(2, "Error")]}), State.FINISHED, "Error", f"The container notebook ended with code 2.{START}"),
    "failed without a reason": (pod({"phase": "Failed", "containerStatuses": [ended(2, "", "no such user.")]}), State.FINISHED, "Failed", f"The container notebook ended with code 2: no such user.{START}"),
    "out of memory": (pod({"phase": "Failed", "containerStatuses": [ended(137, "OOMKilled")]}), State.FINISHED, "OOMKilled", f"The container notebook had not enough memory.{LESS}"),
    "an init container failed": (pod({"phase": "Failed", "initContainerStatuses": [ended(0, name="a"), ended(3, "Error", name="i")], "containerStatuses": [waiting("PodInitializing")]}), State.FINISHED, "Error", f"The container i ended with code 3.{START}"),
    "evicted before any container": (pod({"phase": "Failed", "reason": "Evicted", "message": EVICTED}), State.FINISHED, "Evicted", f"The server ended: {EVICTED}{START}"),
    "rejected by its node": (pod({"phase": "Failed", "reason": "OutOfnvidia.com/gpu", "message": REJECTED}), State.FINISHED, "OutOfnvidia.com/gpu", f"The server ended: {REJECTED}.{START}"),
    "failed, and nothing is known": (pod({"phase": "Failed"}), State.FINISHED, "Failed", f"The server ended.{START}"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_pod_has_one_state_and_a_sentence_with_the_next_step(case):
    seen, state, reason, words = CASES[case]
    found = condition(seen)
    assert (found.state, found.reason, found.sentence) == (state, reason, words)


def test_the_address_is_told_once_there_is_one():
    assert condition(CASES["ready"][0]).address == "10.0.0.1"
    assert condition(CASES["going"][0]).address == "10.0.0.1"
    assert condition(CASES["pending"][0]).address == ""


def test_hostile_words_are_one_printable_line_of_bearable_length():
    said = condition(pod({"containerStatuses": [waiting("ErrImagePull", "a\x1b[31m\u202eb\n" + "x" * 5000)]})).sentence
    assert said.isprintable()
    assert len(said) < 600


CODES = {
    "gone": 1, "just made": None, "pending": None, "ready": None, "going": None, "a crash loop": None, "succeeded": 0,
    "failed": 2, "out of memory": 137, "an init container failed": 1, "evicted before any container": 1,
    "failed, and nothing is known": 1, "no node": None, "unknown node": None,
}  # fmt: skip


@pytest.mark.parametrize("case", CODES)
def test_a_pod_has_ended_only_when_it_certainly_has(case):
    assert exit_code(CASES[case][0]) == CODES[case]


def test_a_container_that_will_be_started_again_has_not_ended():
    assert exit_code(pod(running(ended(1)))) is None
    assert exit_code(pod({"phase": "Succeeded"})) == 0
    assert exit_code(pod({"phase": "Failed", "containerStatuses": [ended(5)]}, going=True)) == 5
