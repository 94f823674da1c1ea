"""Where a pod can go, and why not: the filters and the sums of a scheduler.

Pure. `verdict` says for one node what speaks against a pod; `place` picks the least loaded of the nodes with nothing
against it, or raises `UnschedulableError` with the sentence kube-scheduler would write.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ and .../taint-and-toleration/
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tenantspawner.kube import quantities

Json = Mapping[str, Any]
Amounts = Mapping[str, Decimal]

ZERO = Decimal(0)
ENDED = frozenset({"Succeeded", "Failed"})
NOT_READY = "node.kubernetes.io/not-ready"
_UNMATCHED = "node(s) didn't match Pod's node affinity/selector"
_LOAD = ("cpu", "memory")


class UnschedulableError(Exception):
    """No node can take the pod; the text is for its PodScheduled condition."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node and what the pods on it have requested, ``pods`` included."""

    node: Json
    used: Amounts = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The node's name."""
        return str(self.node["metadata"]["name"])

    @property
    def allocatable(self) -> dict[str, Decimal]:
        """What the node has for pods."""
        status = self.node.get("status") or {}
        return amounts(status.get("allocatable") or status.get("capacity"))


def amounts(resources: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """Read the quantities of a resource list."""
    return {name: quantities.parse(str(value)) for name, value in (resources or {}).items()}


def requests(pod: Json) -> dict[str, Decimal]:
    """Return what a pod requests: its containers together, or an init container where that is more.

    Init containers that restart always run beside everything after them. Each pod also counts as one of ``pods``.
    """
    spec = pod["spec"]
    beside: Amounts = {}
    peak: dict[str, Decimal] = {}
    for container in spec.get("initContainers") or ():
        wanted = _container_requests(container)
        if container.get("restartPolicy") == "Always":
            beside = _sum(beside, wanted)
            wanted = {}
        peak = _largest(peak, _sum(beside, wanted))
    together = beside
    for container in spec.get("containers") or ():
        together = _sum(together, _container_requests(container))
    total = _largest(peak, together)
    return _sum(total, amounts(spec.get("overhead"))) | {"pods": Decimal(1)}


def used_by(pods: Iterable[Json]) -> dict[str, Decimal]:
    """Return what all pods together that have not ended request."""
    total: dict[str, Decimal] = {}
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in ENDED:
            total = _sum(total, requests(pod))
    return total


def verdict(pod: Json, candidate: Candidate) -> tuple[str, ...]:
    """Return what speaks against the node, in kube-scheduler's words; empty when nothing does."""
    node = candidate.node
    if (node.get("spec") or {}).get("unschedulable"):
        return ("node(s) were unschedulable",)
    if taint := _untolerated(pod, node):
        return (f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}",)
    if not selected(pod, node):
        return (_UNMATCHED,)
    free = candidate.allocatable
    lacking = []
    for name, wanted in requests(pod).items():
        if wanted and wanted + candidate.used.get(name, ZERO) > free.get(name, ZERO):
            lacking.append("Too many pods" if name == "pods" else f"Insufficient {name}")
    return tuple(lacking)


def place(pod: Json, candidates: Sequence[Candidate]) -> str:
    """Return the name of the node the pod goes to.

    Raises
    ------
    UnschedulableError
        As in ``0/2 nodes are available: 2 Insufficient nvidia.com/gpu.``
    """
    if not candidates:
        raise UnschedulableError("no nodes available to schedule pods")
    against = {candidate.name: verdict(pod, candidate) for candidate in candidates}
    fitting = [candidate for candidate in candidates if not against[candidate.name]]
    if not fitting:
        counted = Counter(reason for reasons in against.values() for reason in reasons)
        listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counted.items()))
        raise UnschedulableError(f"0/{len(candidates)} nodes are available: {listed}.")
    return min(fitting, key=lambda one: (-preference(pod, one.node), load(pod, one), one.name)).name


def load(pod: Json, candidate: Candidate) -> Decimal:
    """Return how full the node would be with the pod: the mean of the fractions of CPU, memory and pods."""
    free, wanted = candidate.allocatable, requests(pod)
    fractions = [
        (candidate.used.get(name, ZERO) + wanted.get(name, ZERO)) / free[name]
        for name in (*_LOAD, "pods")
        if free.get(name)
    ]
    return sum(fractions, ZERO) / max(len(fractions), 1)


def selected(pod: Json, node: Json) -> bool:
    """Say whether the pod's node selector and required affinity allow the node."""
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = _node_affinity(pod).get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def preference(pod: Json, node: Json) -> int:
    """Return the weights of the preferred affinities the node meets, summed."""
    preferred = _node_affinity(pod).get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(int(one["weight"]) for one in preferred if _term(one["preference"], node))


def tolerates(toleration: Json, taint: Json) -> bool:
    """Say whether one toleration covers one taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def matches(expression: Json, labels: Mapping[str, str]) -> bool:
    """Evaluate one ``matchExpressions`` entry: In, NotIn, Exists, DoesNotExist, Gt, Lt."""
    present = expression["key"] in labels
    value = labels.get(expression["key"], "")
    values = expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return present and value in values
        case "NotIn":
            return not present or value not in values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case "Gt" | "Lt" as operator:
            return present and _compared(operator, value, values)
        case _:
            return False


def _compared(operator: str, value: str, values: Sequence[str]) -> bool:
    try:
        number, bound = int(value), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > bound if operator == "Gt" else number < bound


def _term(term: Json, node: Json) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return all(matches(one, labels) for one in expressions) and all(matches(one, name) for one in fields)


def _node_affinity(pod: Json) -> Json:
    affinity: Json = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    return affinity


def _untolerated(pod: Json, node: Json) -> Json | None:
    taints = list((node.get("spec") or {}).get("taints") or ())
    conditions = (node.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        taints.append({"key": NOT_READY, "effect": "NoSchedule"})
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in taints:
        hard = taint.get("effect") in {"NoSchedule", "NoExecute"}
        if hard and not any(tolerates(one, taint) for one in tolerations):
            return dict(taint)
    return None


def _container_requests(container: Json) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    return amounts(resources.get("limits")) | amounts(resources.get("requests"))


def _sum(one: Amounts, other: Amounts) -> dict[str, Decimal]:
    return {name: one.get(name, ZERO) + other.get(name, ZERO) for name in {**one, **other}}


def _largest(one: Amounts, other: Amounts) -> dict[str, Decimal]:
    return {name: max(one.get(name, ZERO), other.get(name, ZERO)) for name in {**one, **other}}
