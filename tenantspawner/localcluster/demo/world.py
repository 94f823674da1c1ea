"""`World`: everything a demo or an integration test needs, started in order and ended in the other.

The cluster, its scheduler and its node live in this process; the hub and its proxy are processes of their own, so that
the hub can be killed while servers run on. All files are in one temporary directory, which is gone at the end.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.demo.hubprocess import Hub, Ports, free_ports
from tenantspawner.localcluster.node import Node, NodeOptions
from tenantspawner.localcluster.scheduler import Scheduler
from tenantspawner.localcluster.settings import ClusterSettings

HUB_NAMESPACE = "jupyterhub"
CONFIG_MAP = "tenants"
HUB_USER = UserInfo(
    "system:serviceaccount:jupyterhub:hub", "", ("system:serviceaccounts", "system:serviceaccounts:jupyterhub")
)
SCHEDULER_USER = UserInfo("system:kube-scheduler", "", ())
NODE_USER = UserInfo("system:node:local", "", ("system:masters",))

HUB_CONFIG = """
c.KubeSpawner.namespace = {namespace!r}
c.TenantSpawner.hub_namespace = {namespace!r}
c.TenantSpawner.tenancy_config_map = {config_map!r}
c.KubeSpawner.start_timeout = 120
c.KubeSpawner.http_timeout = 60
c.KubeSpawner.cmd = []
c.JupyterHub.allow_named_servers = True
"""


@dataclass
class WorldOptions:
    """What a world is made of. `gpus` are the node's; `hub_config` is added to the hub's configuration file."""

    tenancy: str
    hub_config: str = ""
    gpus: int = 8
    port: int = 0
    cluster_port: int = 0
    settings: ClusterSettings = field(default_factory=ClusterSettings)
    node: NodeOptions = field(default_factory=NodeOptions)
    data: Path | None = None
    manifests: Sequence[Mapping[str, Any]] = ()
    hub_python: str | None = None


class World:
    """A running cluster with a hub. `async with World(options) as world`."""

    def __init__(self, options: WorldOptions) -> None:
        self.options = options
        users = {"hub": HUB_USER, "scheduler": SCHEDULER_USER, "node": NODE_USER}
        self.cluster = LocalCluster(users, settings=options.settings)
        self.directory = Path()
        self.hub: Hub
        self.ports: Ports
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything; what was started is ended again when something fails."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        await self._stack.aclose()

    async def _start(self) -> None:
        options = self.options
        self.ports = free_ports(options.port)
        self.directory = Path(tempfile.mkdtemp(prefix="tenantspawner-demo-"))
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._stack.push_async_callback(self.cluster.close)
        await self.cluster.start(options.cluster_port, options.data / "cluster.json" if options.data else None)
        self._furnish()
        url, ca_file = self.cluster.url, self.cluster.ca_file
        scheduler = Scheduler(url, self.cluster.token("scheduler"), ca_file)
        await self._stack.enter_async_context(scheduler)
        node = Node(
            url,
            self.cluster.token("node"),
            ca_file,
            name="local",
            data_dir=options.data / "node" if options.data else self.directory / "node",
            capacity={"nvidia.com/gpu": str(options.gpus), "cpu": "64", "memory": "512Gi"},
            labels={"accelerator": "h100"},
            options=options.node,
        )
        await self._stack.enter_async_context(node)
        await self._start_hub()

    async def _start_hub(self) -> None:
        folder = self.directory / "hub"
        folder.mkdir()
        config = HUB_CONFIG.format(namespace=HUB_NAMESPACE, config_map=CONFIG_MAP) + self.options.hub_config
        env = {"KUBECONFIG": str(self.cluster.kubeconfig("hub", HUB_NAMESPACE))}
        python = {"python": self.options.hub_python} if self.options.hub_python else {}
        self.hub = Hub(folder, self.ports, config, env, **python)
        self._stack.push_async_callback(self.hub.close)
        await self.hub.start()

    def _furnish(self) -> None:
        """What an administrator makes before the hub: its namespace, its rights, the tenancy."""
        self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HUB_NAMESPACE}})
        for manifest in self.options.manifests:
            self.cluster.create(dict(manifest))
        self.cluster.create(config_map(self.options.tenancy))


def config_map(tenancy: str) -> dict[str, Any]:
    """The ConfigMap of a tenancy document."""
    metadata = {"name": CONFIG_MAP, "namespace": HUB_NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"tenants.yaml": tenancy}}
