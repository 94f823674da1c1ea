"""What the sweep returns: grants nobody needs, what is booked for pods that are gone, quotas that allow more than is granted.

A grant is abandoned when no pod of its spawn is there and no spawn of this hub works on it. Another hub may, or it may have
been made this moment: so it must be found abandoned, unchanged by its nonce, in an earlier pass as well (the caller
remembers, and knows how long ago that was; longer than the API server lets a request live). When that is wrong all the same, the
spawn fails and the budget holds.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tenantspawner.budget.amounts import NOTHING, Amounts
from tenantspawner.budget.ledger import FOUND, Ledger, Nonce, SpawnId
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
    """One namespace in which something is to be returned: the spawns that are over, and whether its quota has drifted."""

    namespace: str
    over: frozenset[SpawnId]
    drifted: bool


def overdue(
    ledger: Ledger,
    quotas: Iterable[QuotaSeen],
    pods: Iterable[PodSeen],
    given_up: Collection[Sighting],
    keys: frozenset[str],
) -> tuple[Overdue, ...]:
    """Decide what is to be returned now; `given_up` are those that were abandoned long enough."""
    over: dict[str, set[SpawnId]] = {}
    for sighting in given_up:
        over.setdefault(sighting.namespace, set()).add(sighting.spawn)
    for namespace in _over_booked(ledger, pods):
        over.setdefault(namespace, set())
    drifted = {quota.namespace for quota in quotas if not quota.hard.only(keys).within(ledger.entry(quota.namespace))}
    return tuple(
        Overdue(name, frozenset(over.get(name, ())), name in drifted) for name in sorted(over.keys() | drifted)
    )


def _over_booked(ledger: Ledger, pods: Iterable[PodSeen]) -> list[str]:
    """The namespaces whose `FOUND` is more than what pods without a grant use."""
    granted = {(grant.namespace, grant.spawn) for grant in ledger.grants if grant.spawn != FOUND}
    found: dict[str, Amounts] = {}
    for pod in pods:
        if (pod.namespace, pod.spawn) not in granted:
            found[pod.namespace] = found.get(pod.namespace, NOTHING) + pod.charged
    booked: Mapping[str, Amounts] = {grant.namespace: grant.amounts for grant in ledger.grants if grant.spawn == FOUND}
    return [name for name, amounts in booked.items() if not amounts.within(found.get(name, NOTHING))]
