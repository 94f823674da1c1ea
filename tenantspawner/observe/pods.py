"""What a pod is doing, as one value: gated, waiting, ready, failing, finished, going, or gone.

Ready means running, with an address, all containers ready, and not being deleted. Failing is what will hardly heal by
itself: an image that cannot be pulled, a container that cannot be created or crashes again and again, a pod nobody can place.
It may still heal, so whoever waits gives it a grace. Finished and gone are final.

Sources: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and the kubelet's own reason words
(kubernetes/pkg/kubelet/images/types.go, kuberuntime_container.go).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenantspawner.kube import labels
from tenantspawner.kube.objects import Condition as PodCondition
from tenantspawner.kube.objects import ContainerStatus, Pod, Terminated, Waiting
from tenantspawner.observe.words import one_line, sentence

NOTEBOOK = "notebook"


class State(StrEnum):
    """The few states that matter to whoever waits for a server."""

    GATED = "gated"
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


_ASK = "Choose another image, or ask the administrator of this hub."
_MEND = "Ask the administrator of this hub."
_LESS = "Choose a larger server, or work on less at once."
_WAIT = "Wait until somebody stops a server, choose a smaller one, or ask the administrator of this hub."
_AGAIN = "Start it again."

# Reasons of a container that waits: what happened, and what to do next.
_REASONS: Mapping[str, tuple[str, str]] = {
    "ErrImagePull": ("The image {image} cannot be pulled", _ASK),
    "ImagePullBackOff": ("The image {image} cannot be pulled", _ASK),
    "ErrImageNeverPull": ("The image {image} is not on the node, and the pull policy forbids to fetch it", _ASK),
    "InvalidImageName": ("{image} is not a valid image name", _ASK),
    "ImageInspectError": ("The image {image} cannot be read on the node", _ASK),
    "SignatureValidationFailed": ("The signature of the image {image} is not accepted", _ASK),
    "RegistryUnavailable": (
        "The registry of {image} does not answer",
        "Try again in a minute, or choose another image.",
    ),
    "CreateContainerConfigError": ("The container {name} cannot be configured", _MEND),
    "CreateContainerError": ("The container {name} cannot be created", _MEND),
    "PreCreateHookError": ("The container {name} cannot be created", _MEND),
    "PreStartHookError": ("The container {name} cannot be started", _MEND),
    "PostStartHookError": ("The container {name} cannot be started", _MEND),
    "RunContainerError": ("The container {name} cannot be started", _MEND),
    "StartError": ("The container {name} cannot be started", _MEND),
    "CrashLoopBackOff": ("The container {name} crashes again and again", _ASK),
}
UNSCHEDULABLE = "Unschedulable"
_UNBOUND = "unbound immediate PersistentVolumeClaims"
"""The scheduler calls that unschedulable as well, but no node is at fault: a storage provisioner is at work, for a minute or two."""


def condition(pod: Pod | None) -> Condition:
    """Tell what a pod is doing; None is a pod that is certainly not there."""
    if pod is None:
        return Condition(State.GONE, "Gone", sentence("The server is gone", next_step=_AGAIN))
    address = pod.status.pod_ip
    if pod.going:
        return Condition(State.GOING, "Terminating", "The server is being stopped.", address)
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
    """A pod that has ended, also one evicted or rejected by its node before it had any container status."""
    reason = pod.status.reason or pod.status.phase
    if pod.status.message:
        return Condition(State.FINISHED, reason, sentence("The server ended", pod.status.message, _AGAIN))
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        over = status.state.terminated
        if over is not None and (over.exit_code or over.reason == "OOMKilled"):
            return Condition(State.FINISHED, over.reason or reason, _ended(status.name, over))
    return Condition(State.FINISHED, reason, sentence("The server ended", next_step=_AGAIN))


def _ended(name: str, over: Terminated) -> str:
    if over.reason == "OOMKilled":
        return sentence(f"The container {name} had not enough memory", next_step=_LESS)
    return sentence(f"The container {name} ended with code {over.exit_code}", over.message, _AGAIN)


def _troubles(pod: Pod) -> Iterator[Condition]:
    address = pod.status.pod_ip
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        waiting = status.state.waiting
        if waiting is not None and waiting.reason in _REASONS:
            yield Condition(State.FAILING, waiting.reason, _of_container(pod, status, waiting), address)
    placed = _placed(pod)
    if placed is not None and placed.reason == UNSCHEDULABLE and _UNBOUND not in placed.message:
        yield Condition(State.FAILING, placed.reason, sentence("No node can take this server", placed.message, _WAIT))


def _of_container(pod: Pod, status: ContainerStatus, waiting: Waiting) -> str:
    last = status.last_state.terminated
    if waiting.reason == "CrashLoopBackOff" and last is not None and last.reason == "OOMKilled":
        return _ended(status.name, last)
    pattern, next_step = _REASONS[waiting.reason]
    return sentence(pattern.format(image=one_line(_image(pod, status)), name=status.name), waiting.message, next_step)


def _waiting(pod: Pod) -> Condition:
    if pod.spec.scheduling_gates:
        return Condition(State.GATED, "SchedulingGated", _behind(pod))
    if (placed := _placed(pod)) is not None and _UNBOUND in placed.message:
        return Condition(State.WAITING, "Unbound", "Waiting until the volume is made.")
    if not pod.spec.node_name:
        return Condition(State.WAITING, "Pending", "Waiting for a node.")
    return Condition(State.WAITING, "ContainerCreating", "Starting the container.", pod.status.pod_ip)


def _behind(pod: Pod) -> str:
    gates = [gate.name for gate in pod.spec.scheduling_gates]
    if not all(gate.startswith(labels.KUEUE) for gate in gates):
        return f"Waiting until the cluster lets the server in ({one_line(', '.join(gates))})."
    queue = pod.metadata.labels.get(labels.QUEUE)
    where = f"in the cluster's queue {one_line(queue)} " if queue else ""
    return f"Waiting {where}until Kueue lets the server in."


def _placed(pod: Pod) -> PodCondition | None:
    found = (item for item in pod.status.conditions if item.type == "PodScheduled" and item.status == "False")
    return next(found, None)


def _image(pod: Pod, status: ContainerStatus) -> str:
    wanted = (item.image for item in (*pod.spec.init_containers, *pod.spec.containers) if item.name == status.name)
    return next(wanted, status.image)
