"""Other quotas than ours in a namespace of ours: they count, and are left as they are.

Whatever an administrator or another tool has put there bounds every pod beside our own quota. What it leaves is compared with
what a pod will be charged before anything is granted. A quota that counts only some pods (by scopes) is left to the API server.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tenantspawner.kube.quantities import parse


@dataclass(frozen=True, slots=True)
class OtherQuota:
    """A ResourceQuota as the API server enforces it: amounts by key, zeros included."""

    namespace: str
    name: str
    hard: Mapping[str, Decimal]
    used: Mapping[str, Decimal]

    @classmethod
    def read(cls, quota: Mapping[str, Any]) -> "OtherQuota":
        """Read one; ValueError where an amount is no quantity."""
        status, metadata = quota.get("status") or {}, quota["metadata"]
        hard, used = (
            {str(key): parse(str(amount)) for key, amount in (status.get(part) or {}).items()}
            for part in ("hard", "used")
        )
        return cls(metadata["namespace"], metadata["name"], hard, used)

    def free(self, key: str) -> Decimal:
        """What it leaves of one of its keys."""
        return max(self.hard[key] - self.used.get(key, Decimal(0)), Decimal(0))


@dataclass(frozen=True, slots=True)
class Excess:
    """What an other quota does not leave: its name, and by key what is asked, what is used, and how much there is."""

    name: str
    keys: Mapping[str, tuple[Decimal, Decimal, Decimal]]


def others_among(quotas: Iterable[Mapping[str, Any]], ours: str) -> list[OtherQuota]:
    """The quotas not named `ours` that count every pod of their namespace."""
    return [
        OtherQuota.read(quota)
        for quota in quotas
        if quota["metadata"]["name"] != ours
        and not any((quota.get("spec") or {}).get(key) for key in ("scopes", "scopeSelector"))
    ]


def excess(quotas: Iterable[OtherQuota], need: Mapping[str, Decimal]) -> Excess | None:
    """The first quota that leaves less than is needed; None where all leave enough."""
    for quota in quotas:
        short = {
            key: (need[key], quota.used.get(key, Decimal(0)), hard)
            for key, hard in quota.hard.items()
            if need.get(key) and need[key] > quota.free(key)
        }
        if short:
            return Excess(quota.name, short)
    return None
