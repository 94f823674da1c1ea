"""The verbs: what was decided is carried out here, and kept true.

`spawn` carries out a `Plan`, `stop` ends a server, `Feed` keeps the tenancy live, `Sight` the pods, `Sweeper` finds what
nobody knows any more, `Reconciler` carries edits to the namespaces that exist, `Treasury` leases what a team has. Verbs
decide nothing about tenants: each promises what holds when it returns, and what cannot have happened when it raises.
"""

from tenantspawner.lifecycle.allowance import Allowance, Allowances, allowance_of
from tenantspawner.lifecycle.around import Configured, surroundings
from tenantspawner.lifecycle.budgetdoor import Queueing, Team
from tenantspawner.lifecycle.examine import examine
from tenantspawner.lifecycle.feed import Feed, Where
from tenantspawner.lifecycle.gated import Crowd, Patience, gate_wait, patience_of
from tenantspawner.lifecycle.journal import Journal, Step
from tenantspawner.lifecycle.launch import Made
from tenantspawner.lifecycle.leases import Lease, Treasury, free_of, lease_of, team_of, teams_of
from tenantspawner.lifecycle.line import Turn
from tenantspawner.lifecycle.offer import availability, narrowed
from tenantspawner.lifecycle.others import others_in
from tenantspawner.lifecycle.reconcile import Pace, Reconciler, Sources
from tenantspawner.lifecycle.shared import SharedLines, shared_teams_of
from tenantspawner.lifecycle.sight import Sight
from tenantspawner.lifecycle.spawn import Hold, Manner, Started, nothing_to_hold, spawn
from tenantspawner.lifecycle.stop import stop
from tenantspawner.lifecycle.sweep import Care, Server, Sweeper
from tenantspawner.lifecycle.tally import ReconcileState
from tenantspawner.lifecycle.turns import Turns

__all__ = [
    "Allowance",
    "Allowances",
    "Care",
    "Configured",
    "Crowd",
    "Feed",
    "Hold",
    "Journal",
    "Lease",
    "Made",
    "Manner",
    "Pace",
    "Patience",
    "Queueing",
    "ReconcileState",
    "Reconciler",
    "Server",
    "SharedLines",
    "Sight",
    "Sources",
    "Started",
    "Step",
    "Sweeper",
    "Team",
    "Treasury",
    "Turn",
    "Turns",
    "Where",
    "allowance_of",
    "availability",
    "examine",
    "free_of",
    "gate_wait",
    "lease_of",
    "narrowed",
    "nothing_to_hold",
    "others_in",
    "patience_of",
    "shared_teams_of",
    "spawn",
    "stop",
    "surroundings",
    "team_of",
    "teams_of",
]
