"""``tenantspawner budget [TENANT]``: each team's budget, what is granted and free, and who holds it, read from the cluster.

The tenancy is the hub's ConfigMap, what is granted stands in the ledgers beside it; nothing is written. It needs no more than
to read both in the hub's namespace. Whoever may list namespaces and quotas is also told of quotas that others have put into the
teams' namespaces: they bound what can be had there, whatever is free. Ends with 1 where what was found cannot be counted (a document with problems, a ledger
that nobody can read), with 2 where it could not be read at all.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from traitlets import Enum, Unicode

from tenantspawner.budget import NOTHING, Ledger, LedgerSeen, OtherQuota, others_among
from tenantspawner.budget.shortage import holders_of
from tenantspawner.cli.app import Command
from tenantspawner.cluster import Cluster, Connection, Deadline, connect
from tenantspawner.errors import ApiError, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import CONFIG_MAP, NAMESPACE, RESOURCE_QUOTA
from tenantspawner.kube.names import label_value
from tenantspawner.kube.quantities import format as written
from tenantspawner.lifecycle import Team, free_of, teams_of
from tenantspawner.lifecycle.budgets.budgetdoor import BudgetDoor
from tenantspawner.lifecycle.feed import SUFFIXES
from tenantspawner.plan.quota import NAME
from tenantspawner.policy import option_problems
from tenantspawner.settings.naming import own_namespace
from tenantspawner.tenancy import Source, Tenancy, read

WITHIN = 30.0  # seconds for everything
HEAD = ("TENANT", "RESOURCE", "BUDGET", "GRANTED", "FREE", "HELD BY")

Row = dict[str, Any]


class Budget(Command):
    """``budget``."""

    name = "budget"
    description = "Each team's budget: what is granted, what is free, and who holds it."
    examples = """
    tenantspawner budget --namespace jupyterhub
    tenantspawner budget physics --namespace jupyterhub --format json
    """
    aliases = {
        "kubeconfig": "Budget.kubeconfig", "namespace": "Budget.namespace", "config-map": "Budget.config_map",
        "selector": "Budget.selector", "hub-id": "Budget.hub_id", "format": "Budget.format",
    }  # fmt: skip

    kubeconfig = Unicode("", help="By default the cluster this runs in, else the usual kubeconfig.").tag(config=True)
    namespace = Unicode("", help="The hub's namespace. By default the one this runs in.").tag(config=True)
    config_map = Unicode("tenants", help="As c.TenantSpawner.tenancy_config_map.").tag(config=True)
    selector = Unicode("", help="As c.TenantSpawner.tenancy_selector, in place of the ConfigMap's name.").tag(
        config=True
    )
    hub_id = Unicode("", help="As c.TenantSpawner.hub_id. By default the namespace.").tag(config=True)
    format = Enum(["text", "json"], default_value="text", help="How it is printed: text or json.").tag(config=True)

    def run(self) -> int:
        """Print the table: 0, or 1 where not everything in it is known."""
        if len(self.extra_args) > 1:
            self.stop("one tenant, or none for all of them. As in: budget physics --namespace jupyterhub")
        try:
            return asyncio.run(self._run())
        except TenantSpawnerError as error:
            self.stop(f"the budgets cannot be read: {error.detail}")

    async def _run(self) -> int:
        deadline = Deadline.after(WITHIN)
        cluster = await connect(Connection(kubeconfig=self.kubeconfig or None))
        try:
            tenancy = await self._tenancy(cluster, deadline)
            teams = self._teams(tenancy) if tenancy else None
            if not teams:
                return 1 if tenancy is None or self.extra_args else 0
            door = BudgetDoor(cluster, self._home)
            ledgers = {team.tenant_id: await door.read_ledger(team, deadline) for team in teams}
            others = await others_of(cluster, teams, deadline)
        finally:
            await cluster.close()
        known = {
            tenant_id: seen.ledger if isinstance(seen, LedgerSeen) else None if seen.version else Ledger()
            for tenant_id, seen in ledgers.items()
        }
        self._print([row for team in teams for row in rows(team, known[team.tenant_id], others[team.tenant_id])])
        unknown = [tenant_id for tenant_id, ledger in known.items() if ledger is None]
        for tenant_id in unknown:
            self.remark(f"the ledger of {tenant_id} cannot be read; the hub makes it anew before it grants anything")
        return 1 if unknown else 0

    @property
    def _home(self) -> str:
        return self.namespace or own_namespace()

    async def _tenancy(self, cluster: Cluster, deadline: Deadline) -> Tenancy | None:
        field = None if self.selector else f"metadata.name={self.config_map}"
        found = await cluster.list(
            CONFIG_MAP, self._home, label_selector=self.selector or None, field_selector=field, deadline=deadline
        )
        if not found:
            which = f"with {self.selector}" if self.selector else self.config_map
            self.stop(f"there is no ConfigMap {which} in {self._home}; --namespace and --config-map say where it is")
        reading = read([*_sources(found)], None, further=option_problems)
        for problem in reading.problems:
            self.remark(str(problem))
        return reading.tenancy

    def _teams(self, tenancy: Tenancy) -> list[Team]:
        """The teams asked for; says why where there is none."""
        teams = teams_of(tenancy, self.hub_id or self._home)
        if not self.extra_args:
            if not teams:
                self.remark("no tenant has a budget over its people's namespaces (quota.team)")
            return [*teams.values()]
        wanted = self.extra_args[0]
        if wanted in teams:
            return [teams[wanted]]
        why = "has no budget over its people's namespaces (quota.team)" if wanted in tenancy.tenants else "is no tenant"
        self.remark(f"{wanted} {why}; there are {', '.join(teams) or 'none'}")
        return []

    def _print(self, found: Sequence[Row]) -> None:
        if self.format == "json":
            self.say(json.dumps(found, indent=2, ensure_ascii=False))
            return
        for line in table([HEAD, *map(_cells, found)]):
            self.say(line)
        for row in found:
            for other in row["others"]:
                self.remark(
                    f"{row['tenant']}: the quota {other['quota']} in {other['namespace']}, which is not the hub's, bounds "
                    f"{row['resource']} there: {other['used']} of {other['hard']} in use"
                )


async def others_of(cluster: Cluster, teams: Sequence[Team], deadline: Deadline) -> dict[str, list[OtherQuota]]:
    """By tenant: the quotas in its namespaces that are not the hub's; none where they cannot be listed."""
    found: dict[str, list[OtherQuota]] = {team.tenant_id: [] for team in teams}
    selector = f"{labels.HUB}={label_value(teams[0].hub_id)}"
    try:
        spaces = await cluster.list(NAMESPACE, label_selector=selector, deadline=deadline)
        quotas = others_among(await cluster.list(RESOURCE_QUOTA, deadline=deadline), NAME) if spaces else []
    except ApiError:
        return found
    tenants = {space["metadata"]["name"]: space["metadata"]["labels"].get(labels.TENANT) for space in spaces}
    for quota in quotas:
        if (tenant_id := tenants.get(quota.namespace)) in found:
            found[tenant_id].append(quota)
    return found


def rows(team: Team, ledger: Ledger | None, others: Sequence[OtherQuota] = ()) -> Iterator[Row]:
    """One row for each resource of a team's budget; None stands for what is not known."""
    granted = ledger.granted if ledger else NOTHING
    for key, (free, total) in free_of(team, ledger or Ledger()).items():
        grants = ledger.grants if ledger else ()
        holders = holders_of((grant.holder or grant.namespace, grant.amounts[key]) for grant in grants)
        yield {
            "tenant": team.tenant_id,
            "resource": key,
            "budget": written(total),
            "granted": written(granted[key]) if ledger is not None else None,
            "free": written(free) if ledger is not None else None,
            "holders": [{"name": name, "amount": written(amount)} for name, amount in holders],
            "others": [_other(quota, key) for quota in others if key in quota.hard],
        }


def _other(quota: OtherQuota, key: str) -> Row:
    amounts = {"hard": written(quota.hard[key]), "used": written(quota.used.get(key, Decimal(0)))}
    return {"namespace": quota.namespace, "quota": quota.name, **amounts}


def table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay cells out in columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    holders = ", ".join(f"{holder['name']} {holder['amount']}" for holder in row["holders"])
    return (*(row[key] or "?" for key in ("tenant", "resource", "budget", "granted", "free")), holders)


def _sources(maps: Iterable[dict[str, Any]]) -> Iterator[Source]:
    """The documents of these ConfigMaps, in the order in which the hub reads them."""
    for item in sorted(maps, key=lambda item: str(item["metadata"]["name"])):
        data = item.get("data") or {}
        for key in sorted(data):
            if key.endswith(SUFFIXES):
                yield Source(name=f"{item['metadata']['name']}/{key}", text=data[key])
