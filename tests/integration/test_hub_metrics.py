"""Covers what ``/hub/metrics`` shows of ours in a real hub: budgets, refusals, the tenancy, watches, reconciling."""

import re

import pytest
import pytest_asyncio

from tests.support.hubs import TENANCY, a_service, a_world, eventually, write_tenancy
from tests.support.places import PLACES

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SIX = TENANCY.replace("quota: {user: {cpu: 4, memory: 8Gi}}", "quota: {team: {gpu: 6}}")
GPU = "requests.nvidia.com/gpu"
_LINE = re.compile(r"^(tenantspawner_\S+?)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PLACES)
async def world(request):
    async with a_world(request.param, tenancy=SIX, config="c.JupyterHub.authenticate_prometheus = False\n") as world:
        yield world


async def metrics(rest):
    """Our metrics: name and values of labels, these by name -> value."""
    text = (await rest.call("GET", "/../metrics")).text
    return {(name, *re.findall(r'"(.*?)"', marks or "")): float(value) for name, marks, value in _LINE.findall(text)}


async def shown(rest, **wanted):
    async def look():
        found = await metrics(rest)
        budget = {kind: found.get(("tenantspawner_budget", kind, GPU, "physics")) for kind in wanted}
        return found if budget == wanted else None

    return await eventually(look, 10, f"the metrics do not show {wanted}")


async def test_a_scrape_shows_budgets_refusals_watches_and_the_tenancy(world):
    async with a_service(world) as rest:
        await rest.run("ada", {"profile": "gpu", "devices": 4})
        found = await shown(rest, budget=6, granted=4, used=4)
        assert found["tenantspawner_tenancy_problems",] == 0
        assert {kind: found["tenantspawner_watch_healthy", kind] for kind in ("configmaps", "leases", "pods")} == {
            "configmaps": 1, "leases": 1, "pods": 1
        }  # fmt: skip
        await rest.user("bob")
        assert (await rest.start("bob", {"profile": "gpu", "devices": 4})).status == 409
        assert (await rest.start("bob", {"profile": "no-such"})).status == 400
        found = await metrics(rest)
        assert found["tenantspawner_refusals_total", "team-budget"] == 1
        assert found["tenantspawner_refusals_total", "refused"] == 1
        assert ("tenantspawner_reconcile_namespaces", "all") in found
        assert (await rest.stop("ada")).status == 204
        await shown(rest, budget=6, granted=0, used=0)

        write_tenancy(world, SIX.replace("profiles: [small, gpu]", "profiles: [small, gpuu]"))

        async def told():
            return (await metrics(rest))["tenantspawner_tenancy_problems",] > 0

        await eventually(told, 5)
