"""What tests of the real control plane alone share: hubs' namespaces, a node, and a look through the administrator's eyes."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tenantspawner.localcluster.node import Node
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tests.support.hubs import LIGHT
from tests.support.lifehubs import DOCUMENT, TENANCY


@pytest.fixture(scope="module", autouse=True)
def no_server_is_left(plane):
    """The next tests' node has the name of these tests' one, and would go on with what is bound to it."""
    yield
    for pod in objects(plane, "/api/v1/pods?labelSelector=tenantspawner.io/hub"):
        metadata = pod["metadata"]
        place = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        assert plane.request("DELETE", f"{place}?gracePeriodSeconds=0").status in {200, 404}


@pytest.fixture(scope="session")
def rbac():
    """What `tenantspawner rbac` prints."""

    def run(*arguments):
        command = [sys.executable, "-m", "tenantspawner", "rbac", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


@pytest.fixture
def home(plane, rbac):
    """Make a hub's namespace with its tenancy and its rights; return the hub's kubeconfig."""

    def make(namespace, *arguments, mode="user", document=DOCUMENT):
        plane.kubectl("create", "namespace", namespace)
        plane.kubectl("create", "serviceaccount", "hub", "-n", namespace)
        tenancy = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": TENANCY, "namespace": namespace}}
        plane.kubectl("create", "-f", "-", stdin=json.dumps({**tenancy, "data": {"tenants.yaml": document}}))
        if mode:
            plane.kubectl("apply", "-f", "-", stdin=rbac("--mode", mode, "--namespace", namespace, *arguments))
        return plane.kubeconfig(f"system:serviceaccount:{namespace}:hub", namespace)

    return make


@pytest.fixture
async def node(plane, tmp_path):
    """A node of light servers, with room for hundreds."""
    access = read_kubeconfig(plane.kubeconfig(), tmp_path)
    where = (access.url, access.token, access.ca_file)
    capacity = {"cpu": "512", "memory": "4Ti", "pods": "500", "nvidia.com/gpu": "64"}
    options = replace(LIGHT, storage=True)
    async with Node(*where, name="local", data_dir=tmp_path / "node", capacity=capacity, options=options) as running:
        yield running


def objects(plane, path):
    """All objects at a path, as the admin sees them."""
    reply = plane.request("GET", path)
    assert reply.status == 200, reply
    return reply.body["items"]


@pytest.fixture
def look(plane):
    return lambda path: objects(plane, path)


@pytest.fixture
def components(plane):
    """Whoever restarts the API server leaves controllers and scheduler fresh."""
    yield
    plane.restart_components()
