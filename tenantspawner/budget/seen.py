"""What the steps of the protocol are answered: quotas, ledgers and pods as they were read, and what became of a write.

Read from plain JSON; versions are opaque and only ever handed back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tenantspawner.budget.amounts import NOTHING, Amounts
from tenantspawner.budget.ledger import FOUND, Ledger, Nonce, SpawnId
from tenantspawner.kube import labels
from tenantspawner.kube.charges import in_quota


@dataclass(frozen=True, slots=True)
class QuotaSeen:
    """A namespace's ResourceQuota.

    `in_force` says that ``status.hard`` is ``spec.hard`` and everything is counted; `nonce` is of the last write of ours.
    """

    namespace: str
    version: str
    hard: Amounts
    in_force: bool
    nonce: Nonce
    holder: str = ""

    @classmethod
    def read(cls, quota: Mapping[str, Any]) -> "QuotaSeen":
        """Read a ResourceQuota; ValueError where an amount is no quantity."""
        metadata, status = quota["metadata"], quota.get("status") or {}
        notes = metadata.get("annotations") or {}
        hard = (quota.get("spec") or {}).get("hard") or {}
        enforced = status.get("hard") or {}
        counted = enforced.keys() == hard.keys() <= (status.get("used") or {}).keys()
        return cls(
            metadata["namespace"],
            metadata["resourceVersion"],
            Amounts.read(hard),
            counted and Amounts.read(enforced) == Amounts.read(hard),
            Nonce(str(notes.get(labels.GRANT_NONCE, ""))),
            str(notes.get(labels.OWNER, "")),
        )


@dataclass(frozen=True, slots=True)
class NoQuota:
    """The namespace has no ResourceQuota of ours."""

    namespace: str


@dataclass(frozen=True, slots=True)
class LedgerSeen:
    """The tenant's ledger at a version."""

    version: str
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class NoLedger:
    """There is none, or it cannot be read; then `version` is that of the Lease to be written over."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod that is there: whose spawn it is, and what it is charged for."""

    namespace: str
    spawn: SpawnId
    charged: Amounts
    holder: str = ""

    @classmethod
    def read(cls, pod: Mapping[str, Any], keys: frozenset[str]) -> "PodSeen":
        """Read a pod; ValueError where an amount is no quantity."""
        metadata = pod["metadata"]
        notes = metadata.get("annotations") or {}
        charged = Amounts(in_quota(pod)).only(keys)
        spawn = SpawnId(str(notes.get(labels.SPAWN, FOUND)))
        return cls(metadata["namespace"], spawn, charged, str(notes.get(labels.OWNER, "")))


@dataclass(frozen=True, slots=True)
class PodsSeen:
    """The pods of one namespace, or of all, freshly counted."""

    pods: tuple[PodSeen, ...] = field(default=())

    @property
    def charged(self) -> Amounts:
        """What all of them are charged for."""
        return sum((pod.charged for pod in self.pods), NOTHING)

    def by_spawn(self) -> Mapping[SpawnId, Amounts]:
        """What each spawn's pods are charged for."""
        found: dict[SpawnId, Amounts] = {}
        for pod in self.pods:
            found[pod.spawn] = found.get(pod.spawn, NOTHING) + pod.charged
        return found


@dataclass(frozen=True, slots=True)
class QuotasSeen:
    """The quotas of all namespaces of a tenant."""

    quotas: Sequence[QuotaSeen] = ()


class Outcome(Enum):
    """What became of a write."""

    WRITTEN = auto()
    LOST = auto()  # the version was not the newest, the object is gone, or one is there already
    NO_NAMESPACE = auto()  # there is no such namespace (any more), or it is going away


Answer = QuotaSeen | NoQuota | QuotasSeen | LedgerSeen | NoLedger | PodsSeen | Outcome
