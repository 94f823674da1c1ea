"""Rebuilding a ledger that is gone or cannot be read, from quotas and pods; before the next grant.

0. where there is none: make it by POST, empty and so not readable; then there is a version to swap at
1. read all quotas of the tenant's namespaces
2. touch each: same values, new nonce, at the version read, so that a grant that was under way loses its raise; lost: 1
3. wait until each is in force; count all pods
4. swap the ledger at the version of the one that could not be read; lost: somebody else was first

Each namespace is entered with what its quota allows or its pods use, whichever is more. What the quota allows beyond the
pods stands under an id of its own, which only the sweep ends: a pod may be on its way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tenantspawner.budget.ledger import Grant, Ledger, Nonce, SpawnId
from tenantspawner.budget.seen import Answer, NoQuota, Outcome, PodSeen, PodsSeen, QuotaSeen, QuotasSeen
from tenantspawner.budget.steps import (
    CountAllPods,
    CreateLedger,
    Done,
    LowerQuota,
    ReadQuotas,
    Step,
    SwapLedger,
    WaitHard,
)

REBUILT = "rebuilt-"
"""Begins the id of what a quota allows beyond its pods when the ledger is rebuilt."""


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """How far it is: the quotas still to be touched, then those still to be waited for."""

    keys: frozenset[str]
    version: str
    step: Step
    quotas: tuple[QuotaSeen, ...] = ()
    touched: int = 0
    live: int = 0


def begin_rebuild(keys: frozenset[str], version: str) -> Rebuilding:
    """The first step; `version` is that of a ledger that cannot be read, empty when there is none."""
    return Rebuilding(keys, version, ReadQuotas() if version else CreateLedger())


def rebuild_step(task: Rebuilding, answer: Answer, nonce: Nonce) -> Rebuilding:  # noqa: PLR0911  # the protocol is one table; in pieces nobody could hold it against the design
    """Decide the next step from what the last one was answered. `nonce` is fresh at each call."""
    match task.step, answer:
        case ReadQuotas(), QuotasSeen():
            return _next(replace(task, quotas=tuple(answer.quotas), touched=0, live=0), nonce)
        case LowerQuota(), Outcome.WRITTEN:
            return _next(replace(task, touched=task.touched + 1), nonce)
        case WaitHard(), QuotaSeen() if not answer.in_force:
            return task
        case WaitHard(), QuotaSeen() | NoQuota():
            return _next(replace(task, live=task.live + 1), nonce)
        case CountAllPods(), PodsSeen():
            new = rebuild_ledger(task.quotas, answer.pods, task.keys, nonce)
            return replace(task, step=SwapLedger(task.version, new))
        case ((SwapLedger() | CreateLedger()), _):
            return replace(task, step=Done())  # the ledger is read again, whoever wrote it
        case _:
            return replace(task, step=ReadQuotas())


def rebuild_ledger(quotas: Iterable[QuotaSeen], pods: Iterable[PodSeen], keys: frozenset[str], nonce: Nonce) -> Ledger:
    """Make the ledger that quotas and pods speak of."""
    allowed = {quota.namespace: quota for quota in quotas}
    by_namespace: dict[str, list[PodSeen]] = {namespace: [] for namespace in allowed}
    for pod in pods:
        by_namespace.setdefault(pod.namespace, []).append(pod)
    return Ledger.of(
        (
            grant
            for name, found in by_namespace.items()
            for grant in _grants(name, allowed.get(name), found, keys, nonce)
        ),
        nonce,
    )


def _grants(
    namespace: str, quota: QuotaSeen | None, pods: list[PodSeen], keys: frozenset[str], nonce: Nonce
) -> Iterator[Grant]:
    seen = PodsSeen(tuple(pods))
    holders = {pod.spawn: pod.holder for pod in pods}
    for spawn, amounts in seen.by_spawn().items():
        yield Grant(namespace, spawn, holders[spawn], nonce, amounts.only(keys))
    if quota is not None:
        beyond = quota.hard.only(keys) - seen.charged.only(keys)
        yield Grant(namespace, SpawnId(REBUILT + nonce), quota.holder, nonce, beyond)


def _next(task: Rebuilding, nonce: Nonce) -> Rebuilding:
    if task.touched < len(task.quotas):
        quota = task.quotas[task.touched]
        return replace(task, step=LowerQuota(quota.namespace, quota.version, quota.hard.only(task.keys), nonce))
    if task.live < len(task.quotas):
        return replace(task, step=WaitHard(task.quotas[task.live].namespace))
    return replace(task, step=CountAllPods())
