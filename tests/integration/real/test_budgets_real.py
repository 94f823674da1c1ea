"""Covers team budgets on the real control plane: what the API server served of quotas, ledger and pods, at every version.

The hubs are administrators here: rights and policies have tests of their own.
"""

import asyncio
import json

import pytest

from tests.support.budgets import document, hubs_of, on_a_plane
from tests.support.budgetscenes import a_crowd, mixed_sizes
from tests.support.lifehubs import TENANCY

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.fixture
def ground(plane, node):
    def make(home):
        plane.kubectl("create", "namespace", home)
        where = {"name": TENANCY, "namespace": home}
        tenancy = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": {"tenants.yaml": document()}}
        plane.kubectl("create", "-f", "-", stdin=json.dumps(tenancy))
        return on_a_plane(plane, plane.kubeconfig(), home)

    return make


async def test_a_crowd_gets_exactly_the_budget_time_after_time(ground):
    there = await asyncio.to_thread(ground, "crowded")
    async with hubs_of(there) as (hub,):
        await a_crowd(there, hub, rounds=20, seed=3)


async def test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget(ground):
    there = await asyncio.to_thread(ground, "mixed")
    async with hubs_of(there, 2) as hubs:
        await mixed_sizes(there, hubs, people=24, seed=4)
