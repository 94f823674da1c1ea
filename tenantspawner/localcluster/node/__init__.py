"""The embedded cluster's node: pods become local processes.

`Node` registers at an API server, runs the pods that are bound to it and reports their state, as a kubelet does, over
HTTP alone. What stands in for what: an image is a name (`images`), a container a process in a clean environment
(`recipe`, `process`) or a light server inside the node (`light`), a volume a directory (`volumes`), a pod's network an
address of this machine (`addresses`).

Limits, because a process is no container: paths in arguments and files are those of this machine; memory, CPU and
devices are counted by the scheduler and not enforced; ``securityContext``, probes, lifecycle hooks, ``exec`` and pull
secrets have no effect; a container is ready when it runs. The children of a container are found by two variables in
their environment, ``TENANTSPAWNER_NODE_ID`` and ``TENANTSPAWNER_CONTAINER_ID``.
"""

from tenantspawner.localcluster.node.addresses import AddressMode
from tenantspawner.localcluster.node.images import ImageRule, Runs
from tenantspawner.localcluster.node.node import Node
from tenantspawner.localcluster.node.options import NodeOptions

__all__ = ["AddressMode", "ImageRule", "Node", "NodeOptions", "Runs"]
