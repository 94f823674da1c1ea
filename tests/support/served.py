"""Every version of leases, quotas and pods that an API served, on either cluster.

The embedded cluster keeps its history. The real one's watches are followed from a moment on, and asked until what they tell ends in
what is there; a watch cache that has forgotten something in between answers so, and the test fails.
"""

import asyncio
import json
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from tenantspawner.kube import kinds
from tenantspawner.localcluster import LocalCluster
from tests.support.controlplane.plane import ControlPlane

KINDS = (kinds.LEASE, kinds.RESOURCE_QUOTA, kinds.POD)
EVERY = 5.0  # seconds between two looks
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
    followed = [_Followed(plane, kind, kind.path(home if kind is kinds.LEASE else None)) for kind in KINDS]

    async def versions() -> list[Version]:
        found = await asyncio.gather(*(asyncio.to_thread(one.to_the_end) for one in followed))
        return [one for each in found for one in each if one.object["metadata"]["namespace"].startswith(home)]

    return versions


class _Followed:
    """One kind, read by a thread as it is served: a watch cache keeps what is older than 75 seconds only as long as it has room.

    The thread ends with the control plane, or when nobody asks any more.
    """

    def __init__(self, plane: ControlPlane, kind: kinds.Kind, path: str) -> None:
        self._plane, self._kind, self._path = plane, kind, path
        self._since = self._begun = int(self._get("").body["metadata"]["resourceVersion"])
        self._versions: list[Version] = []
        self._reading = threading.Lock()
        threading.Thread(target=_follow, args=(weakref.ref(self),), daemon=True).start()

    def read(self) -> None:
        """Take what was served since the last time; waits a second for more."""
        with self._reading:
            answer = self._get(f"?watch=true&resourceVersion={self._since}&timeoutSeconds=1")
            assert answer.status == 200, answer
            lines = answer.body.splitlines() if isinstance(answer.body, str) else [json.dumps(answer.body)]
            for line in lines:
                self._versions.append(_version(self._kind, json.loads(line)))
                self._since = self._versions[-1].number

    def to_the_end(self) -> list[Version]:
        """All that was served until it comes to what is there."""
        limit = time.monotonic() + WITHIN
        while True:
            there = self._get("").body["items"]
            self.read()
            if _ends_in(self._versions, there, self._begun):
                return [*self._versions]
            assert time.monotonic() < limit, f"the watch of {self._kind.plural} does not come to what is there"

    def _get(self, query: str) -> Any:
        return self._plane.request("GET", f"{self._path}{query}")


def _follow(wanted: "weakref.ref[_Followed]") -> None:
    # When the plane has gone there is no more to read; a version that is missing is found by who asks at the end.
    with suppress(OSError, HTTPException, ValueError, AssertionError):
        while (followed := wanted()) is not None:
            followed.read()
            del followed
            time.sleep(EVERY)


def _version(kind: kinds.Kind, event: dict[str, Any]) -> Version:
    assert event["type"] in {"ADDED", "MODIFIED", "DELETED"}, event
    number = int(event["object"]["metadata"]["resourceVersion"])
    return Version(number, kind.kind, event["object"], event["type"] == "DELETED")


def _ends_in(versions: Iterable[Version], there: Iterable[dict[str, Any]], since: int) -> bool:
    """Whether the last that was told is at least as new as what was listed before it."""
    last = {one.object["metadata"]["uid"]: one.number for one in versions}
    metadata = [item["metadata"] for item in there]
    return all(last.get(one["uid"], since) >= int(one["resourceVersion"]) for one in metadata)
