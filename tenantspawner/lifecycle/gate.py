"""The quota gate: no pod before its namespace's quota is in force.

A new ResourceQuota limits nothing until the quota controller has filled ``status.hard``: the API server admits a pod of
any size in between. So we wait until ``status.hard`` equals ``spec.hard``, both equal what the plan says, and ``status.used`` has
every key. Not in force after 10 s: fail closed.

Source: measured on Kubernetes 1.36 (docs/explanation/quota-gate); pkg/controller/resourcequota.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import QuotaNotEnforced
from tenantspawner.kube.kinds import RESOURCE_QUOTA
from tenantspawner.kube.quantities import parse
from tenantspawner.plan import Manifest

PATIENCE = 10.0  # seconds
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
    """
    namespace, name = quota["metadata"]["namespace"], quota["metadata"]["name"]
    wanted = quota["spec"]["hard"]
    limit = deadline.shorter(PATIENCE)
    turn = 0
    while not in_force(await cluster.get(RESOURCE_QUOTA, namespace, name, deadline), wanted, leased):
        pause = _PAUSES[min(turn, len(_PAUSES) - 1)]
        if limit.remaining() <= pause:
            raise QuotaNotEnforced(
                f"The quota of {namespace} is not in force after {PATIENCE:.0f} seconds: the cluster's quota controller does not "
                "work at the moment. Nothing was started. Try again in a minute, and tell the administrator of this hub."
            )
        turn += 1
        await asyncio.sleep(pause)


def _equal(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Compare as quantities: ``16000m`` is ``16``."""
    return set(one) == set(other) and all(parse(str(one[key])) == parse(str(other[key])) for key in one)
