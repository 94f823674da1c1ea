"""What pods use beyond what was granted in their namespace, and which pods would have to go for it to be no more than that.

It counts against the budget whoever made the pods. A tenant may choose that they go as well: the youngest first, as few as
suffice, and never a pod of the hub's. What ends already is not named a second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantspawner.budget.amounts import NOTHING, Amounts, total
from tenantspawner.budget.ledger import FOUND, Ledger
from tenantspawner.budget.seen import PodSeen
from tenantspawner.kube import labels


@dataclass(frozen=True, slots=True)
class PodFound:
    """A pod, with what is needed to delete it; `born` orders pods by age, `ours` says that a hub made it."""

    seen: PodSeen
    name: str
    uid: str
    born: str
    going: bool
    ours: bool

    @classmethod
    def read(cls, pod: Mapping[str, Any], keys: frozenset[str]) -> "PodFound":
        """Read a pod; ValueError where an amount is no quantity."""
        metadata = pod["metadata"]
        return cls(
            PodSeen.read(pod, keys),
            metadata["name"],
            metadata["uid"],
            str(metadata.get("creationTimestamp", "")),
            going=bool(metadata.get("deletionTimestamp")),
            ours=labels.HUB in (metadata.get("labels") or {}),
        )


@dataclass(frozen=True, slots=True)
class Beyond:
    """A namespace whose pods use `amounts` more than it was granted; `pods` are those to delete, the youngest first."""

    namespace: str
    amounts: Amounts
    pods: tuple[PodFound, ...]


def beyond(ledger: Ledger, pods: Iterable[PodFound]) -> tuple[Beyond, ...]:
    """Find the namespaces that use more than the grants of spawns; what is only booked as found was never granted."""
    by_namespace: dict[str, list[PodFound]] = {}
    for pod in pods:
        by_namespace.setdefault(pod.seen.namespace, []).append(pod)
    found = []
    for namespace, there in sorted(by_namespace.items()):
        granted = total(grant.amounts for grant in ledger.of_namespace(namespace) if grant.spawn != FOUND)
        amounts = total(pod.seen.charged for pod in there) - granted
        if amounts:
            found.append(Beyond(namespace, amounts, _too_many(amounts, there)))
    return tuple(found)


def _too_many(amounts: Amounts, pods: Sequence[PodFound]) -> tuple[PodFound, ...]:
    left = amounts - total(pod.seen.charged for pod in pods if pod.going)
    doomed = []
    theirs = (pod for pod in pods if not pod.ours and not pod.going)
    for pod in sorted(theirs, key=lambda pod: (pod.born, pod.name), reverse=True):
        if pod.seen.charged & left != NOTHING:
            doomed.append(pod)
            left -= pod.seen.charged
    return tuple(doomed)
