"""Covers two hub processes of one id on the embedded cluster, either stopped for five seconds: the budget holds at every version."""

import pytest

from tests.support.budgets import document, embedded
from tests.support.stoppedhubs import two_hubs_one_of_them_stopped

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


async def test_a_hub_that_is_stopped_and_goes_on_never_passes_the_budget(tmp_path):
    async with embedded(document(), tmp_path) as (ground, _):
        await two_hubs_one_of_them_stopped(ground, tmp_path)
