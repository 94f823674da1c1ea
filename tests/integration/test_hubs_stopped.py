"""Covers two hub processes of one id, either of them stopped for five seconds: the budget holds at every version served."""

import pytest

from tests.support.budgets import document
from tests.support.clusters import a_node
from tests.support.stoppedhubs import two_hubs_one_of_them_stopped

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


async def test_a_hub_that_is_stopped_and_goes_on_never_passes_the_budget(cluster, tmp_path):
    async with a_node(cluster, tmp_path):
        await cluster.tenancy(document())
        await two_hubs_one_of_them_stopped(cluster.ground(), tmp_path)
