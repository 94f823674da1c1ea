"""`World`: everything a demo or an integration test needs, started in order and ended in the other.

The cluster, its scheduler and its node live in this process; the hub and its proxy are processes of their own, so that
the hub can be killed while servers run on. With a kubeconfig the cluster is a real one, which brings its own scheduler.
All files are in one temporary directory, which is gone at the end.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import yaml

from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.demo.api import CONFIG_MAP_NAME, HUB_NAMESPACE, Admin
from tenantspawner.localcluster.demo.hubprocess import Hub, Ports, free_ports, require_free
from tenantspawner.localcluster.demo.processes import Mourner
from tenantspawner.localcluster.node import Node, NodeOptions
from tenantspawner.localcluster.node.addresses import AddressMode
from tenantspawner.localcluster.node.client import Access
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tenantspawner.localcluster.scheduler import Scheduler
from tenantspawner.localcluster.settings import ClusterSettings

USERS = {
    "scheduler": UserInfo("system:kube-scheduler", "", ()),
    "node": UserInfo("system:node:local", "", ("system:masters",)),
}

HUB_CONFIG = """
c.KubeSpawner.namespace = {namespace!r}
c.TenantSpawner.hub_namespace = {namespace!r}
c.TenantSpawner.tenancy_config_map = {config_map!r}
c.KubeSpawner.start_timeout = 120
c.KubeSpawner.http_timeout = 60
c.JupyterHub.allow_named_servers = True
"""

ONE_ADDRESS = """
from jupyterhub.utils import random_port

def a_port_each(spawner):
    spawner.port = random_port()

c.Spawner.pre_spawn_hook = a_port_each
"""
"""Where all pods have the address 127.0.0.1, as on macOS."""


@dataclass
class WorldOptions:
    """What a world is made of.

    `hub_config` is added to the hub's configuration file. `manifests` are made before the hub, its rights among them.
    `kubeconfig` is an administrator's of a real cluster; without it there is an embedded one. `data` is a folder that
    outlives the world: cluster, volumes and the hub's database are found again in it.
    """

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
    kubeconfig: Path | None = None


class World:
    """A running cluster with a hub. `async with World(options) as world`."""

    def __init__(self, options: WorldOptions) -> None:
        self.options = options
        self.directory = Path()
        self.admin: Admin
        self.hub: Hub
        self.ports: Ports
        self._cluster: LocalCluster | None = None
        self._stack = AsyncExitStack()

    @property
    def cluster(self) -> LocalCluster:
        """The embedded cluster; RuntimeError where it is a real one."""
        if self._cluster is None:
            raise RuntimeError("this world runs on a real cluster")
        return self._cluster

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig."""
        return self.options.kubeconfig or self.cluster.kubeconfig()

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
        self.ports = free_ports(options.port, options.data / "ports.json" if options.data else None)
        require_free(options.cluster_port, "--cluster-port")
        self.directory = Path(tempfile.mkdtemp(prefix="tenantspawner-demo-"))
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        access = await self._start_cluster()
        self.admin = Admin(access)
        self._stack.push_async_callback(self.admin.close)
        await self.admin.furnish(options.tenancy, [dict(manifest) for manifest in options.manifests])
        await self._start_node(access)
        await self._start_hub(access)

    async def _start_cluster(self) -> Access:
        options = self.options
        if options.kubeconfig is not None:
            return read_kubeconfig(options.kubeconfig, self.directory / "admin")
        self._cluster = LocalCluster(USERS, settings=options.settings)
        self._stack.push_async_callback(self._cluster.close)
        await self._cluster.start(options.cluster_port, options.data / "cluster.json" if options.data else None)
        scheduler = Scheduler(self._cluster.url, self._cluster.token("scheduler"), self._cluster.ca_file)
        await self._stack.enter_async_context(scheduler)
        return Access(self._cluster.url, self._cluster.token("admin"), self._cluster.ca_file)

    async def _start_node(self, access: Access) -> None:
        node = Node(
            access.url,
            access.token,
            access.ca_file,
            name="local",
            data_dir=self.options.data / "node" if self.options.data else self.directory / "node",
            capacity={"nvidia.com/gpu": str(self.options.gpus), "cpu": "64", "memory": "512Gi"},
            labels={"accelerator": "h100"},
            options=self._node_options(),
            client_cert=access.client_cert,
            insecure=access.insecure,
        )
        await self._stack.enter_async_context(node)

    def _node_options(self) -> NodeOptions:
        """The embedded API shows its token to the node's log server; a real cluster without storage needs volumes made."""
        if self._cluster is None:
            return replace(self.options.node, storage=True)
        return replace(self.options.node, log_token=self._cluster.kubelet_token)

    @property
    def _one_address(self) -> bool:
        """Whether the node gives all pods the same address."""
        mode = self.options.node.address_mode
        return mode is AddressMode.SHARED or (mode is AddressMode.AUTO and sys.platform != "linux")

    async def _start_hub(self, access: Access) -> None:
        folder = (self.options.data or self.directory) / "hub"
        folder.mkdir(parents=True, exist_ok=True)
        mourner = Mourner()  # in no thread: one that is cancelled goes on, and what it makes is nobody's to end
        self._stack.push_async_callback(asyncio.to_thread, mourner.close)
        own = folder / "kubeconfig"
        own.touch(mode=0o600)
        own.write_text(_kubeconfig(access, await self.admin.hub_token()))
        config = HUB_CONFIG.format(namespace=HUB_NAMESPACE, config_map=CONFIG_MAP_NAME)
        config += ONE_ADDRESS * self._one_address + self.options.hub_config
        python = {"python": self.options.hub_python} if self.options.hub_python else {}
        temporary = self.directory / "tmp"  # a hub that is ended while it begins leaves its alembic.ini there
        temporary.mkdir()
        env = {"KUBECONFIG": str(own), "TMPDIR": str(temporary), **mourner.mark}
        self.hub = Hub(folder, self.ports, config, env, **python)
        self._stack.push_async_callback(self.hub.close)
        await self.hub.start()


def _kubeconfig(access: Access, token: str) -> str:
    """The kubeconfig of the hub: the account's token and nothing of the administrator's."""
    cluster: dict[str, Any] = {"server": access.url}
    if access.ca_file:
        cluster["certificate-authority"] = str(access.ca_file)
    if access.insecure:
        cluster["insecure-skip-tls-verify"] = True
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "demo", "cluster": cluster}],
            "users": [{"name": "hub", "user": {"token": token}}],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "hub", "namespace": HUB_NAMESPACE}}],
            "current-context": "demo",
        }
    )
