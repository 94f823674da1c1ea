"""Covers two hubs in one cluster with people of the same names: neither touches what is the other's, and nobody takes a name.

Both are cluster-admin here and no policy is there, so that what holds is the product's own doing.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tenantspawner.errors import NotOurs
from tenantspawner.lifecycle import Care, Pace, Reconciler, Server, Sweeper
from tests.support.hubs import eventually
from tests.support.lifehubs import DOCUMENT, a_hub, envelope

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

PEOPLE = ("ada", "grace")
ALL = (
    "/api/v1/namespaces",
    "/api/v1/pods",
    "/api/v1/resourcequotas",
    "/api/v1/limitranges",
    "/api/v1/serviceaccounts",
    "/api/v1/secrets",
    "/api/v1/persistentvolumeclaims",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
)
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
ASKING = {"selfsubjectaccessreviews", "selfsubjectreviews"}
NEITHER = DOCUMENT.replace("physics:", "chemistry:")


@pytest.fixture
def almighty(plane, home):
    """A hub's namespace, and every right in the cluster for the hub."""

    def make(namespace):
        kubeconfig = home(namespace, mode=None)
        admin = ("create", "clusterrolebinding", f"{namespace}-is-admin", "--clusterrole=cluster-admin")
        plane.kubectl(*admin, f"--serviceaccount={namespace}:hub")
        return kubeconfig

    return make


@pytest.fixture
async def stand(almighty, node):
    """Start hubs, each with a server for ada and one for grace."""
    async with AsyncExitStack() as stack:

        async def start(*names):
            hubs = []
            for name in names:
                kubeconfig = await asyncio.to_thread(almighty, name)
                hubs.append(await stack.enter_async_context(a_hub(kubeconfig, envelope(name), role="")))
            await asyncio.gather(*(hub.start(person) for hub in hubs for person in PEOPLE))
            return hubs

        yield start


def everything(look, hub_id):
    """All objects in a hub's namespaces, with the version of each; what changes there by itself is none of these."""
    found = {}
    for path in ALL:
        for item in look(path):
            metadata = item["metadata"]
            if metadata.get("namespace", metadata["name"]).startswith(f"{hub_id}-"):
                found[path, metadata.get("namespace", ""), metadata["name"]] = metadata["resourceVersion"]
    return found


def is_in(hub_id, row):
    """Whether a request was about a hub's own namespace or one of its tenants'; a new one is named in no audit row."""
    place = row.namespace or row.name
    return place == hub_id or place.startswith(f"{hub_id}-") or (row.verb, row.resource) == ("create", "namespaces")


async def test_sweeping_reconciling_and_stopping_leave_the_other_hub_alone(plane, stand, look):
    one, two = await stand("one", "two")
    theirs = everything(look, "two")
    assert len([key for key in theirs if key[0] == "/api/v1/pods"]) == len(PEOPLE)

    await one.stop("ada")
    assert len([key for key in everything(look, "one") if key[0] == "/api/v1/pods"]) == 1

    async def ada_only():
        return {Server("ada", "")}

    def everywhere():
        return [*one.run.sight.watches(), *two.run.sight.watches()]

    sweeper = Sweeper(one.run.cluster, "one", everywhere, ada_only, Care(interval=1, age=0, share=1))
    swept = [await sweeper.sweep(), await sweeper.sweep()]
    assert swept == [0, 1], "seen twice, then deleted: grace's pod, which the first hub's database does not know"

    edited = {"data": {"tenants.yaml": NEITHER}}
    plane.request("PATCH", "/api/v1/namespaces/one/configmaps/tenants", edited, content="application/merge-patch+json")
    await eventually(lambda: "chemistry" in one.run.feed.tenancy().tenants)
    reconciler = Reconciler(one.run.cluster, one.sources(), one.run.turns, Pace(interval=1))
    task = asyncio.create_task(reconciler.run())
    try:
        await eventually(lambda: reconciler.state.passes >= 2, 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (reconciler.state.namespaces, reconciler.state.closed) == (2, 2), "its own two namespaces, and no more"

    assert everything(look, "two") == theirs
    writes = [row for row in await asyncio.to_thread(plane.audit, user=one.user) if row.verb in WRITES]
    assert [str(row) for row in writes if row.resource not in ASKING and not is_in("one", row)] == []
    assert await asyncio.gather(*(two.stop(person) for person in PEOPLE)) == [True, True]


async def test_a_hub_with_anothers_prefix_refuses_and_changes_nothing(plane, stand, almighty, look):
    await stand("first")
    kubeconfig = await asyncio.to_thread(almighty, "twin")
    before = everything(look, "first")
    async with a_hub(kubeconfig, envelope("twin", prefix="first-"), role="") as twin:
        with pytest.raises(NotOurs) as refusal:
            await twin.start("ada")
    assert refusal.value.sentence == (
        "The namespace first-physics--ada is in use by somebody else, so this server cannot start. "
        "Ask the administrator of this hub."
    )
    assert "choose another namespace_prefix" in refusal.value.detail
    assert everything(look, "first") == before
    rows = await asyncio.to_thread(plane.audit, user=twin.user)
    assert {row.verb for row in rows if row.resource == "namespaces"} == {"get"}
