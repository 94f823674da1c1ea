"""Covers, through a whole hub on both clusters, what others bound in a namespace of ours, and a quota key that the cluster never
counts: said with numbers before a pod is asked for, shown in the form, and left as it is.
"""

import pytest
import pytest_asyncio

from tenantspawner.kube import kinds
from tests.support import pages
from tests.support.hubs import (
    TENANCY,
    a_person,
    a_service,
    a_world,
    create,
    edit_tenancy,
    eventually,
    hub_requests,
    namespace_of,
    objects,
    remove,
)
from tests.support.places import NEWEST

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

GPU = "requests.nvidia.com/gpu"
LIMITED = (
    "The limits here do not allow this server: maximum memory usage per Container is 32Mi, but limit is 64Mi (LimitRange "
    "theirs). Choose a smaller one. Ask help@example.edu."
)
OTHERS = (
    "Another quota here (theirs), which is not this hub's, does not leave enough (nvidia.com/gpu: 0 of 1 in use, this server "
    "asks for 2). Choose a smaller server, stop what you do not need there, or ask help@example.edu."
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=NEWEST)
async def world(request):
    async with a_world(request.param) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        await rest.run("ada", {"profile": "small"})  # so that there is a namespace
        await rest.stop("ada")
        await rest.gone("ada")
        yield rest


def put(world, kind, spec):
    metadata = {"name": "theirs", "namespace": namespace_of("ada")}
    create(world, {"apiVersion": "v1", "kind": kind.kind, "metadata": metadata, "spec": spec})


def take(world, kind):
    """Remove it, and return what it was: nobody has changed it."""
    return remove(world, kind, namespace_of("ada"), "theirs")["spec"]


def pods_asked_for(world):
    asked = [row for row in hub_requests(world, namespace_of("ada")) if (row.verb, row.resource) == ("create", "pods")]
    return len(asked)


async def test_a_limit_range_that_makes_the_pod_impossible(world, rest):
    before = pods_asked_for(world)
    put(world, kinds.LIMIT_RANGE, {"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]})
    answer = await rest.start("ada", {"profile": "small"})
    assert (answer.status, answer.message) == (
        403,
        LIMITED,
    )
    assert pods_asked_for(world) == before
    assert take(world, kinds.LIMIT_RANGE)["limits"][0]["max"] == {"memory": "32Mi"}


async def test_a_quota_of_others_is_shown_in_the_form_and_counts(world, rest):
    before = pods_asked_for(world)
    put(world, kinds.RESOURCE_QUOTA, {"hard": {GPU: "1", "limits.memory": "1Gi"}})
    await eventually(
        lambda: all("used" in quota.get("status", {}) for quota in objects(world, kinds.RESOURCE_QUOTA)), 20
    )
    async with a_person(world, "ada") as person:
        form = pages.text((await person.form()).text)
    assert "2 (another quota, theirs, leaves 1)" in form
    assert "1 of 1 GPU free" in form
    answer = await rest.start("ada", {"profile": "gpu", "devices": 2})
    assert (answer.status, answer.message) == (
        409,
        OTHERS,
    )
    assert pods_asked_for(world) == before
    await rest.run("ada", {"profile": "gpu", "devices": 1})
    await rest.stop("ada")
    await rest.gone("ada")
    assert take(world, kinds.RESOURCE_QUOTA) == {"hard": {GPU: "1", "limits.memory": "1Gi"}}


async def test_a_key_that_the_cluster_does_not_count_is_named(world, rest):
    before = pods_asked_for(world)
    await edit_tenancy(world, TENANCY.replace("{cpu: 4, memory: 8Gi}", "{cpu: 4, count/widgets.example.org: 5}"))
    answer = await rest.start("ada", {"profile": "small"})
    assert answer.status == 503
    assert answer.message == (
        f"The quota of {namespace_of('ada')} bounds count/widgets.example.org, which this cluster does not count, so it can never be "
        "in force. Nothing was started. Ask the administrator of this hub."
    )
    assert pods_asked_for(world) == before
