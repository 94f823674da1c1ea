"""What a pod is doing, as one value: waiting, ready, failing, finished, going, or gone.

Ready means running, with an address, all containers ready, and not being deleted. Failing is what will hardly heal by
itself: an image that cannot be pulled, a container that cannot be created or crashes again and again, a pod nobody can place.
It may still heal, so whoever waits gives it a grace. Finished and gone are final.

Sources: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and the kubelet's own reason words
(kubernetes/pkg/kubelet/images/types.go, kuberuntime_container.go).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tenantspawner.kube.objects import Condition as PodCondition
from tenantspawner.kube.objects import ContainerStatus, Pod

NOTEBOOK = "notebook"


class State(StrEnum):
    """The few states that matter to whoever waits for a server."""

    WAITING = "waiting"
    READY = "ready"
    FAILING = "failing"
    FINISHED = "finished"
    GOING = "going"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Condition:
    """A state, Kubernetes' one-word reason, and a sentence for people; `address` is the pod's IP once it has one."""

    state: State
    reason: str = ""
    sentence: str = ""
    address: str = ""


_IMAGE = {
    "ErrImagePull": "The image {image} cannot be pulled",
    "ImagePullBackOff": "The image {image} cannot be pulled",
    "ErrImageNeverPull": "The image {image} is not on the node, and the pull policy forbids to fetch it",
    "InvalidImageName": "{image} is not a valid image name",
    "RegistryUnavailable": "The registry of {image} does not answer",
}
_CONTAINER = {
    "CreateContainerConfigError": "The container {name} cannot be configured",
    "CreateContainerError": "The container {name} cannot be created",
    "RunContainerError": "The container {name} cannot be started",
    "StartError": "The container {name} cannot be started",
    "CrashLoopBackOff": "The container {name} crashes again and again",
}


def condition(pod: Pod | None) -> Condition:
    """Tell what a pod is doing; None is a pod that is certainly not there."""
    if pod is None:
        return Condition(State.GONE, "Gone", "The pod is gone.")
    address = pod.status.pod_ip
    if pod.going:
        return Condition(State.GOING, "Terminating", "The pod is being deleted.", address)
    if pod.status.phase in {"Succeeded", "Failed"}:
        return _finished(pod)
    if (trouble := next(_troubles(pod), None)) is not None:
        return trouble
    if pod.status.phase == "Running" and address and _all_ready(pod):
        return Condition(State.READY, address=address)
    return _waiting(pod)


def exit_code(pod: Pod | None) -> int | None:
    """Return how a pod ended, None while it may still run; 1 where nothing better is known.

    A pod that is being deleted still runs until it is gone.
    """
    if pod is None:
        return 1
    for status in pod.status.container_statuses:
        if (
            status.name == NOTEBOOK
            and status.state.terminated is not None
            and pod.status.phase in {"Succeeded", "Failed"}
        ):
            return status.state.terminated.exit_code
    return {"Succeeded": 0, "Failed": 1}.get(pod.status.phase)


def _all_ready(pod: Pod) -> bool:
    statuses = pod.status.container_statuses
    return len(statuses) >= len(pod.spec.containers) > 0 and all(status.ready for status in statuses)


def _finished(pod: Pod) -> Condition:
    """A pod that has ended, also one evicted before it had any container status."""
    ended = [status for status in pod.status.container_statuses if status.state.terminated is not None]
    reason = pod.status.reason or pod.status.phase
    if pod.status.message:
        return Condition(State.FINISHED, reason, f"The server ended: {_cut(pod.status.message)}")
    for status in ended:
        if (over := status.state.terminated) is not None and (over.exit_code or over.reason == "OOMKilled"):
            words = "had not enough memory" if over.reason == "OOMKilled" else f"ended with code {over.exit_code}"
            return Condition(State.FINISHED, over.reason or reason, f"The container {status.name} {words}.")
    return Condition(State.FINISHED, reason, "The server ended.")


def _troubles(pod: Pod) -> Iterator[Condition]:
    address = pod.status.pod_ip
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        waiting = status.state.waiting
        if waiting is None:
            continue
        pattern = _IMAGE.get(waiting.reason) or _CONTAINER.get(waiting.reason)
        if pattern is not None:
            what = pattern.format(image=_image(pod, status), name=status.name)
            yield Condition(State.FAILING, waiting.reason, _sentence(what, waiting.message), address)
    if (placed := _placed(pod)) is not None and placed.reason == "Unschedulable":
        yield Condition(State.FAILING, placed.reason, _sentence("No node can take this server", placed.message))


def _waiting(pod: Pod) -> Condition:
    if pod.spec.scheduling_gates:
        gates = ", ".join(gate.name for gate in pod.spec.scheduling_gates)
        return Condition(State.WAITING, "SchedulingGated", f"Waiting in line ({gates}).")
    if not pod.spec.node_name:
        return Condition(State.WAITING, "Pending", "Waiting for a node.")
    return Condition(State.WAITING, "ContainerCreating", "Starting the container.", pod.status.pod_ip)


def _placed(pod: Pod) -> PodCondition | None:
    found = (item for item in pod.status.conditions if item.type == "PodScheduled" and item.status == "False")
    return next(found, None)


def _image(pod: Pod, status: ContainerStatus) -> str:
    wanted = (item.image for item in (*pod.spec.init_containers, *pod.spec.containers) if item.name == status.name)
    return next(wanted, status.image)


def _sentence(what: str, message: str) -> str:
    return f"{what}: {_cut(message)}" if message else f"{what}."


def _cut(text: str, length: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
