"""The status of a pod, built as a kubelet builds it.

Pure: what is known of the containers goes in, the ``status`` of the API comes out. Conditions that others own
(``PodScheduled``, readiness gates) are kept, and a condition's time of transition changes only with its value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running yet, or not running again yet."""

    reason: str = "ContainerCreating"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Running since a time."""

    started_at: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """Ended. `exit_code` is 128 + n after signal n, as containers report it."""

    exit_code: int
    reason: str
    started_at: str | None
    finished_at: str
    message: str = ""
    container_id: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class ContainerView:
    """What is known of one container."""

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    state: State = Waiting()
    last: Terminated | None = None
    restarts: int = 0
    ready: bool = False
    final: bool = False  # terminated, and will not be started again

    @property
    def succeeded(self) -> bool:
        """Ended well and for good."""
        return self.final and isinstance(self.state, Terminated) and self.state.exit_code == 0


@dataclass(frozen=True, slots=True)
class PodView:
    """What is known of one pod. `sidecars` names the init containers that go on running."""

    containers: tuple[ContainerView, ...]
    init: tuple[ContainerView, ...] = ()
    sidecars: frozenset[str] = frozenset()
    address: str = ""
    started_at: str = ""


def remembered(container: Json, status: Json | None, now: str) -> ContainerView:
    """Return the view a node begins with for a container that an earlier life of the node may have run.

    Processes do not outlive their node, so a container that was running has ended in an unknown way.
    """
    fresh = ContainerView(container["name"], container.get("image", ""))
    if not status or not ((status.get("state") or {}).keys() & {"running", "terminated"}):
        return replace(fresh, restarts=int((status or {}).get("restartCount", 0)))
    ended = status["state"].get("terminated") or {}
    last = Terminated(
        exit_code=int(ended.get("exitCode", 137)),
        reason=ended.get("reason", "ContainerStatusUnknown"),
        started_at=ended.get("startedAt") or (status["state"].get("running") or {}).get("startedAt"),
        finished_at=ended.get("finishedAt") or now,
        message=ended.get("message", "" if ended else "The node that ran this container ended."),
        container_id=status.get("containerID", ""),
    )
    return replace(fresh, state=last, restarts=int(status.get("restartCount", 0)), container_id=last.container_id)


def phase(view: PodView) -> str:
    """Return the phase: Pending until all init containers are through, then as the containers stand."""
    if any(_failed(one) for one in view.init if one.name not in view.sidecars):
        return "Failed"
    if not _initialized(view):
        return "Pending"
    if all(one.final for one in view.containers):
        return "Succeeded" if all(one.succeeded for one in view.containers) else "Failed"
    started = any(not isinstance(one.state, Waiting) or one.last for one in view.containers)
    return "Running" if started else "Pending"


def pod_status(pod: Json, view: PodView, now: str) -> dict[str, Any]:
    """Build the ``status`` of a pod, with null for what a merge patch must take away."""
    status: dict[str, Any] = {
        "phase": phase(view),
        "startTime": view.started_at,
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "conditions": conditions(pod, view, now),
        "containerStatuses": [container_status(one) for one in view.containers],
    }
    if view.init:
        status["initContainerStatuses"] = [container_status(one) for one in view.init]
    if view.address:
        status |= {"podIP": view.address, "podIPs": [{"ip": view.address}]}
    return status


def conditions(pod: Json, view: PodView, now: str) -> list[dict[str, Any]]:
    """Return the pod's conditions: ours set anew, others' kept."""
    before = {one["type"]: one for one in (pod.get("status") or {}).get("conditions") or ()}
    ended = phase(view) in {"Succeeded", "Failed"}
    unready = [one.name for one in view.containers if not one.ready]
    uninitialised = [one.name for one in view.init if not _through(one, view)]
    not_ready = _problem("ContainersNotReady", "unready", unready, ended=ended)
    wanted = {
        "PodReadyToStartContainers": _problem("", "", [] if view.address and not ended else ["sandbox"]),
        "Initialized": _problem("ContainersNotInitialized", "incomplete", uninitialised),
        "Ready": not_ready,
        "ContainersReady": not_ready,
        "PodScheduled": {"status": "True"},
    }
    others = [dict(condition) for kind, condition in before.items() if kind not in wanted]
    return others + [_condition(kind, value, before.get(kind), now) for kind, value in wanted.items()]


def container_status(view: ContainerView) -> dict[str, Any]:
    """Return one entry of ``containerStatuses``."""
    running = isinstance(view.state, Running)
    status: dict[str, Any] = {
        "name": view.name,
        "image": view.image,
        "imageID": view.image_id,
        "ready": view.ready,
        "started": running,
        "restartCount": view.restarts,
        "state": _state(view.state),
        "lastState": _state(view.last) if view.last else {},
    }
    if view.container_id:
        status["containerID"] = view.container_id
    return status


def _state(state: State) -> dict[str, Any]:
    match state:
        case Waiting(reason, message):
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        case Running(started_at):
            return {"running": {"startedAt": started_at}}
        case Terminated():
            ended = {"exitCode": state.exit_code, "reason": state.reason, "finishedAt": state.finished_at}
            optional = {"startedAt": state.started_at, "message": state.message, "containerID": state.container_id}
            return {"terminated": ended | {key: value for key, value in optional.items() if value}}
        case _:
            assert_never(state)


def _failed(view: ContainerView) -> bool:
    return view.final and not view.succeeded


def _through(view: ContainerView, pod: PodView) -> bool:
    if view.name in pod.sidecars:
        return isinstance(view.state, Running) or view.last is not None or view.final
    return view.succeeded


def _initialized(pod: PodView) -> bool:
    return all(_through(one, pod) for one in pod.init)


def _problem(reason: str, word: str, names: Sequence[str], *, ended: bool = False) -> dict[str, str]:
    if ended and names:
        return {"status": "False", "reason": "PodCompleted"}
    if not names:
        return {"status": "True"}
    if not reason:
        return {"status": "False"}
    listed = " ".join(names)
    return {"status": "False", "reason": reason, "message": f"containers with {word} status: [{listed}]"}


def _condition(kind: str, value: Mapping[str, str], before: Json | None, now: str) -> dict[str, Any]:
    same = before is not None and before.get("status") == value["status"]
    since = before.get("lastTransitionTime") if same and before else None
    return {"type": kind, **value, "lastTransitionTime": since or now}
