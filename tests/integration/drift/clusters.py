"""The two clusters of the drift tests, side by side, with the same people."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tenantspawner.localcluster import LocalCluster
from tenantspawner.localcluster.attributes import UserInfo
from tests.integration.drift.ask import ADMIN, DEV, GUEST, HUB
from tests.integration.drift.talk import Talk
from tests.support.controlplane.identities import Identity
from tests.support.controlplane.plane import ControlPlane

PEOPLE = {HUB: ("hubs",), DEV: ("team",), GUEST: ()}
IDENTITIES = [Identity(name, groups) for name, groups in PEOPLE.items()]


@asynccontextmanager
async def embedded() -> AsyncIterator[LocalCluster]:
    """The embedded cluster, set up as real ones mostly are."""
    users = {name: UserInfo(name, name, (*groups, "system:authenticated")) for name, groups in PEOPLE.items()}
    async with LocalCluster(users, anonymous=True) as cluster:
        yield cluster


async def with_both(plane: ControlPlane, work: Callable[[Talk], Awaitable[Any]]) -> tuple[Any, Any]:
    """Do the same on both at once; returns what came of it, the embedded one's last."""
    names = (ADMIN, *PEOPLE)
    connector = aiohttp.TCPConnector(ssl=False, limit=0)
    async with embedded() as cluster, aiohttp.ClientSession(connector=connector) as session:
        real = Talk(session, plane.url, {name: plane.token(name) for name in names})
        ours = Talk(session, cluster.url, {name: cluster.token(name) for name in names})
        found = await asyncio.gather(work(real), work(ours))
        return found[0], found[1]
