"""The whole product on one machine: embedded cluster, node, proxy, JupyterHub, and an example university.

`World` starts and ends it, `tour` drives it over HTTP as a browser would and shows that each promise holds. Nothing of
tenantspawner is imported here: the hub, its proxy and the people's servers are processes of their own, as in life.
"""

from tenantspawner.localcluster.demo.command import DemoOptions, run
from tenantspawner.localcluster.demo.world import World

__all__ = ["DemoOptions", "World", "run"]
