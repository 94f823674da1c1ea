"""Covers that the stock kubespawner of PyPI spawns, polls and stops a server on the embedded cluster.

kubespawner is a development dependency only: it is the peer that the cluster must not treat differently from a real one.
"""

import asyncio
from types import SimpleNamespace

import kubernetes_asyncio.config.kube_config
import pytest
from jupyterhub.objects import Hub, Server
from kubernetes_asyncio.client import Configuration
from kubespawner import KubeSpawner, clients
from traitlets.config import Config

from tenantspawner.localcluster import LocalCluster
from tenantspawner.localcluster.node import ImageRule, Node, NodeOptions, Runs
from tenantspawner.localcluster.scheduler import Scheduler

pytestmark = pytest.mark.integration


@pytest.fixture
async def cluster(tmp_path, monkeypatch):
    options = NodeOptions(image_rules=(ImageRule("*", Runs.LIGHT),), pull_seconds=0.01)
    before = Configuration._default
    async with LocalCluster() as cluster:
        location = str(cluster.kubeconfig())
        monkeypatch.setattr(kubernetes_asyncio.config.kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", location)
        clients.load_config.cache_clear()
        token = cluster.token("admin")
        node = Node(cluster.url, token, cluster.ca_file, name="local-1", data_dir=tmp_path / "node", options=options)
        async with node, Scheduler(cluster.url, token, cluster.ca_file):
            yield cluster
        await _close_clients()
    Configuration._default = before
    clients.load_config.cache_clear()


async def _close_clients():
    """End what kubespawner leaves to the end of a hub: its reflectors and clients."""
    for reflector in KubeSpawner.reflectors.values():
        await reflector.stop()
    KubeSpawner.reflectors.clear()
    tasks = [task for task in asyncio.all_tasks() if "close_client_task" in str(task.get_coro())]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def make_spawner(name, **traits):
    config = Config()
    config.KubeSpawner.update(
        {"namespace": "default", "image": "jupyter/base:1", "cmd": ["jupyterhub-singleuser"], **traits}
    )
    user = SimpleNamespace(
        id=1, name=name, escaped_name=name, settings={}, url=f"/user/{name}/", groups=[], spawners={}
    )
    spawner = KubeSpawner(config=config, user=user, hub=Hub(), api_token="abc", oauth_client_id="x", _mock=True)
    spawner.server = Server(base_url=f"/user/{name}/")
    return spawner


async def start(spawner):
    """Start it, and note its address as the hub does."""
    url = await spawner.start()
    spawner.server = Server.from_url(url)
    return url


async def test_it_starts_polls_and_stops(cluster):
    spawner = make_spawner("ada", storage_pvc_ensure=True, storage_capacity="1Gi", cpu_limit=1.0, mem_limit="1G")
    async with asyncio.timeout(30):
        url = await start(spawner)
    assert url.startswith("http://127.")
    assert await spawner.poll() is None
    state = spawner.get_state()
    assert state["pod_name"] == "jupyter-ada"
    async with asyncio.timeout(30):
        await spawner.stop()
    assert await spawner.poll() is not None
    kinds = {row.plural for row in cluster.requests if row.verb == "create" and row.code == 201 and row.user == "admin"}
    assert {"pods", "persistentvolumeclaims"} <= kinds


async def test_ten_people_at_once(cluster):
    spawners = [make_spawner(f"person{number}") for number in range(10)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(start(spawner) for spawner in spawners))
        assert [await spawner.poll() for spawner in spawners] == [None] * 10
        await asyncio.gather(*(spawner.stop() for spawner in spawners))
