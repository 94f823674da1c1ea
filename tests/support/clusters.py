"""A cluster without a hub, of either kind, in the same words: asked, read and changed as its administrator.

`either_cluster` gives a test an embedded cluster of its own, or namespaces of its own on the real control plane of the session: all
of them begin with `home`. What a test wants to look at all the time is read without waiting; what it asks and changes goes through the API.
"""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenantspawner.kube import kinds
from tenantspawner.kube.kinds import Kind, kind_of
from tenantspawner.localcluster import LocalCluster
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.node import Node
from tenantspawner.localcluster.scheduler import Scheduler
from tests.support.budgets import HUB, Ground, on_a_plane
from tests.support.controlplane.client import Client, Reply
from tests.support.controlplane.identities import ADMIN, Identity
from tests.support.controlplane.plane import ControlPlane
from tests.support.hubs import LIGHT
from tests.support.lifehubs import TENANCY
from tests.support.places import EMBEDDED
from tests.support.served import in_history

NOBODY = "nobody"
PEOPLE = {HUB.name: HUB, NOBODY: UserInfo(NOBODY)}
"""Who may ask besides the administrator: a hub that may do everything, and somebody who may do nothing."""
IDENTITIES = [Identity(user.name, tuple(user.groups)) for user in PEOPLE.values()]
CAPACITY = {"cpu": "512", "memory": "4Ti", "pods": "500", "nvidia.com/gpu": "64"}
MERGE = "application/merge-patch+json"
_numbers = itertools.count(1)


class Cluster(ABC):
    """One cluster, and `home`, a namespace that is there."""

    is_real: bool
    ca: Path

    def __init__(self, url: str) -> None:
        self.home = f"suite-{next(_numbers):04}"
        self.url = url

    @abstractmethod
    def token(self, user: str = ADMIN) -> str: ...

    @abstractmethod
    def kubeconfig(self, user: str = ADMIN) -> Path: ...

    @abstractmethod
    def got(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Read one object, at once."""

    @abstractmethod
    def ground(self) -> Ground:
        """For a team's budget; every version from now on is kept."""

    @abstractmethod
    async def mark(self) -> Any:
        """For `asked`: now."""

    @abstractmethod
    async def asked(self, user: str, since: Any) -> Sequence[Any]:
        """What somebody has asked since a mark: rows with verb, resource, namespace, name, code."""

    async def ask(
        self, method: str, path: str, body: Any = None, *, user: str = ADMIN, content: str = "application/json"
    ) -> Reply:
        """Send one request, not through the product's client, and bring back whatever comes."""
        client = Client(int(self.url.rpartition(":")[2]), self.ca)
        more: dict[str, Any] = {"token": self.token(user), "content": content, "timeout": 30}
        return await asyncio.to_thread(client.request, method, path, body, **more)

    async def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        kind = kind_of(manifest)
        return self._done(await self.ask("POST", kind.path(manifest["metadata"].get("namespace")), manifest))

    async def change(self, kind: Kind, namespace: str | None, name: str, *, sub: str = "", **parts: Any) -> None:
        """Merge parts into an object, or into a subresource of it."""
        path = kind.path(namespace, name) + (f"/{sub}" if sub else "")
        self._done(await self.ask("PATCH", path, parts, content=MERGE))

    async def namespace(self, name: str) -> None:
        await self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    async def tenancy(self, text: str) -> None:
        """Write the hub's ConfigMap, which is made where it is not there."""
        if self.got(kinds.CONFIG_MAP, self.home, TENANCY):
            return await self.change(kinds.CONFIG_MAP, self.home, TENANCY, data={"tenants.yaml": text})
        await self.create(config_map(TENANCY, self.home, {"tenants.yaml": text}))
        return None

    @staticmethod
    def _done(reply: Reply) -> dict[str, Any]:
        assert reply.status in {200, 201}, reply
        done: dict[str, Any] = reply.body
        return done


def config_map(name: str, namespace: str, data: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


class Embedded(Cluster):
    """An embedded cluster."""

    is_real = False

    def __init__(self, local: LocalCluster) -> None:
        super().__init__(local.url)
        self.local = local
        self.ca = local.ca_file

    def token(self, user: str = ADMIN) -> str:
        return self.local.token(user)

    def kubeconfig(self, user: str = ADMIN) -> Path:
        return self.local.kubeconfig(user)

    def got(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        return self.local.store.get(kind, namespace, name)

    def ground(self) -> Ground:
        return Ground(self.kubeconfig(HUB.name), self.home, self.local.store.list, in_history(self.local))

    async def mark(self) -> int:
        return len(self.local.requests)

    async def asked(self, user: str, since: int) -> Sequence[Any]:
        return [row for row in list(self.local.requests)[since:] if row.user == user]


class Real(Cluster):
    """Namespaces on a real control plane."""

    is_real = True

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(plane.url)
        self.plane = plane
        self.ca = plane.ca

    def token(self, user: str = ADMIN) -> str:
        return self.plane.token(user)

    def kubeconfig(self, user: str = ADMIN) -> Path:
        return self.plane.kubeconfig(user)

    def got(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        reply = self.plane.request("GET", kind.path(namespace, name))
        assert reply.status in {200, 404}, reply
        return reply.body if reply.status == 200 else None

    def ground(self) -> Ground:
        return on_a_plane(self.plane, self.kubeconfig(HUB.name), self.home)

    async def mark(self) -> Any:
        return await asyncio.to_thread(self.plane.audit_mark)

    async def asked(self, user: str, since: Any) -> Sequence[Any]:
        return await asyncio.to_thread(self.plane.audit, user=user, since=since)

    async def leave(self) -> None:
        """Delete the pods, which the next test's node would go on with."""
        pods = (await self.ask("GET", kinds.POD.path(None))).body["items"]
        places = {pod["metadata"]["namespace"] for pod in pods}
        for namespace in places:
            if namespace.startswith(self.home):
                self._done(await self.ask("DELETE", f"{kinds.POD.path(namespace)}?gracePeriodSeconds=0"))


@asynccontextmanager
async def either_cluster(which: str, plane: Callable[[], ControlPlane]) -> AsyncIterator[Cluster]:
    """One of `places.CLUSTERS`; the plane is asked for where it is the real one."""
    async with AsyncExitStack() as stack:
        if which == EMBEDDED:
            users = {name: user for name, user in PEOPLE.items() if name != ADMIN}
            local = await stack.enter_async_context(LocalCluster(users, history=200_000))
            cluster: Cluster = Embedded(local)
        else:
            cluster = Real(plane())
            stack.push_async_callback(cluster.leave)
        await cluster.namespace(cluster.home)
        yield cluster


@asynccontextmanager
async def a_node(cluster: Cluster, folder: Path) -> AsyncIterator[None]:
    """A node of light servers, with room for hundreds, and a scheduler where there is none."""
    where = (cluster.url, cluster.token(), cluster.ca)
    options = replace(LIGHT, storage=cluster.is_real)
    async with AsyncExitStack() as stack:
        if not cluster.is_real:
            await stack.enter_async_context(Scheduler(*where))
        node = Node(*where, name="local", data_dir=folder / "node", capacity=CAPACITY, options=options)
        await stack.enter_async_context(node)
        yield
