"""The embedded cluster: enough of Kubernetes, in Python alone, to try the whole product and to test it fast.

`LocalCluster` serves an API over TLS with bearer tokens that a stock kubectl, a stock kubespawner and our own client
take for the real one: `store` remembers, `api` answers, `rbac` says who may, `admission` says what may be,
`controllers` do what happens by itself, `faults` lets things go wrong on purpose. Nodes (`node`) and the `scheduler`
speak only that API, so that they can serve a real API server too.
"""

from tenantspawner.localcluster.attributes import Refusal, UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.thread import ClusterThread

__all__ = ["ClusterSettings", "ClusterThread", "LocalCluster", "Refusal", "UserInfo"]
