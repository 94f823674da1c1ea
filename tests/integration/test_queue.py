"""Covers two hundred people in line for a team's budget, on the embedded cluster: what waiting costs, order, who leaves."""

import pytest

from tests.support.budgets import HUB, embedded, hubs_of
from tests.support.queues import QUEUED, Queue, two_hundred_wait

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


async def test_two_hundred_who_wait_ask_nothing_and_are_served_in_order(tmp_path):
    async with embedded(QUEUED, tmp_path) as (ground, local), hubs_of(ground) as (hub,):
        await two_hundred_wait(Queue(ground, hub, lambda: [row for row in local.requests if row.user == HUB.name]))
