"""Granting, as a state machine: the state seen -> the next write, a refusal, or done.

1. read the quota, then the ledger; too little left: refuse
2. swap the ledger at the version read, with the grant in it; lost: 1
3. raise the quota at the version read, to the namespace's whole entry; lost: 1, where our grant is swapped again
4. wait until that very raise is in force (another's: 1); create the pod; count the namespace's pods

A quota that is missing is made with nothing first and then read, so that a raise always has a version to lose by.

Why it holds: up goes the ledger first, so that a quota is never more than its entry. A raise needs the quota unchanged since
before the swap, and every return changes the quota between its reading of the ledger and its swap: of a grant and a
return that overlap, either the return's swap is lost or the grant's raise. That is also why a lost raise must swap again
and not merely look whether our grant is still there: a return that counted before may be about to swap it away.

Pure: no clock, no chance (nonces are handed in), no request. The model test drives this very code.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from tenantspawner.budget.amounts import NOTHING, Amounts
from tenantspawner.budget.ledger import MAX_BYTES, Grant, Ledger, Nonce, SpawnId
from tenantspawner.budget.seen import Answer, LedgerSeen, NoLedger, NoQuota, Outcome, PodsSeen, QuotaSeen
from tenantspawner.budget.shortage import Cause, Shortage, holders_of, own_shortage
from tenantspawner.budget.steps import (
    CountPods,
    CreatePod,
    CreateQuota,
    Done,
    RaiseQuota,
    ReadLedger,
    ReadQuota,
    Rebuild,
    Refuse,
    Step,
    SwapLedger,
    WaitHard,
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What one spawn needs of its tenant's budget.

    `keys` are the leased keys, also those the budget has 0 of; `need` has no others. `ceilings` are the person's own
    for all servers in that namespace; a key without one is not bounded.
    """

    namespace: str
    spawn: SpawnId
    holder: str
    need: Amounts
    budget: Amounts
    keys: frozenset[str]
    ceilings: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Granting:
    """How far a grant is: the step under way, the quota as last read, the namespace's entry with this grant in it.

    `raised` is the nonce of our raise. A quota with another was changed since, maybe by a sweep that took us for dead and
    then by somebody's grant of the same size.
    """

    ask: Ask
    step: Step
    quota: QuotaSeen | None = None
    entry: Amounts = NOTHING
    raised: Nonce | None = None
    counted: Amounts | None = None

    @property
    def wrote(self) -> bool:
        """Whether the ledger may have a grant of ours by now, so that it has to be given back when this fails."""
        return bool(self.entry)


def begin_grant(ask: Ask) -> Granting:
    """The first step."""
    return Granting(ask, ReadQuota(ask.namespace))


def shortage(ask: Ask, ledger: Ledger) -> Shortage | None:
    """Say why the ledger cannot take this grant, None when it can; a grant that it has already counts for itself."""
    own = ledger.grant(ask.namespace, ask.spawn)
    mine = own.amounts if own else NOTHING
    over = own_shortage(ask.ceilings, ledger.entry(ask.namespace) - mine, ask.need)
    if over is not None:
        return over
    taken = ledger.granted - mine
    for key in ask.need:
        free = max(ask.budget[key] - taken[key], Decimal(0))
        if ask.need[key] > free:
            others = (grant for grant in ledger.grants if grant != own)
            holders = holders_of((grant.holder or grant.namespace, grant.amounts[key]) for grant in others)
            return Shortage(Cause.BUDGET, key, ask.need[key], free, ask.budget[key], holders)
    return None


def grant_step(task: Granting, answer: Answer, nonce: Nonce) -> Granting:  # noqa: C901, PLR0911, PLR0912  # the protocol is one table; in pieces nobody could hold it against the design
    """Decide the next step from what the last one was answered. `nonce` is fresh at each call."""
    ask = task.ask
    match task.step, answer:
        case ReadQuota(), QuotaSeen():
            return replace(task, quota=answer, step=ReadLedger())
        case ReadQuota(), NoQuota():
            return replace(task, quota=None, step=ReadLedger())
        case ReadLedger(), NoLedger():
            return replace(task, step=Rebuild(answer.version))
        case ReadLedger(), LedgerSeen() if task.counted is not None:
            enough = task.counted.within(answer.ledger.entry(ask.namespace))
            return replace(task, step=Done() if enough else Refuse(Shortage(Cause.TAKEN)))
        case ReadLedger(), LedgerSeen():
            return _reserve(task, answer, nonce)
        case SwapLedger(), Outcome.WRITTEN if task.quota is not None:
            return replace(task, raised=nonce, step=RaiseQuota(ask.namespace, task.quota.version, task.entry, nonce))
        case RaiseQuota(), Outcome.WRITTEN:
            return replace(task, step=WaitHard(ask.namespace))
        case WaitHard(), QuotaSeen() if answer.nonce == task.raised:
            return replace(task, step=CreatePod(ask.namespace)) if answer.in_force else task
        case CreatePod(), Outcome.WRITTEN:
            return replace(task, step=CountPods(ask.namespace))
        case CreatePod(), _:
            return replace(task, step=Refuse(Shortage(Cause.TAKEN)))
        case CountPods(), PodsSeen():
            if answer.charged.within(task.entry):
                return replace(task, step=Done())
            return replace(task, counted=answer.charged, step=ReadLedger())  # another grant may have come since
        case _:
            return replace(task, step=ReadQuota(ask.namespace))


def _reserve(task: Granting, seen: LedgerSeen, nonce: Nonce) -> Granting:
    """Step 2, unless there is too little left, or no quota yet."""
    ask = task.ask
    if (why := shortage(ask, seen.ledger)) is not None:
        return replace(task, step=Refuse(why))
    if task.quota is None:
        return replace(task, step=CreateQuota(ask.namespace))
    new = seen.ledger.with_grant(Grant(ask.namespace, ask.spawn, ask.holder, nonce, ask.need))
    if len(new.text()) > MAX_BYTES:
        return replace(task, step=Refuse(Shortage(Cause.FULL)))
    return replace(task, step=SwapLedger(seen.version, new), entry=new.entry(ask.namespace))
