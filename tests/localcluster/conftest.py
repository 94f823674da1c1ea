"""One embedded cluster a test, and a plain HTTP client to it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tenantspawner.localcluster import LocalCluster

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass
class Http:
    """Speaks to one cluster as one user."""

    cluster: LocalCluster
    session: aiohttp.ClientSession
    token: str

    async def __call__(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        data = json.dumps(body) if body is not None else None
        async with self.session.request(method, self.cluster.url + path, data=data, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text[:1] in "{[" else text

    async def watch(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Yield the events of a watch until it ends."""
        params = {"watch": "1", **{key: str(value) for key, value in query.items()}}
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(self.cluster.url + path, params=params, headers=headers) as response:
            async for line in response.content:
                yield json.loads(line)


@pytest.fixture
async def cluster():
    async with LocalCluster() as running:
        yield running


@pytest.fixture
async def http(cluster):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False, limit=0)) as session:
        yield Http(cluster, session, cluster.token("admin"))


@pytest.fixture
def config_map():
    def make(name: str, data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, **metadata},
            "data": data or {"a": "1"},
        }

    return make


@pytest.fixture
def pod():
    def make(name: str, **spec: Any) -> dict[str, Any]:
        containers = [{"name": "notebook", "image": "busybox:1"}]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": containers, **spec},
        }

    return make
