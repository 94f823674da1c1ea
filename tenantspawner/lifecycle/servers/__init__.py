"""One server from its plan to its end: the namespace before the pod, the pod, the wait until it is ready, the stop.

`spawn` promises a pod that is ready, or none that is left behind; `stop`, that the very pod is gone when it returns.
"""

from tenantspawner.lifecycle.servers.gated import Crowd, Patience, gate_wait, patience_of
from tenantspawner.lifecycle.servers.launch import Made
from tenantspawner.lifecycle.servers.others import others_in
from tenantspawner.lifecycle.servers.spawn import Hold, Manner, Started, nothing_to_hold, spawn
from tenantspawner.lifecycle.servers.stop import stop

__all__ = [
    "Crowd", "Hold", "Made", "Manner", "Patience", "Started", "gate_wait", "nothing_to_hold", "others_in",
    "patience_of", "spawn", "stop",
]  # fmt: skip
