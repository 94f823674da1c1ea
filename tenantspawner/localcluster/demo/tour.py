"""The tour: every promise of the product, shown on the running demo over HTTP as a browser would, with its evidence.

Each step is a function that returns what it saw, in one line, or raises `Unshown`. They build on one another, and the
first that fails ends the tour.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tenantspawner.kube.kinds import (
    LIMIT_RANGE,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RESOURCE_QUOTA,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
)
from tenantspawner.localcluster.demo.browser import Browser, Form
from tenantspawner.localcluster.demo.people import PASSWORD
from tenantspawner.localcluster.demo.world import World

PERSON = "alice"
TENANT = "physics"
NAMESPACE_NAME = f"jupyterhub-{TENANT}--{PERSON}"
SERVER = "server"  # the picker's field for tenant and profile in one
SEEN_WITHIN = 2.0  # seconds until an edit is in the form
RUNNING_WITHIN = 90.0


class Unshown(Exception):
    """A step did not show what it should."""


@dataclass
class Tour:
    """What the steps share."""

    world: World
    browser: Browser
    tenancy: str
    steps: list[str] = field(default_factory=list)

    def must(self, held: object, otherwise: str) -> None:
        """Raise `Unshown` unless something holds."""
        if not held:
            raise Unshown(otherwise)

    async def form(self) -> Form:
        """The picker as it is now."""
        _, page = await self.browser.page(f"/hub/spawn/{PERSON}")
        return Form(page)


Step = Callable[[Tour], Awaitable[str]]


async def login(tour: Tour) -> str:
    """Log in as a person with GPUs."""
    await tour.browser.login(PERSON, PASSWORD)
    return f"logged in as {PERSON}"


async def form_is_exact(tour: Tour) -> str:
    """The form lists exactly this person's profiles and images."""
    offered = (await tour.form()).choices
    servers = offered.get(SERVER, [])
    tour.must(servers == [f"{TENANT}/{name}" for name in ("small", "large", "gpu")], f"profiles are {servers}")
    images = sorted({value for name, values in offered.items() if name.startswith("image@") for value in values})
    tour.must(images == ["pytorch", "scipy"], f"images are {images}")
    return f"profiles {', '.join(servers)}; images {', '.join(images)}"


async def start(tour: Tour) -> str:
    """Choose the GPU profile and press Start."""
    path = f"/hub/spawn/{PERSON}"
    form = await tour.form()
    status, text, where = await tour.browser.submit(path, form, {**form.fields, SERVER: f"{TENANT}/gpu"})
    tour.must("spawn-pending" in where or f"/user/{PERSON}" in where, f"{status} at {where}: {Form(text).texts[-5:]}")
    return "posted the form: one GPU"


async def progress(tour: Tour) -> str:
    """The progress page tells every step in plain words."""
    told = []
    async with asyncio.timeout(RUNNING_WITHIN):
        async for event in tour.browser.progress():
            told.append(event.get("message", ""))
            tour.must(not event.get("failed"), told[-1])
            if event.get("ready"):
                break
    tour.must(len(told) > 3, f"only {told}")  # noqa: PLR2004 - a few steps
    return " | ".join(told)


async def cell_runs(tour: Tour) -> str:
    """The server answers through the proxy and runs a cell."""
    status, answer = await tour.browser.server("GET", "api/status")
    tour.must(status == 200 and "kernels" in answer, f"{status} {answer}")  # noqa: PLR2004 - HTTP's OK
    printed = (await tour.browser.run_cell("import os; print(6 * 7, os.environ['JUPYTERHUB_USER'])")).strip()
    tour.must(printed == f"42 {PERSON}", f"the cell printed {printed!r}")
    return f"a cell printed: {printed}"


async def fences_stood_first(tour: Tour) -> str:
    """The namespace has quota, limits, policies, account and rights, and they stood before the pod."""
    admin = tour.world.admin
    pods = [pod for pod in await admin.all(POD, NAMESPACE_NAME) if pod["metadata"]["name"].startswith("jupyter-")]
    tour.must(len(pods) == 1, f"{len(pods)} pods")
    born = pods[0]["metadata"]["creationTimestamp"]
    seen = []
    for kind in (RESOURCE_QUOTA, LIMIT_RANGE, NETWORK_POLICY, SERVICE_ACCOUNT, ROLE_BINDING):
        ours = [obj for obj in await admin.all(kind, NAMESPACE_NAME) if _is_ours(obj)]
        tour.must(ours or kind is ROLE_BINDING, f"no {kind.kind}")
        tour.must(all(obj["metadata"]["creationTimestamp"] <= born for obj in ours), f"{kind.kind} came after the pod")
        seen.append(f"{len(ours)} {kind.kind}")
    quota = await admin.get(RESOURCE_QUOTA, NAMESPACE_NAME, "tenantspawner")
    used = ((quota or {}).get("status") or {}).get("used", {}).get("requests.nvidia.com/gpu")
    tour.must(used == "1", f"the quota counts {used} GPUs")
    return f"{', '.join(seen)}; the quota counts {used} GPU"


async def foreign_profile_is_refused(tour: Tour) -> str:
    """Another department's profile by REST is refused with 400, and nothing is created."""
    before = await _names(tour)
    body = {"tenant": "biology", "profile": "single-gpu"}
    status, answer = await tour.browser.rest("POST", f"/users/{PERSON}/servers/other", body)
    tour.must(status == 400, f"{status} {answer}")  # noqa: PLR2004 - HTTP
    tour.must(await _names(tour) == before, "something was created")
    return f"400: {answer['message']}"


async def foreign_image_is_refused(tour: Tour) -> str:
    """An image outside the list is refused."""
    body = {"tenant": TENANT, "profile": "small", "image": "registry.example.org/miner:1"}
    status, answer = await tour.browser.rest("POST", f"/users/{PERSON}/servers/other", body)
    tour.must(status == 400, f"{status} {answer}")  # noqa: PLR2004 - HTTP
    return f"400: {answer['message']}"


async def quota_is_the_wall(tour: Tour) -> str:
    """A pod over quota is refused by the API server itself, whoever makes it."""
    bounds = {"nvidia.com/gpu": "8", "cpu": "1", "memory": "1Gi"}
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "miner",
        "image": "quay.io/example/miner:1",
        "resources": {"limits": bounds, "requests": bounds},
        "securityContext": context,
    }
    spec = {
        "serviceAccountName": "notebook",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    metadata = {"name": "miner", "namespace": NAMESPACE_NAME}
    why = await tour.world.admin.refusal({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    tour.must("exceeded quota" in why, why or "it was accepted")
    return why


async def edit_is_live(tour: Tour) -> str:
    """An edit of the ConfigMap is in the form within two seconds, without a restart."""
    await tour.browser.rest("DELETE", f"/users/{PERSON}/servers/other")
    edited = tour.tenancy.replace("displayName: GPU workstation", "displayName: GPU workstation (new)")
    began = time.monotonic()
    await tour.world.admin.edit_tenancy(edited)
    while "(new)" not in await _named_form(tour):
        tour.must(time.monotonic() - began < SEEN_WITHIN, "the form does not show it after two seconds")
        await asyncio.sleep(0.05)
    return f"in the form after {time.monotonic() - began:.2f} s"


async def broken_edit_is_told(tour: Tour) -> str:
    """A broken edit leaves the last good version in force, and is told with its line where the admin looks."""
    broken = tour.tenancy.replace("    members:\n", "    membres:\n", 1)
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if "membres" in text)
    began = time.monotonic()
    await tour.world.admin.edit_tenancy(broken)
    while not (told := [text for text in await tour.world.admin.complaints() if f":{line}:" in text]):
        tour.must(time.monotonic() - began < SEEN_WITHIN, "no Event on the ConfigMap after two seconds")
        await asyncio.sleep(0.05)
    tour.must("(new)" in await _named_form(tour), "the last good version is not in force")
    await tour.world.admin.edit_tenancy(tour.tenancy)
    return told[-1][:160]


async def hub_crash_is_survived(tour: Tour) -> str:
    """The hub is killed and started again: the running server is still there, found and reachable."""
    world = tour.world
    before = await _pod_uid(tour)
    await asyncio.to_thread(world.hub.hub.kill)
    await world.hub.start_hub()
    began = time.monotonic()
    while not await _ready(tour):
        tour.must(time.monotonic() - began < RUNNING_WITHIN, "the hub does not know the server")
        await asyncio.sleep(0.2)
    status, answer = await tour.browser.server("GET", "api/status")
    tour.must(status == 200 and await _pod_uid(tour) == before, f"{status} {answer}")  # noqa: PLR2004 - HTTP's OK
    return f"the same pod answers, {answer['kernels']} kernel running"


async def stop(tour: Tour) -> str:
    """Stop: nothing of the pod is left, the volume is."""
    await tour.browser.rest("DELETE", f"/users/{PERSON}/server")
    admin, began = tour.world.admin, time.monotonic()
    while left := [*await admin.all(POD, NAMESPACE_NAME), *await _token_secrets(tour)]:
        tour.must(time.monotonic() - began < RUNNING_WITHIN, f"left: {[obj['metadata']['name'] for obj in left]}")
        await asyncio.sleep(0.1)
    claims = await admin.all(PERSISTENT_VOLUME_CLAIM, NAMESPACE_NAME)
    tour.must(claims, "the volume is gone")
    return f"no pod, no secret; the volume {claims[0]['metadata']['name']} stays"


STEPS: Sequence[Step] = (
    login,
    form_is_exact,
    start,
    progress,
    cell_runs,
    fences_stood_first,
    foreign_profile_is_refused,
    foreign_image_is_refused,
    quota_is_the_wall,
    edit_is_live,
    broken_edit_is_told,
    hub_crash_is_survived,
    stop,
)


async def take(world: World, tenancy: str, say: Callable[[str], None]) -> bool:
    """Take the whole tour, telling each step with its evidence and time; False when one fails."""
    async with Browser(world.hub.url) as browser:
        tour = Tour(world, browser, tenancy)
        for number, step in enumerate(STEPS, 1):
            title = (step.__doc__ or "").strip()
            began = time.monotonic()
            try:
                evidence = await step(tour)
            except (Unshown, TimeoutError, RuntimeError, aiohttp.ClientError) as error:
                say(f"{number:2}. FAILED  {title}\n      {type(error).__name__}: {error}")
                say(f"The end of the hub's log:\n{world.hub.hub.tail(30)}")
                return False
            say(f"{number:2}. {time.monotonic() - began:5.2f} s  {title}\n      {evidence}")
    return True


def _is_ours(obj: Mapping[str, Any]) -> bool:
    return "tenantspawner.io/hub" in (obj["metadata"].get("labels") or {})


async def _names(tour: Tour) -> list[str]:
    """Everything ours that could have been created by mistake."""
    admin = tour.world.admin
    spaces = await admin.namespaces("tenantspawner.io/hub")
    pods = [pod["metadata"]["uid"] for pod in await admin.all(POD)]
    return sorted([*spaces, *pods, *(item["metadata"]["name"] for item in await admin.all(NAMESPACE))])


async def _named_form(tour: Tour) -> str:
    """The text of the form, for a further server while the first one runs."""
    _, page = await tour.browser.page(f"/hub/spawn/{PERSON}/other")
    return page


async def _pod_uid(tour: Tour) -> str:
    pods = [pod for pod in await tour.world.admin.all(POD, NAMESPACE_NAME) if _is_ours(pod)]
    return str(pods[0]["metadata"]["uid"]) if pods else ""


async def _ready(tour: Tour) -> bool:
    try:
        _, person = await tour.browser.rest("GET", f"/users/{PERSON}")
    except (aiohttp.ClientError, ValueError):
        return False
    return bool(isinstance(person, dict) and person.get("servers", {}).get("", {}).get("ready"))


async def _token_secrets(tour: Tour) -> list[dict[str, Any]]:
    return [secret for secret in await tour.world.admin.all(SECRET, NAMESPACE_NAME) if _is_ours(secret)]
