"""The steps of the protocol as values: what is to be done next. Each is one request to the API server.

`lifecycle` carries them out, and so does the model test, which tries all orders in which several hubs can do so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tenantspawner.budget.amounts import Amounts
from tenantspawner.budget.ledger import Ledger, Nonce
from tenantspawner.budget.shortage import Shortage
from tenantspawner.kube.quantities import format as written


@dataclass(frozen=True, slots=True)
class ReadQuota:
    """Read the namespace's quota. Answer: `QuotaSeen` or `NoQuota`."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """Read the tenant's ledger. Answer: `LedgerSeen` or `NoLedger`."""


@dataclass(frozen=True, slots=True)
class SwapLedger:
    """Write the ledger in the place of one version."""

    version: str
    new: Ledger


@dataclass(frozen=True, slots=True)
class RaiseQuota:
    """Write the quota's leased keys and nonce in the place of one version."""

    namespace: str
    version: str
    leased: Amounts
    nonce: Nonce


@dataclass(frozen=True, slots=True)
class LowerQuota:
    """As `RaiseQuota`, downwards; the version changes even where nothing but the nonce does."""

    namespace: str
    version: str
    leased: Amounts
    nonce: Nonce


@dataclass(frozen=True, slots=True)
class CreateQuota:
    """Make the namespace's quota by POST, with nothing of what is leased; it fails where there is one."""

    namespace: str


@dataclass(frozen=True, slots=True)
class WaitHard:
    """Wait until the quota is in force as it is written. Answer: `QuotaSeen` or `NoQuota`."""

    namespace: str


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Create the pod."""

    namespace: str


@dataclass(frozen=True, slots=True)
class CountPods:
    """List the namespace's pods afresh. Answer: `PodsSeen`."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ReadQuotas:
    """List the quotas of all the tenant's namespaces. Answer: `QuotasSeen`."""


@dataclass(frozen=True, slots=True)
class CountAllPods:
    """List the pods of all the tenant's namespaces afresh. Answer: `PodsSeen`."""


@dataclass(frozen=True, slots=True)
class CreateLedger:
    """Make the tenant's ledger by POST, without content; it fails where there is one."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """There is no ledger that can be read: rebuild it first, at that version. Answer: any; the ledger is read again."""

    version: str


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be done."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot be had."""

    shortage: Shortage


Step = (
    ReadQuota
    | ReadLedger
    | SwapLedger
    | RaiseQuota
    | LowerQuota
    | CreateQuota
    | WaitHard
    | CreatePod
    | CountPods
    | ReadQuotas
    | CountAllPods
    | CreateLedger
    | Rebuild
    | Done
    | Refuse
)


def hard(leased: Amounts, keys: frozenset[str], others: Mapping[str, str]) -> dict[str, str]:
    """``spec.hard`` in full: every leased key, at 0 too, since a key that is not named is not limited; and the others."""
    return {**others, **{key: written(leased[key]) for key in sorted(keys)}}
