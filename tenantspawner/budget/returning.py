"""Returning what is not used any more, as a state machine: the state seen -> the next write, or done.

1. the pod is gone: read the ledger
2. count the namespace's pods and lower the quota to what stays; wait until that is in force
3. count the namespace's pods afresh
4. swap the ledger at the version read in 1: what stays, or what the quota still allows, whichever is more; lost: 1

What stays are the grants of other spawns, whether their pods are there yet or not, and whatever pods use beyond them. A spawn
that is no longer wanted is named by the caller: its own, when the pod is gone, or one that the sweep has found without a pod and
without a hub that works on it. A pod that the API server has admitted and not yet stored belongs to a grant, and
so it is counted before anybody can see it.

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
class Returning:
    """How far a return is. `over` are the spawns whose grants end; `lowered` is what the quota was lowered to.

    `drifted` says that the quota may allow something although nothing is granted.
    """

    namespace: str
    over: frozenset[SpawnId]
    keys: frozenset[str]
    step: Step
    seen: LedgerSeen | None = None
    staying: Amounts = NOTHING
    lowered: Amounts | None = None
    drifted: bool = False


def begin_return(namespace: str, over: Iterable[SpawnId], keys: frozenset[str], *, drifted: bool = False) -> Returning:
    """The first step. Without a spawn that is over, only what nobody's pods use is returned."""
    return Returning(namespace, frozenset(over), keys, ReadLedger(), drifted=drifted)


def return_step(task: Returning, answer: Answer, nonce: Nonce) -> Returning:  # noqa: C901, PLR0911  # the protocol is one table; in pieces nobody could hold it against the design
    """Decide the next step from what the last one was answered. `nonce` is fresh at each call."""
    match task.step, answer:
        case ReadLedger(), LedgerSeen() if task.drifted or answer.ledger.of_namespace(task.namespace):
            return replace(task, seen=answer, lowered=None, step=CountPods(task.namespace))
        case ReadLedger(), LedgerSeen() | NoLedger():
            return replace(task, step=Done())  # nothing is granted; without a ledger, the next one is made by counting
        case CountPods(), PodsSeen() if task.lowered is None:
            return replace(task, staying=total(_staying(task, answer).values()), step=ReadQuota(task.namespace))
        case ReadQuota(), QuotaSeen():
            return _lower(task, answer, nonce)
        case ReadQuota(), NoQuota():
            return replace(task, step=CreateQuota(task.namespace))
        case CreateQuota(), Outcome.NO_NAMESPACE:
            return replace(task, lowered=NOTHING, step=CountPods(task.namespace))
        case LowerQuota(), Outcome.WRITTEN:
            return replace(task, step=WaitHard(task.namespace))
        case WaitHard(), QuotaSeen() if answer.hard.only(task.keys) == task.lowered:
            return replace(task, step=CountPods(task.namespace)) if answer.in_force else task
        case CountPods(), PodsSeen() if task.seen is not None:
            return replace(task, step=SwapLedger(task.seen.version, _after(task, answer, task.seen.ledger, nonce)))
        case SwapLedger(), Outcome.WRITTEN:
            return replace(task, step=Done())
        case _:
            return replace(task, step=ReadLedger())


def _lower(task: Returning, quota: QuotaSeen, nonce: Nonce) -> Returning:
    """Never up: what the quota allows may be less than what stays, when another grant is on its way."""
    lowered = quota.hard.only(task.keys) & task.staying
    return replace(task, lowered=lowered, step=LowerQuota(task.namespace, quota.version, lowered, nonce))


def _staying(task: Returning, pods: PodsSeen) -> dict[SpawnId, Amounts]:
    """What each spawn keeps: its grant or what its pods use, whichever is more; `FOUND` has the pods of no grant."""
    grants = task.seen.ledger.of_namespace(task.namespace) if task.seen else ()
    kept = {grant.spawn: grant.amounts for grant in grants if grant.spawn not in task.over | {FOUND}}
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
