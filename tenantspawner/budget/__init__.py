"""What is left of a team's budget, and who may have it: grants, returns, refusals, all decided here and nowhere else.

A tenant's budget is leased to its namespaces: a ledger says what each was granted, its ResourceQuota enforces it. The
protocol is three state machines (`grant_step`, `return_step`, `rebuild_step`) of values: what was seen -> the next
write. ``lifecycle.grants`` carries them out; a model test runs all their interleavings.

A quota is never more than its entry in the ledger, and the ledger's sum never more than the budget, at every version
of every object; the worst that a crash leaves is a grant too many, which `overdue` finds.
"""

from tenantspawner.budget import steps
from tenantspawner.budget.amounts import NOTHING, Amounts, total
from tenantspawner.budget.beyond import Beyond, PodFound, beyond
from tenantspawner.budget.granting import Ask, Granting, begin_grant, grant_step, shortage
from tenantspawner.budget.ledger import FOUND, Grant, Ledger, Nonce, SpawnId, lease_name
from tenantspawner.budget.others import Excess, OtherQuota, excess, others_among
from tenantspawner.budget.rebuilding import Rebuilding, begin_rebuild, rebuild_ledger, rebuild_step
from tenantspawner.budget.returning import Ending, Returning, begin_fence, begin_return, return_step
from tenantspawner.budget.seen import (
    Answer,
    LedgerSeen,
    NoLedger,
    NoQuota,
    Outcome,
    PodSeen,
    PodsSeen,
    QuotaSeen,
    QuotasSeen,
)
from tenantspawner.budget.shortage import (
    Cause,
    Shortage,
    Speech,
    holders_of,
    in_line,
    over_own,
    own_shortage,
    refusal,
    waited_in_vain,
)
from tenantspawner.budget.sweeping import Overdue, Sighting, abandoned, overdue

__all__ = [
    "FOUND", "NOTHING", "Amounts", "Answer", "Ask", "Beyond", "Cause", "Ending", "Excess", "Grant", "Granting", "Ledger",
    "LedgerSeen", "NoLedger", "NoQuota", "Nonce", "OtherQuota", "Outcome", "Overdue", "PodFound", "PodSeen", "PodsSeen",
    "QuotaSeen", "QuotasSeen", "Rebuilding", "Returning", "Shortage", "Sighting", "SpawnId", "Speech", "abandoned",
    "begin_fence", "begin_grant", "begin_rebuild", "begin_return", "beyond", "excess", "grant_step", "holders_of", "in_line",
    "lease_name", "others_among", "over_own", "overdue", "own_shortage", "rebuild_ledger", "rebuild_step", "refusal",
    "return_step", "shortage", "steps", "total", "waited_in_vain",
]  # fmt: skip
