"""Covers two hundred people in line for a team's budget, on the real control plane: what waiting costs is read in its audit log."""

import asyncio

import pytest

from tests.support.budgets import on_a_plane
from tests.support.lifehubs import a_hub, envelope
from tests.support.queues import QUEUED, Queue, two_hundred_wait

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


async def test_two_hundred_who_wait_ask_nothing_and_are_served_in_order(plane, home, node):
    kubeconfig = await asyncio.to_thread(home, "queued", document=QUEUED)
    ground = on_a_plane(plane, kubeconfig, "queued")
    async with a_hub(kubeconfig, envelope("queued")) as hub:
        await two_hundred_wait(Queue(ground, hub, lambda: plane.audit(user=hub.user)))
