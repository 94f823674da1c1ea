"""What the sweep returns: grants nobody needs, what is booked for pods that are gone, quotas that allow more than is granted.

And what it books: pods that use more than their namespace's entry, whoever made them.

A grant is abandoned when no pod of its spawn is there and no spawn of this hub works on it. Another hub may, or it may have
been made this moment. So the first pass that finds it only lowers the quota, and a later one ends it, if it is still
abandoned and its nonce the same; between them must be more than the minute that the API server lets a request live. When that is
wrong about who is alive, a spawn fails and the budget holds; see `returning`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tenantspawner.budget.amounts import NOTHING, Amounts
from tenantspawner.budget.ledger import FOUND, Ledger, Nonce, SpawnId
from tenantspawner.budget.returning import Ending
from tenantspawner.budget.seen import PodSeen, QuotaSeen


@dataclass(frozen=True, slots=True)
class Sighting:
    """A grant found abandoned; another nonce is another grant."""

    namespace: str
    spawn: SpawnId
    nonce: Nonce


def abandoned(ledger: Ledger, pods: Iterable[PodSeen], under_way: Collection[SpawnId]) -> frozenset[Sighting]:
    """The grants that nothing speaks for at this moment."""
    there = {(pod.namespace, pod.spawn) for pod in pods if pod.charged}
    return frozenset(
        Sighting(grant.namespace, grant.spawn, grant.nonce)
        for grant in ledger.grants
        if grant.spawn != FOUND and grant.spawn not in under_way and (grant.namespace, grant.spawn) not in there
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """One namespace in which something is to be done.

    `fence` are grants to be fenced now, `over` those that end, `drifted` whether its quota allows, or its pods use, more than is
    granted.
    """

    namespace: str
    fence: frozenset[Ending]
    over: frozenset[Ending]
    drifted: bool


def overdue(
    ledger: Ledger,
    quotas: Iterable[QuotaSeen],
    pods: Sequence[PodSeen],
    *,
    orphans: Collection[Sighting],
    fenced: Collection[Sighting],
    keys: frozenset[str],
) -> tuple[Overdue, ...]:
    """Decide what to do now. `orphans` are `abandoned` at this moment, `fenced` those fenced long enough ago."""
    ended, fence = _by_namespace(set(orphans) & set(fenced)), _by_namespace(set(orphans) - set(fenced))
    booked = set(_over_booked(ledger, pods))
    drifted = {quota.namespace for quota in quotas if not quota.hard.only(keys).within(ledger.entry(quota.namespace))}
    drifted |= set(_not_booked(ledger, pods))
    return tuple(
        Overdue(name, fence.get(name, frozenset()), ended.get(name, frozenset()), name in drifted)
        for name in sorted(ended.keys() | fence.keys() | booked | drifted)
    )


def _by_namespace(sightings: Iterable[Sighting]) -> dict[str, frozenset[Ending]]:
    found: dict[str, frozenset[Ending]] = {}
    for seen in sightings:
        found[seen.namespace] = found.get(seen.namespace, frozenset()) | {Ending(seen.spawn, seen.nonce)}
    return found


def _not_booked(ledger: Ledger, pods: Iterable[PodSeen]) -> list[str]:
    """The namespaces whose pods use more than their entry."""
    used: dict[str, Amounts] = {}
    for pod in pods:
        used[pod.namespace] = used.get(pod.namespace, NOTHING) + pod.charged
    return [name for name, amounts in used.items() if not amounts.within(ledger.entry(name))]


def _over_booked(ledger: Ledger, pods: Iterable[PodSeen]) -> list[str]:
    """The namespaces whose `FOUND` is more than what pods without a grant use."""
    granted = {(grant.namespace, grant.spawn) for grant in ledger.grants if grant.spawn != FOUND}
    found: dict[str, Amounts] = {}
    for pod in pods:
        if (pod.namespace, pod.spawn) not in granted:
            found[pod.namespace] = found.get(pod.namespace, NOTHING) + pod.charged
    booked: Mapping[str, Amounts] = {grant.namespace: grant.amounts for grant in ledger.grants if grant.spawn == FOUND}
    return [name for name, amounts in booked.items() if not amounts.within(found.get(name, NOTHING))]
