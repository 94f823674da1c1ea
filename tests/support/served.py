"""Every version of leases, quotas and pods that an API served, on either cluster.

The embedded cluster keeps its history. The real one's watches are asked afterwards for all since a moment, and asked again until
what they tell ends in what is there; a watch cache that has forgotten that moment answers so, and the test fails.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tenantspawner.kube import kinds
from tenantspawner.localcluster import LocalCluster
from tests.support.controlplane.plane import ControlPlane

KINDS = (kinds.LEASE, kinds.RESOURCE_QUOTA, kinds.POD)
WITHIN = 60.0  # seconds for a watch to tell what has long been


@dataclass(frozen=True)
class Version:
    """What the API served at one version of one object."""

    number: int
    kind: str
    object: dict[str, Any]
    gone: bool


Versions = Callable[[], Awaitable[list[Version]]]


def in_history(local: LocalCluster) -> Versions:
    """All that an embedded cluster has ever had of the kinds."""

    async def versions() -> list[Version]:
        return [
            Version(event.resource_version, event.kind.kind, event.object, event.type == "DELETED")
            for event in local.store.history_since(0)
            if event.kind in KINDS
        ]

    return versions


def on_watches(plane: ControlPlane, home: str) -> Versions:
    """All of the kinds that a real control plane serves from now on, in a hub's namespace and its tenants'."""
    paths = {kind: kind.path(home if kind is kinds.LEASE else None) for kind in KINDS}
    since = plane.request("GET", paths[kinds.POD]).body["metadata"]["resourceVersion"]

    def told(kind: kinds.Kind) -> list[Version]:
        answer = plane.request("GET", f"{paths[kind]}?watch=true&resourceVersion={since}&timeoutSeconds=2")
        assert answer.status == 200, answer
        lines = answer.body.splitlines() if isinstance(answer.body, str) else [json.dumps(answer.body)]
        return [_version(kind, json.loads(line)) for line in lines]

    def all_told(kind: kinds.Kind) -> list[Version]:
        limit = time.monotonic() + WITHIN
        while True:
            there = plane.request("GET", paths[kind]).body["items"]
            versions = told(kind)
            if _ends_in(versions, there, int(since)):
                return versions
            assert time.monotonic() < limit, f"the watch of {kind.plural} does not come to what is there"

    async def versions() -> list[Version]:
        found = await asyncio.gather(*(asyncio.to_thread(all_told, kind) for kind in KINDS))
        return [one for each in found for one in each if one.object["metadata"]["namespace"].startswith(home)]

    return versions


def _version(kind: kinds.Kind, event: dict[str, Any]) -> Version:
    assert event["type"] in {"ADDED", "MODIFIED", "DELETED"}, event
    number = int(event["object"]["metadata"]["resourceVersion"])
    return Version(number, kind.kind, event["object"], event["type"] == "DELETED")


def _ends_in(versions: Iterable[Version], there: Iterable[dict[str, Any]], since: int) -> bool:
    """Whether the last that was told is at least as new as what was listed before it."""
    last = {one.object["metadata"]["uid"]: one.number for one in versions}
    metadata = [item["metadata"] for item in there]
    return all(last.get(one["uid"], since) >= int(one["resourceVersion"]) for one in metadata)
