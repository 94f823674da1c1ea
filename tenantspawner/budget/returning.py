"""Returning what is not used any more, as a state machine: the state seen -> the next write, or done.

1. the pod is gone: read the ledger
2. count the namespace's pods and lower the quota to what stays; wait until that is in force
3. count the namespace's pods afresh
4. swap the ledger at the version read in 1: what stays, or what the quota still allows, whichever is more; lost: read it again,
   then the quota; where this namespace's grants are still those of 1 and the quota's last write is that of 2, only another
   namespace has changed: swap at the new version; else 1

What stays are the grants of other spawns, whether their pods are there yet or not, and whatever pods use beyond them: a pod
that the API server has admitted and not yet stored belongs to a grant, and so it is counted before anybody can see it.

What ends is named by the caller: a spawn of its own when the pod is gone; or, in the sweep, a grant without a pod, by its nonce.
Since the sweep may be wrong about who is alive, it first does 1 and 2 alone (`begin_fence`), so that nothing more is admitted, and the
whole of it a pass later, when whatever was admitted before has been stored or refused. A hub that was only slow has lost
its raise in between, and then its grant has another nonce.

The grants alone would not tell: another may have come, been raised and returned in between, which leaves them as they were and
the quota higher. In the order ledger, quota, swap nothing slips through: a grant of this namespace that reserves before our second
reading is seen in the ledger, or its return in the quota, and one that reserves after it makes us lose the swap.

Step 2 changes the quota's version also where its values stay (by the nonce): that is what makes a grant lose its raise when it
reserved before our step 1, see `granting`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tenantspawner.budget.amounts import NOTHING, Amounts, total
from tenantspawner.budget.ledger import FOUND, Grant, Ledger, Nonce, SpawnId
from tenantspawner.budget.seen import Answer, LedgerSeen, NoLedger, NoQuota, Outcome, PodsSeen, QuotaSeen
from tenantspawner.budget.steps import (
    CountPods,
    CreateQuota,
    Done,
    LowerQuota,
    ReadLedger,
    ReadQuota,
    Step,
    SwapLedger,
    WaitHard,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """A grant that ends: a spawn's, and where a nonce is given, only the grant with that very nonce."""

    spawn: SpawnId
    nonce: Nonce | None = None

    def means(self, grant: Grant) -> bool:
        """Whether that is the grant."""
        return grant.spawn == self.spawn and self.nonce in {None, grant.nonce}


@dataclass(frozen=True, slots=True)
class Returning:
    """How far a return is.

    `over` are the grants that end; `lowered` is what the quota was lowered to, by the write with the nonce `mark`; `counted`
    are the pods after that. `drifted` says that the quota may allow something although nothing is granted; `fence`, that the ledger stays as it is.
    """

    namespace: str
    over: frozenset[Ending]
    keys: frozenset[str]
    step: Step
    seen: LedgerSeen | None = None
    staying: Amounts = NOTHING
    lowered: Amounts | None = None
    mark: Nonce | None = None
    counted: PodsSeen | None = None
    drifted: bool = False
    fence: bool = False


def begin_return(namespace: str, over: Iterable[Ending], keys: frozenset[str], *, drifted: bool = False) -> Returning:
    """The first step. Where nothing is over, only what nobody's pods use is returned."""
    return Returning(namespace, frozenset(over), keys, ReadLedger(), drifted=drifted)


def begin_fence(namespace: str, over: Iterable[Ending], keys: frozenset[str]) -> Returning:
    """The first step of lowering the quota as if those grants had ended, which stay in the ledger."""
    return Returning(namespace, frozenset(over), keys, ReadLedger(), fence=True)


def return_step(task: Returning, answer: Answer, nonce: Nonce) -> Returning:  # noqa: C901, PLR0911, PLR0912  # the protocol is one table; in pieces nobody could hold it against the design
    """Decide the next step from what the last one was answered. `nonce` is fresh at each call."""
    match task.step, answer:
        case ReadLedger(), LedgerSeen() if task.counted and _unchanged(task, answer):
            return replace(task, seen=answer, step=ReadQuota(task.namespace))
        case ReadLedger(), LedgerSeen() if task.drifted or answer.ledger.of_namespace(task.namespace):
            return replace(task, seen=answer, lowered=None, mark=None, counted=None, step=CountPods(task.namespace))
        case ReadLedger(), LedgerSeen() | NoLedger():
            return replace(task, step=Done())  # nothing is granted; without a ledger, the next one is made by counting
        case CountPods(), PodsSeen() if task.lowered is None:
            return replace(task, staying=total(_staying(task, answer).values()), step=ReadQuota(task.namespace))
        case ReadQuota(), QuotaSeen() | NoQuota() if task.counted:
            if (answer.nonce if isinstance(answer, QuotaSeen) else None) == task.mark:
                return _swap(task, task.counted, nonce)
            return replace(task, counted=None, step=ReadLedger())
        case ReadQuota(), QuotaSeen():
            return _lower(task, answer, nonce)
        case ReadQuota(), NoQuota():
            return replace(task, step=CreateQuota(task.namespace))
        case CreateQuota(), Outcome.NO_NAMESPACE:
            return replace(task, lowered=NOTHING, step=CountPods(task.namespace))
        case LowerQuota(), Outcome.WRITTEN:
            return replace(task, step=WaitHard(task.namespace))
        case WaitHard(), QuotaSeen() if answer.nonce == task.mark:
            if not answer.in_force:
                return task
            return replace(task, step=Done() if task.fence else CountPods(task.namespace))
        case CountPods(), PodsSeen():
            return _swap(task, answer, nonce)
        case SwapLedger(), Outcome.WRITTEN:
            return replace(task, step=Done())
        case SwapLedger(), _:
            return replace(task, step=ReadLedger())
        case _:
            return replace(task, counted=None, step=ReadLedger())


def _unchanged(task: Returning, now: LedgerSeen) -> bool:
    """Whether the namespace's grants are those that were read before the quota was lowered, by their nonces too."""
    before = task.seen.ledger.of_namespace(task.namespace) if task.seen else None
    return before == now.ledger.of_namespace(task.namespace)


def _swap(task: Returning, pods: PodsSeen, nonce: Nonce) -> Returning:
    if task.seen is None:
        return replace(task, step=ReadLedger())
    new = _after(task, pods, task.seen.ledger, nonce)
    return replace(task, counted=pods, step=SwapLedger(task.seen.version, new))


def _lower(task: Returning, quota: QuotaSeen, nonce: Nonce) -> Returning:
    """Never up: what the quota allows may be less than what stays, when another grant is on its way."""
    lowered = quota.hard.only(task.keys) & task.staying
    step = LowerQuota(task.namespace, quota.version, lowered, nonce)
    return replace(task, lowered=lowered, mark=nonce, step=step)


def _staying(task: Returning, pods: PodsSeen) -> dict[SpawnId, Amounts]:
    """What each spawn keeps: its grant or what its pods use, whichever is more; `FOUND` has the pods of no grant."""
    grants = task.seen.ledger.of_namespace(task.namespace) if task.seen else ()
    standing = (grant for grant in grants if not any(ending.means(grant) for ending in task.over))
    kept = {grant.spawn: grant.amounts for grant in standing if grant.spawn != FOUND}
    kept[FOUND] = NOTHING
    for spawn, charged in pods.by_spawn().items():
        if spawn in kept and spawn != FOUND:
            kept[spawn] |= charged
        else:
            kept[FOUND] += charged
    return kept


def _after(task: Returning, pods: PodsSeen, ledger: Ledger, nonce: Nonce) -> Ledger:
    """Step 4's ledger: what stays, and as found what the quota allows beyond it."""
    staying = _staying(task, pods)
    staying[FOUND] += (task.lowered or NOTHING) - total(staying.values())
    before = {grant.spawn: grant for grant in ledger.of_namespace(task.namespace)}
    found = Grant(task.namespace, FOUND, _holder(pods), nonce, staying.pop(FOUND))
    kept = (replace(before[spawn], amounts=amounts) for spawn, amounts in staying.items())
    return ledger.with_namespace(task.namespace, (*kept, found), nonce)


def _holder(pods: PodsSeen) -> str:
    """Whose the pods of the namespace are, as far as they say it."""
    return next((pod.holder for pod in pods.pods if pod.holder), "")
