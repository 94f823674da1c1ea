"""The only door to Kubernetes: objects over HTTP, watches, a cache, retries. It knows no tenants.

`connect` gives a `Cluster`, which reads and writes plain JSON under a `Deadline`; `Cluster.watch` gives a `Watch`
with a typed `Store` that answers without a request and wakes whoever waits. What an answer means, whether it is
repeated, and when a watch lists again are pure functions with tables of tests (`answers`, `verdict`, `watchrules`);
the loops only carry them out. Bytes go through an injected `Transport`, and time is the event loop's own.
"""

from tenantspawner.cluster.answers import Meaning, meaning
from tenantspawner.cluster.client import Cluster
from tenantspawner.cluster.config import Connection
from tenantspawner.cluster.deadline import Deadline
from tenantspawner.cluster.store import Store, by_label
from tenantspawner.cluster.verdict import PASSING
from tenantspawner.cluster.watch import Watch
from tenantspawner.cluster.wire import connect

__all__ = [
    "PASSING",
    "Cluster",
    "Connection",
    "Deadline",
    "Meaning",
    "Store",
    "Watch",
    "by_label",
    "connect",
    "meaning",
]
