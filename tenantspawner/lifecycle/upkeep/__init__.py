"""What exists is kept true: edits are carried to namespaces, drift is put back, what nobody knows any more is found.

`Reconciler` gives way to starts and touches no running server; `Sweeper` deletes only what carries this hub's label, is old, and no
database knows.
"""

from tenantspawner.lifecycle.upkeep.reconcile import Pace, Reconciler, Sources
from tenantspawner.lifecycle.upkeep.sweep import Care, Server, Sweeper
from tenantspawner.lifecycle.upkeep.tally import ReconcileState

__all__ = ["Care", "Pace", "ReconcileState", "Reconciler", "Server", "Sources", "Sweeper"]
