"""A pod's row: the word for its state that kubectl shows, which is often not its phase.

Source: ``printPod`` of Kubernetes' printers.
"""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def pod_cells(pod: Object, age: Callable[[str | None], str]) -> list[Any]:
    """Return a pod's cells: name, ready, status, restarts, age, address, node, nominated node, gates."""
    spec, status, metadata = pod.get("spec", {}), pod.get("status", {}), pod["metadata"]
    statuses = status.get("containerStatuses", [])
    ready = sum(1 for container in statuses if container.get("ready"))
    restarts = sum(container.get("restartCount", 0) for container in statuses)
    ended = [
        end["finishedAt"]
        for container in statuses
        if (end := container.get("lastState", {}).get("terminated")) and end.get("finishedAt")
    ]
    return [
        metadata["name"],
        f"{ready}/{len(spec.get('containers', []))}",
        pod_state(pod),
        f"{restarts} ({age(max(ended))} ago)" if restarts and ended else str(restarts),
        age(metadata.get("creationTimestamp")),
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        "<none>",
    ]


def pod_state(pod: Object) -> str:
    """Return the word under STATUS."""
    status = pod.get("status", {})
    word = status.get("reason") or status.get("phase") or "Unknown"
    gated = any(
        c.get("reason") == "SchedulingGated" for c in status.get("conditions", []) if c["type"] == "PodScheduled"
    )
    if gated:
        word = "SchedulingGated"
    init = _init_state(pod)
    if init:
        word = init
    else:
        for container in reversed(status.get("containerStatuses", [])):
            word = _container_word(container.get("state", {})) or word
        if word == "Completed" and any(c.get("ready") for c in status.get("containerStatuses", [])):
            word = "Running"
    if "deletionTimestamp" in pod["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(word)


def _init_state(pod: Object) -> str:
    specs = pod.get("spec", {}).get("initContainers", [])
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses", [])):
        state = container.get("state", {})
        ended = state.get("terminated")
        if ended and not ended.get("exitCode"):
            continue
        if index < len(specs) and specs[index].get("restartPolicy") == "Always" and container.get("started"):
            continue
        word = _container_word(state)
        if word and word != "PodInitializing":
            return f"Init:{word}"
        return f"Init:{index}/{len(specs)}"
    return ""


def _container_word(state: Object) -> str:
    if waiting := state.get("waiting"):
        return str(waiting.get("reason") or "")
    if ended := state.get("terminated"):
        if ended.get("reason"):
            return str(ended["reason"])
        return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"
    return ""
