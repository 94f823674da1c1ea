"""Covers 100 people who start their first server in the same moment, each in a namespace that is made for them.

The stock spawner fails here: a fresh namespace has no default account yet, and its pods are refused.
"""

import asyncio
import time

import pytest

from tests.support.lifehubs import a_hub, all_started, envelope

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

PEOPLE = [f"person-{number:03}" for number in range(100)]


async def test_a_hundred_first_starts_at_once_succeed(plane, home, node, look):
    kubeconfig = await asyncio.to_thread(home, "burst")
    async with a_hub(kubeconfig, envelope("burst")) as hub:
        began = time.monotonic()

        came = await all_started(hub, PEOPLE, within=120)

        print(f"100 first starts in {time.monotonic() - began:.1f} s")
        failed = [one for one in came if isinstance(one, BaseException)]
        assert failed == [], f"{len(failed)} failed; the first: {failed[0]!r}"
        selector = "labelSelector=tenantspawner.io/hub%3Dburst"
        pods = look(f"/api/v1/pods?{selector}")
        assert len({pod["metadata"]["namespace"] for pod in pods}) == len(pods) == len(PEOPLE)
        assert len(look(f"/api/v1/resourcequotas?{selector}")) == len(PEOPLE)
        rows = await asyncio.to_thread(plane.audit, user=hub.user)
        assert [str(row) for row in rows if row.code >= 409] == []
        refused = [row for row in rows if row.code == 403]
        print(f"{len(rows)} requests, {len(refused)} of them asked again until a new binding was known")
        assert await asyncio.gather(*(hub.stop(person) for person in PEOPLE)) == [True] * len(PEOPLE)
