"""Covers that the stock kubespawner of PyPI, in a real hub, starts and stops a server on either cluster.

It is a development dependency only: the peer by which we know that the embedded cluster is one.
"""

import pytest

from tests.support.hubs import a_service, a_world, eventually, pods
from tests.support.places import NEWEST

pytestmark = pytest.mark.integration

STOCK = """
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.image = "localhost/light:1"
c.KubeSpawner.cmd = ["light"]
c.KubeSpawner.storage_pvc_ensure = True
c.KubeSpawner.storage_capacity = "1Gi"
"""


@pytest.mark.parametrize("place", NEWEST)
async def test_the_stock_kubespawner_starts_and_stops_a_server(place):
    async with a_world(place, config=STOCK) as world, a_service(world) as rest:
        await rest.run("ada")
        assert await rest.reach("/user/ada/") == 200
        (pod,) = pods(world)
        assert (pod["metadata"]["namespace"], pod["metadata"]["name"]) == ("jupyterhub", "jupyter-ada")
        assert pod["status"]["phase"] == "Running"
        await rest.stop("ada")
        await rest.gone("ada")
        await eventually(lambda: pods(world) == [], 30)
