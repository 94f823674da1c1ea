"""The quota gate: no pod before its namespace's quota is in force.

A new ResourceQuota limits nothing until the quota controller has filled ``status.hard``: the API server admits a pod of
any size in between. So we wait until ``status.hard`` equals ``spec.hard``, both equal what the plan says, and ``status.used`` has
every key. Not in force after 10 s: fail closed. A key that the cluster never counts (a resource that it does not serve) would never
be in force; it is named, since waiting does not help.

Source: measured on Kubernetes 1.36 (docs/explanation/quota-gate); pkg/controller/resourcequota.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import AdminMustAct, QuotaNotEnforced, TenantSpawnerError
from tenantspawner.kube.kinds import RESOURCE_QUOTA
from tenantspawner.kube.quantities import parse
from tenantspawner.plan import Manifest

PATIENCE = 10.0  # seconds
CERTAIN = 1.0  # seconds: what the controller bounds it counts in the same write
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)  # then the last one again


def in_force(seen: Mapping[str, Any] | None, wanted: Mapping[str, str], leased: frozenset[str] = frozenset()) -> bool:
    """Whether a quota as read from the API server enforces what is wanted, whatever it says of what is `leased`."""
    if seen is None:
        return False
    spec, status = (seen.get("spec") or {}).get("hard") or {}, seen.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    rest = {key: amount for key, amount in spec.items() if key not in leased}
    return _equal(rest, wanted) and _equal(hard, spec) and set(spec) <= set(used)


async def quota_in_force(
    cluster: Cluster, quota: Manifest, deadline: Deadline, leased: frozenset[str] = frozenset()
) -> None:
    """Wait until a quota is in force.

    Raises
    ------
    QuotaNotEnforced
        It is not after 10 s. No pod may be created.
    AdminMustAct
        Nor will it be: there are keys in it that this cluster does not count.
    """
    namespace, name = quota["metadata"]["namespace"], quota["metadata"]["name"]
    wanted = quota["spec"]["hard"]
    limit = deadline.shorter(PATIENCE)
    turn, certain = 0, None
    while not in_force(seen := await cluster.get(RESOURCE_QUOTA, namespace, name, deadline), wanted, leased):
        certain = (certain or deadline.shorter(CERTAIN)) if uncounted_keys(seen) else None
        pause = _PAUSES[min(turn, len(_PAUSES) - 1)]
        if min(limit.remaining(), certain.remaining() if certain else PATIENCE) <= pause:
            raise not_in_force(namespace, seen)
        turn += 1
        await asyncio.sleep(pause)


def not_in_force(namespace: str, seen: Mapping[str, Any] | None) -> TenantSpawnerError:
    """Say why a quota, as it was read last, is not in force after all that time."""
    if uncounted := uncounted_keys(seen):
        keys = ", ".join(uncounted)
        return AdminMustAct(
            f"The quota of {namespace} bounds {keys}, which this cluster does not count, so it can never be in force. "
            "Nothing was started. Ask the administrator of this hub.",
            f"The quota of {namespace} names {keys}; the cluster's quota controller counts no such thing. "
            "Correct or remove it under quota in the tenancy document, or install what serves it.",
        )
    return QuotaNotEnforced(
        f"The quota of {namespace} is not in force after {PATIENCE:.0f} seconds: the cluster's quota controller does not "
        "work at the moment. Nothing was started. Try again in a minute, and tell the administrator of this hub."
    )


def uncounted_keys(seen: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Name the keys of a quota that the controller has seen and not counted; none while it has not seen all of them."""
    spec = ((seen or {}).get("spec") or {}).get("hard") or {}
    status = (seen or {}).get("status") or {}
    if not _equal(status.get("hard") or {}, spec):
        return ()
    return tuple(sorted(set(spec) - set(status.get("used") or {})))


def _equal(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Compare as quantities: ``16000m`` is ``16``."""
    return set(one) == set(other) and all(parse(str(one[key])) == parse(str(other[key])) for key in one)
