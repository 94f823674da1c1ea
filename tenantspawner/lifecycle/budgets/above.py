"""What is used beyond the grants of a namespace: told once in the log, and where the tenant chose it, deleted.

Each sweep looks. Nothing of a hub's is ever deleted; what the hub may not delete is named with the command that does.
"""

import logging
from collections.abc import Sequence

from tenantspawner.budget import Amounts, Beyond, PodFound
from tenantspawner.cluster import Deadline, Meaning, meaning
from tenantspawner.errors import ApiError
from tenantspawner.kube.quantities import format as written
from tenantspawner.lifecycle.budgets.budgetdoor import BudgetDoor, Team

log = logging.getLogger(__name__)

_FORBIDDEN = {Meaning.NO_RIGHT, Meaning.DENIED}


class AboveGrants:
    """What has been told of one hub's tenants, so that each thing is told once."""

    def __init__(self, door: BudgetDoor) -> None:
        self._door = door
        self._told: dict[str, dict[str, Beyond]] = {}

    async def settle(self, team: Team, found: Sequence[Beyond], deadline: Deadline) -> None:
        """Tell what is new of a tenant, and delete what is to go."""
        told = self._told.get(team.tenant_id, {})
        self._told[team.tenant_id] = {one.namespace: one for one in found}
        for one in found:
            if told.get(one.namespace) != one:
                log.warning(
                    "Pods of %s use %s beyond what was granted there. It counts against the budget of %s.",
                    one.namespace, _spoken(one.amounts), team.tenant_id,
                )  # fmt: skip
            for pod in one.pods if team.deletes else ():
                await self._delete(team, pod, deadline)

    async def _delete(self, team: Team, pod: PodFound, deadline: Deadline) -> None:
        namespace = pod.seen.namespace
        try:
            await self._door.delete_pod(pod, deadline)
        except ApiError as error:
            if meaning(error.answer) not in _FORBIDDEN:
                raise
            log.warning(
                "Pod %s/%s uses what nobody granted, and the hub may not delete it. Do so: kubectl -n %s delete pod %s",
                namespace, pod.name, namespace, pod.name,
            )  # fmt: skip
            return
        log.warning(
            "Deleted pod %s/%s: it used %s that nobody granted (selfService.deleteAboveGrant of %s), and was the youngest",
            namespace, pod.name, _spoken(pod.seen.charged), team.tenant_id,
        )  # fmt: skip


def _spoken(amounts: Amounts) -> str:
    return ", ".join(f"{written(amount)} of {key.removeprefix('requests.')}" for key, amount in amounts.items())
