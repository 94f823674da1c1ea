"""The verbs: what was decided is carried out here, and kept true.

`spawn` carries out a `Plan`, `stop` ends a server, `Feed` keeps the tenancy live, `Sight` the pods, `Sweeper` finds what
nobody knows any more, `Reconciler` carries edits to the namespaces that exist, `Treasury` leases what a team has. Its rooms
stand on each other: the senses and manners of the others here, then `budgets`, `servers`, `upkeep`. Verbs
decide nothing about tenants: each promises what holds when it returns, and what cannot have happened when it raises.
"""

from tenantspawner.lifecycle.around import Configured, surroundings
from tenantspawner.lifecycle.budgets import (
    Allowance,
    Allowances,
    Lease,
    Queueing,
    SharedLines,
    Team,
    Treasury,
    Turn,
    allowance_of,
    availability,
    free_of,
    lease_of,
    narrowed,
    shared_teams_of,
    team_of,
    teams_of,
)  # fmt: skip
from tenantspawner.lifecycle.examine import examine
from tenantspawner.lifecycle.feed import Feed, Where
from tenantspawner.lifecycle.journal import Journal, Step
from tenantspawner.lifecycle.servers import (
    Crowd,
    Hold,
    Made,
    Manner,
    Patience,
    Started,
    gate_wait,
    nothing_to_hold,
    others_in,
    patience_of,
    spawn,
    stop,
)  # fmt: skip
from tenantspawner.lifecycle.sight import Sight
from tenantspawner.lifecycle.turns import Turns
from tenantspawner.lifecycle.upkeep import Care, Pace, Reconciler, ReconcileState, Server, Sources, Sweeper

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
