"""What a pod asks for as a whole: the arithmetic of scheduler, quota and limit ranges.

Main containers run together, so they add up. Init containers run one after the other before them,
each beside the sidecars (init containers that restart always) started so far. What counts is the
larger of the two; the overhead of the runtime comes on top. Resources set on the pod itself stand
in for the sum.

Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
"""

from typing import Any, Literal

from tenantspawner.localcluster.amounts import ZERO, Amounts, largest, read, total

Json = dict[str, Any]
Part = Literal["requests", "limits"]
_ON_PODS = ("cpu", "memory")


def pod_requests(pod: Json, *, overhead: bool = True) -> Amounts:
    """Return what the pod requests."""
    summed = _whole(pod, "requests")
    return total([summed, read(pod["spec"].get("overhead"))]) if overhead else summed


def pod_limits(pod: Json, *, overhead: bool = True) -> Amounts:
    """Return what the pod is limited to; overhead counts where there is a limit."""
    summed = _whole(pod, "limits")
    extra = read(pod["spec"].get("overhead")) if overhead else {}
    return {name: amount + (extra.get(name, ZERO) if amount.value else ZERO) for name, amount in summed.items()}


def has_pod_level_resources(pod: Json) -> bool:
    """Whether the pod says as a whole what it needs, so that its containers need not."""
    resources = pod["spec"].get("resources") or {}
    return any(on_pod(name) for part in ("requests", "limits") for name in resources.get(part) or ())


def _whole(pod: Json, part: Part) -> Amounts:
    spec = pod["spec"]
    summed = of_containers(spec, part)
    of_pod = read((spec.get("resources") or {}).get(part))
    return summed | {name: amount for name, amount in of_pod.items() if on_pod(name)}


def of_containers(spec: Json, part: Part) -> Amounts:
    """Return what the containers ask for together, whatever the pod says as a whole."""
    running = [_asked(container, part) for container in spec.get("containers") or ()]
    sidecars: Amounts = {}
    steps: list[Amounts] = []
    for container in spec.get("initContainers") or ():
        asked = _asked(container, part)
        steps.append(total([sidecars, asked]))
        if container.get("restartPolicy") == "Always":
            sidecars = steps[-1]
            running.append(asked)
    return largest([total(running), *steps])


def _asked(container: Json, part: Part) -> Amounts:
    return read((container.get("resources") or {}).get(part))


def on_pod(name: str) -> bool:
    """Whether a pod may ask for a resource as a whole."""
    return name in _ON_PODS or name.startswith("hugepages-")
