"""What a team may use, over all its people's namespaces: leased, counted, waited for, given back.

`Treasury` carries out the steps of `budget` against the cluster, `Allowances` count where nothing is leased, and both let
people wait in a line. Before anything of a server exists, it is known here whether there is enough for it.
"""

from tenantspawner.lifecycle.budgets.allowance import Allowance, Allowances, allowance_of
from tenantspawner.lifecycle.budgets.budgetdoor import Queueing, Team
from tenantspawner.lifecycle.budgets.leases import Lease, Treasury, free_of, lease_of, team_of, teams_of
from tenantspawner.lifecycle.budgets.line import Turn
from tenantspawner.lifecycle.budgets.offer import availability, narrowed
from tenantspawner.lifecycle.budgets.shared import SharedLines, shared_teams_of

__all__ = [
    "Allowance", "Allowances", "Lease", "Queueing", "SharedLines", "Team", "Treasury", "Turn", "allowance_of",
    "availability", "free_of", "lease_of", "narrowed", "shared_teams_of", "team_of", "teams_of",
]  # fmt: skip
