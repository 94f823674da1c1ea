"""What is free of the teams' budgets at this moment, for the form: from memory, without a request.

Only devices are told: people choose their number. A ledger that is not known says nothing, since a wrong number would be
worse than none; what is asked for is held against the ledger itself when the server starts.
"""

from collections.abc import Callable, Iterable, Mapping

from tenantspawner.budget import Ledger
from tenantspawner.form import Availability, Free
from tenantspawner.lifecycle.budgetdoor import Team
from tenantspawner.lifecycle.leases import free_of

_REQUESTS = "requests."


def availability(
    teams: Mapping[str, Team], ledger: Callable[[str], Ledger | None], tenant_ids: Iterable[str]
) -> Availability:
    """By tenant and device: how much is free, of how much."""
    found: dict[str, Mapping[str, Free]] = {}
    for tenant_id in tenant_ids:
        team, seen = teams.get(tenant_id), ledger(tenant_id)
        if team is not None and seen is not None:
            found[tenant_id] = _devices(team, seen)
    return found


def _devices(team: Team, ledger: Ledger) -> dict[str, Free]:
    amounts = {key.removeprefix(_REQUESTS): amounts for key, amounts in free_of(team, ledger).items()}
    waits = team.queueing is not None  # then what is not free can be asked for all the same
    return {
        resource: Free(int(free), int(total), waits) for resource, (free, total) in amounts.items() if "/" in resource
    }
