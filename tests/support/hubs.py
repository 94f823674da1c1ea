"""A hub to ask and a cluster to look at: worlds of light servers, a browser, and a service with a token.

A light server is no process: it is there at once, so that what a test waits for is the product. Each world has ports and
files of its own, so that any number of them can stand side by side.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tenantspawner.kube import kinds
from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.demo.api import HUB_NAMESPACE
from tenantspawner.localcluster.demo.world import World, WorldOptions
from tenantspawner.localcluster.node import NodeOptions
from tests.support import clusterside, pages
from tests.support.controlplane.fixture import running_control_plane
from tests.support.places import ON_KUBERNETES

ROOT = Path(__file__).parents[2]
HUB_USER = f"system:serviceaccount:{HUB_NAMESPACE}:hub"
TOKEN = "a-service-that-tests-0123456789"
PASSWORD = "the-one-password"
TENANCY = """\
version: 1
contact: help@example.edu
images:
  light: {image: "localhost/light:1", displayName: Light}
  other: {image: "localhost/light-other:1", displayName: Another}
  absent: {image: "localhost/light-absent:1", displayName: Absent}
  formula: {image: "localhost/light-formula:1", displayName: Secret formula}
profiles:
  small: {displayName: Small, cpu: 100m, memory: 64Mi}
  gpu: {displayName: With GPUs, cpu: 200m, memory: 128Mi, gpu: {choices: [1, 2, 4], default: 1}}
  lab: {displayName: The laboratory, cpu: 100m, memory: 64Mi}
tenants:
  physics:
    displayName: Physics
    members: [{users: ["*"]}]
    images: [light, other, absent]
    profiles: [small, gpu]
    quota: {user: {cpu: 4, memory: 8Gi}}
    storage: {capacity: 1Gi}
  chemistry:
    displayName: Chemistry
    members: [{users: [chemist]}]
    images: [formula]
    profiles: [lab]
"""
HUB_CONFIG = f"""
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {PASSWORD!r}
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "tests", "api_token": {TOKEN!r}}}]
c.JupyterHub.load_roles = [{{
    "name": "tests", "services": ["tests"],
    "scopes": ["admin:users", "admin:servers", "list:users", "access:servers", "read:hub"],
}}]
c.KubeSpawner.http_timeout = 5
c.KubeSpawner.poll_interval = 1
"""
LIGHT = NodeOptions(pull_seconds=0.05, missing_images=("*absent*",), first_backoff=0.5, config_retry=0.1)


def rights(*, without: Iterable[str] = ()) -> list[dict[str, Any]]:
    """What the hub may do: everything, but nothing with the resources `without`, where there are such."""
    group = kinds.CLUSTER_ROLE.group
    missing = set(without)
    plain = sorted({kind.plural for kind in kinds.ALL} - missing)
    rules = [{"apiGroups": ["*"], "resources": ["*"] if not missing else plain, "verbs": ["*"]}]
    rules.append({"nonResourceURLs": ["*"], "verbs": ["*"]})
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "hub"}, "rules": rules}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "hub"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "hub"},
        "subjects": [{"kind": "User", "name": HUB_USER, "apiGroup": group}],
    }
    return [role, binding]


def hub_python(version: str) -> str:
    """The Python that has that JupyterHub; the second one is made by ``make test``."""
    if version == "6.1":
        return sys.executable
    there = ROOT / ".venv-hub5" / "bin" / "python"
    if not there.exists():
        missing = "JupyterHub 5.5 is not installed in .venv-hub5; `make test` does that"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return str(there)


def options(version: str = "6.1", *, tenancy: str = TENANCY, config: str = "", **more: Any) -> WorldOptions:
    """A world of light servers; `config` is added to the hub's configuration."""
    more.setdefault("manifests", rights())
    more.setdefault("node", LIGHT)
    return WorldOptions(tenancy=tenancy, hub_config=HUB_CONFIG + config, hub_python=hub_python(version), **more)


@asynccontextmanager
async def a_world(version: str = "6.1", **more: Any) -> AsyncIterator[World]:
    """A running world; on Kubernetes with a control plane of its own."""
    with ExitStack() as planes:
        if version == ON_KUBERNETES:
            plane = planes.enter_context(running_control_plane())
            version, more = "6.1", {**more, "kubeconfig": plane.kubeconfig()}
            world: World = clusterside.PlaneWorld(options(version, **more), plane)
        else:
            world = World(options(version, **more))
        async with world:
            yield world


async def eventually(holds: Callable[[], Any], within: float = 10.0, why: str = "") -> Any:
    """Wait until something holds, and return it; awaits it where it is a coroutine."""
    limit = time.monotonic() + within
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < limit, why or f"did not come about within {within} s"
        await asyncio.sleep(0.05)


# -- the cluster ---------------------------------------------------------------------------------------------------


def namespace_of(username: str, tenant: str = "physics") -> str:
    return f"{HUB_NAMESPACE}-{tenant}--{username}"


def pods(world: World, namespace: str | None = None) -> list[dict[str, Any]]:
    return objects(world, kinds.POD, namespace)


def objects(world: World, kind: Kind, namespace: str | None = None) -> list[dict[str, Any]]:
    if isinstance(world, clusterside.PlaneWorld):
        return world.listed(kind, namespace)
    found: list[dict[str, Any]] = world.cluster.store.list(kind, namespace)
    return found


_COMES_AND_GOES = {"Event", "Lease", "Node"}


def everything(world: World) -> dict[tuple[str, str, str], str]:
    """Every object with its version, but for those that change by themselves."""
    return {
        (kind.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]): clusterside.version(world, item)
        for kind in kinds.ALL
        if kind.kind not in _COMES_AND_GOES
        for item in objects(world, kind)
        if item["metadata"]["name"] not in clusterside.GIVEN
    }


def requests(world: World) -> Sequence[Any]:
    """What anybody asked the API, in the order in which it was answered."""
    return world.plane.audit() if isinstance(world, clusterside.PlaneWorld) else world.cluster.requests


def hub_requests(world: World, namespace: str | None = None) -> list[Any]:
    """What the hub asked the API, in order."""
    return [
        row
        for row in requests(world)
        if row.user == HUB_USER and (namespace is None or namespace in {row.namespace, row.name})
    ]


def in_force(event: Any) -> bool:
    """Whether a change has made a quota limit what is created."""
    return (
        event.kind is kinds.RESOURCE_QUOTA
        and (event.object.get("status") or {}).get("hard") == event.object["spec"]["hard"]
    )


def change(world: World, kind: Kind, namespace: str | None, name: str, **parts: Any) -> None:
    """Change an object as its administrator would."""
    if isinstance(world, clusterside.PlaneWorld):
        return world.changed(kind, namespace, name, parts)
    there = world.cluster.store.get(kind, namespace, name)
    assert there is not None
    world.cluster.store.put(kind, {**there, **parts})
    return None


def create(world: World, manifest: Mapping[str, Any]) -> None:
    """Create an object as its administrator would."""
    if isinstance(world, clusterside.PlaneWorld):
        return world.created(manifest)
    world.cluster.create(dict(manifest))
    return None


def remove(world: World, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
    """Delete an object as its administrator would, and return what it was."""
    if isinstance(world, clusterside.PlaneWorld):
        return world.removed(kind, namespace, name)
    was = world.cluster.store.remove(kind, namespace, name)
    assert was is not None
    return was


def write_tenancy(world: World, text: str) -> None:
    change(world, kinds.CONFIG_MAP, HUB_NAMESPACE, "tenants", data={"tenants.yaml": text})


async def edit_tenancy(world: World, text: str) -> None:
    """Change the tenancy, and wait until the hub says that it is in force."""
    said = log_of(world).count("Tenancy in force")
    write_tenancy(world, text)
    await eventually(lambda: log_of(world).count("Tenancy in force") > said, 5)


# -- the hub -------------------------------------------------------------------------------------------------------


def log_of(world: World) -> str:
    return str(world.hub.hub.log.read_text(errors="replace"))


async def kill_and_restart(world: World) -> None:
    world.hub.hub.kill()
    await world.hub.start_hub()


@dataclass
class Answer:
    """A status, headers, and what was said."""

    status: int
    text: str
    headers: Mapping[str, str]
    json: Any = None

    @property
    def message(self) -> str:
        return str(self.json["message"]) if isinstance(self.json, dict) else ""


class Rest:
    """A service that asks the hub by its REST API."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._base = world.hub.url
        self._session = session

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Authorization": f"token {TOKEN}", **more.pop("headers", {})}
        async with self._session.request(method, f"{self._base}/hub/api{path}", headers=headers, **more) as answer:
            text = await answer.text()
            is_json = "json" in answer.headers.get("Content-Type", "") and text
            return Answer(answer.status, text, answer.headers, await answer.json() if is_json else None)

    async def user(self, name: str) -> None:
        answer = await self.call("POST", f"/users/{name}")
        assert answer.status in {201, 409}, answer.text

    async def start(self, name: str, options: Any = None, server: str = "") -> Answer:
        """Ask for a server; the answer comes when it runs, has failed, or takes longer than the hub waits."""
        where = f"/users/{name}/servers/{server}" if server else f"/users/{name}/server"
        return await self.call("POST", where, json={} if options is None else options)

    async def stop(self, name: str) -> Answer:
        return await self.call("DELETE", f"/users/{name}/server")

    async def server(self, name: str, server: str = "") -> dict[str, Any] | None:
        answer = await self.call("GET", f"/users/{name}?include_stopped_servers")
        found = (answer.json or {}).get("servers", {}).get(server)
        return found if found and (found["ready"] or found["pending"]) else None

    async def ready(self, name: str, within: float = 30.0) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = await self.server(name)
            return found if found and found["ready"] else None

        ready: dict[str, Any] = await eventually(look, within, f"{name}'s server is not ready")
        return ready

    async def gone(self, name: str, within: float = 20.0) -> None:
        async def look() -> bool:
            return await self.server(name) is None

        await eventually(look, within, f"{name}'s server is not gone")

    async def run(self, name: str, options: Any = None) -> None:
        """Make the person, and start their server until it runs."""
        await self.user(name)
        answer = await self.start(name, options)
        assert answer.status in {201, 202}, answer.text
        await self.ready(name)

    async def progress(self, name: str) -> list[dict[str, Any]]:
        """Everything the progress stream says until it ends."""
        answer = await self.call("GET", f"/users/{name}/server/progress")
        return pages.events(answer.text)

    async def reach(self, path: str) -> int:
        """Ask a server through the proxy."""
        async with self._session.get(self._base + path) as answer:
            return answer.status


class Browser:
    """Somebody in front of the hub: cookies, forms, pages."""

    def __init__(self, world: World, session: aiohttp.ClientSession, name: str) -> None:
        self.name = name
        self._base = world.hub.url
        self._session = session

    async def login(self) -> None:
        await self.get("/hub/login")
        fields = {"username": self.name, "password": PASSWORD}
        answer = await self.post("/hub/login?next=%2Fhub%2Ftoken", fields)
        assert answer.status == 200, answer.text

    async def get(self, path: str) -> Answer:
        async with self._session.get(self._base + path) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def post(self, path: str, fields: Mapping[str, Any]) -> Answer:
        """Send a form of a page, as the browser does: with the hub's `_xsrf`, and following where it leads."""
        whole = {"_xsrf": self._xsrf(), **fields}
        async with self._session.post(self._base + path, data=whole, allow_redirects=True) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def form(self, query: str = "") -> Answer:
        return await self.get(f"/hub/spawn/{self.name}{query}")

    async def choose(self, fields: Mapping[str, Any]) -> Answer:
        return await self.post(f"/hub/spawn/{self.name}", fields)

    async def pending(self) -> Answer:
        return await self.get(f"/hub/spawn-pending/{self.name}")

    async def progress(self) -> list[dict[str, Any]]:
        answer = await self.get(f"/hub/api/users/{self.name}/server/progress?_xsrf={self._xsrf()}")
        return pages.events(answer.text)

    async def stop(self) -> int:
        """Press the button that stops the server, also while it starts; the hub's pages ask its API with the cookie."""
        url = f"{self._base}/hub/api/users/{self.name}/server?_xsrf={self._xsrf()}"
        async with self._session.delete(url) as answer:
            return answer.status

    def _xsrf(self) -> str:
        return next((cookie.value for cookie in self._session.cookie_jar if cookie.key == "_xsrf"), "")


@asynccontextmanager
async def a_service(world: World) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as session:
        yield Rest(world, session)


@asynccontextmanager
async def a_person(world: World, name: str) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)  # the hub is at an address, not at a name
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        browser = Browser(world, session, name)
        await browser.login()
        yield browser
