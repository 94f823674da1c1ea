"""What is free of the teams' budgets at this moment, for the form: from memory, without a request.

Quotas of others in the person's own namespaces may leave less. They are asked for, and without an answer nothing is said of them.
Only devices are told: people choose their number. A ledger that is not known says nothing, since a wrong number would be
worse than none; what is asked for is held against the ledger itself when the server starts.
"""

from collections.abc import Callable, Iterable, Mapping

from tenantspawner.budget import Ledger, OtherQuota
from tenantspawner.form import Availability, Free
from tenantspawner.lifecycle.budgets.budgetdoor import Team
from tenantspawner.lifecycle.budgets.leases import free_of
from tenantspawner.tenancy.models import TenantId

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


def narrowed(found: Availability, others: Mapping[TenantId, Iterable[OtherQuota]]) -> Availability:
    """Lower what is free to what quotas of others leave, by tenant."""
    lower: dict[str, Mapping[str, Free]] = dict(found)
    for tenant_id, quotas in others.items():
        devices = dict(lower.get(tenant_id, {}))
        for quota in quotas:
            for key, hard in quota.hard.items():
                resource, left = key.removeprefix(_REQUESTS), int(quota.free(key))
                known = devices.get(resource)
                if key.startswith(_REQUESTS) and "/" in resource and (known is None or left < known.free):
                    devices[resource] = Free(left, known.total if known else int(hard), by=quota.name)
        if devices:
            lower[tenant_id] = devices
    return lower


def _devices(team: Team, ledger: Ledger) -> dict[str, Free]:
    amounts = {key.removeprefix(_REQUESTS): amounts for key, amounts in free_of(team, ledger).items()}
    waits = team.queueing is not None  # then what is not free can be asked for all the same
    return {
        resource: Free(int(free), int(total), waits) for resource, (free, total) in amounts.items() if "/" in resource
    }
