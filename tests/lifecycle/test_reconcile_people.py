"""Covers what becomes of namespaces when people and tenants change, all while a server runs; a table.

Each row: the people and the document before, what changes, and what the namespace's quota is then. The pod stays as it is.
"""

import asyncio

import pytest

from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle import Pace
from tests.lifecycle.office import an_office, eventually, person

pytestmark = pytest.mark.integration

DOCUMENT = """
version: 1
profiles: {small: {cpu: 1, memory: 1Gi}}
tenants:
  physics:
    members: [{groups: [physics]}, {groups: [leads], quota: {cpu: 32}}]
    images: [quay.io/x/y:1]
    profiles: [small]
    quota: {user: {cpu: 4}, team: {memory: 64Gi}}
  chemistry:
    members: [{groups: [chemistry]}]
    images: [quay.io/x/y:1]
    profiles: [small]
    quota: {user: {cpu: 2}}
"""
ADA = "hub-physics--ada"
BEFORE = {"limits.cpu": "4"}


def document(old="", new=""):
    assert old in DOCUMENT
    return DOCUMENT.replace(old, new)


def cpu(amount):
    return lambda hard: hard.get("limits.cpu") == amount


def closed(hard):
    return hard.get("pods") == "0" and set(hard.values()) == {"0"}


CHANGES = {
    "quota raised": (document("cpu: 4", "cpu: 40"), None, cpu("40")),
    "quota lowered": (document("cpu: 4", "cpu: 500m"), None, cpu("500m")),
    "quota removed": (document("quota: {user: {cpu: 4}, team: {memory: 64Gi}}", ""), None, cpu(None)),
    "budget raised": (document("team: {memory: 64Gi}", "team: {memory: 640Gi}"), None, cpu("4")),
    "budget removed": (document(", team: {memory: 64Gi}", ""), None, cpu("4")),
    "a group more": (None, person("ada", "physics", "leads"), cpu("32")),
    "a group less": (None, person("ada"), closed),
    "no group but the other's": (None, person("ada", "chemistry"), closed),
    "into both": (None, person("ada", "physics", "chemistry"), cpu("4")),
    "tenant renamed": (document("physics:\n", "astronomy:\n"), None, closed),
    "tenant gone": (
        document(DOCUMENT[DOCUMENT.index("  physics:") : DOCUMENT.index("  chemistry:")], ""),
        None,
        closed,
    ),
    "rule ended": (document("[{groups: [physics]}", "[{groups: [physics], until: 2020-01-01}"), None, closed),
    "another name": (
        document(
            "quota: {user: {cpu: 4}",
            "namespace: {name: '{prefix}new-{tenant}--{username}'}\n    quota: {user: {cpu: 4}",
        ),
        None,
        closed,
    ),
    "shared now": (
        document("quota: {user: {cpu: 4}", "namespace: {per: tenant}\n    quota: {user: {cpu: 4}"),
        None,
        closed,
    ),
    "in the hub's now": (
        document("quota: {user: {cpu: 4}", "namespace: {per: hub}\n    quota: {user: {cpu: 4}"),
        None,
        closed,
    ),
}


async def change(office, text, who):
    if who is not None:
        office.know(who)
    office.edit(text or DOCUMENT)
    await office.passed(office.reconciler.state.passes + 1)


@pytest.mark.parametrize("what", CHANGES)
async def test_the_namespace_follows_the_server_runs_on_and_everything_comes_back(what):
    text, who, holds = CHANGES[what]
    async with an_office(DOCUMENT) as office:
        office.know(person("ada", "physics"), person("cleo", "chemistry"))
        await office.settle_in("ada", "physics")
        office.pod(ADA)
        before, pod = office.hard(ADA), office.get(kinds.POD, ADA, "server")
        async with office.at_work(Pace(interval=0)) as reconciler:
            await office.passed()
            assert office.hard(ADA) == before
            office.edit(text or DOCUMENT + "contact: me\n")
            await change(office, text, who)
            assert holds(office.hard(ADA)), office.hard(ADA)
            assert (office.notes(ADA)[labels.PLAN_DIGEST] == "closed") is (holds is closed)
            assert reconciler.state.closed == (holds is closed)
            await change(office, DOCUMENT, person("ada", "physics"))
            await change(office, DOCUMENT + "contact: me\n", person("ada", "physics"))
            assert office.hard(ADA) == before
            assert reconciler.state.closed == 0
        assert office.get(kinds.POD, ADA, "server") == pod


async def test_a_closed_namespace_is_reported_once_and_kept_closed(caplog):
    async with an_office(DOCUMENT) as office:
        office.know(person("ada", "physics"), person("bob", "physics"))
        for name in ("ada", "bob"):
            await office.settle_in(name, "physics")
        async with office.at_work(Pace(interval=0)):
            await office.passed()
            await change(office, document("physics:\n", "astronomy:\n"), None)
            assert [reason for reason, _ in office.told] == ["NamespacesSetToZero"]
            assert "hub-physics--ada (there is no tenant physics)" in office.told[0][1]
            await change(office, document("physics:\n", "astrology:\n"), None)
            assert len(office.told) == 1
            assert caplog.text.count("Namespace hub-physics--ada is set to zero") == 1
            raised = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "7"}}}
            office.change(kinds.RESOURCE_QUOTA, ADA, "tenantspawner", spec=raised["spec"])
            await eventually(lambda: closed(office.hard(ADA)), within=5)
        assert office.get(kinds.NAMESPACE, None, ADA) is not None


async def test_a_start_in_a_closed_namespace_opens_it_again():
    async with an_office(DOCUMENT) as office:
        office.know(person("ada"), person("cleo"))
        office.edit(document("groups: [physics]", "users: [ada]"))
        await office.settle_in("ada", "physics")
        async with office.at_work(Pace(interval=0)):
            await change(office, DOCUMENT, None)
            assert closed(office.hard(ADA))
            office.know(person("ada", "physics"))
            await office.settle_in("ada", "physics")
            assert not closed(office.hard(ADA))
            await asyncio.sleep(1)
            assert not closed(office.hard(ADA))


async def test_nobody_is_closed_while_the_hub_knows_nobody():
    async with an_office(DOCUMENT) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        office.people.clear()
        async with office.at_work(Pace(interval=0)) as reconciler:
            await office.passed()
            assert reconciler.state.closed == 0
        assert not closed(office.hard(ADA))


async def test_a_namespace_of_another_hub_or_of_nobody_is_left_alone():
    async with an_office(DOCUMENT) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        foreign = {
            "name": "foreign",
            "labels": {labels.HUB: "other", labels.TENANT: "gone"},
            "annotations": {labels.OWNER: "eve"},
        }
        nobodys = {"name": "nobodys", "labels": {labels.HUB: "hub"}}
        for metadata in (foreign, nobodys):
            office.local.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        async with office.at_work(Pace(interval=0)):
            await office.passed()
        assert office.hard("foreign") == office.hard("nobodys") == {}
        assert labels.PLAN_DIGEST not in office.get(kinds.NAMESPACE, None, "foreign")["metadata"]["annotations"]


SHARED = document("quota: {user: {cpu: 4}, team", "namespace: {per: tenant}\n    quota: {user: {cpu: 4}, team")


async def test_a_shared_namespace_follows_its_tenant_without_any_person():
    async with an_office(SHARED) as office:
        office.know(person("ada", "physics"))
        shared = await office.settle_in("ada", "physics")
        assert shared == "hub-physics"
        office.people.clear()
        async with office.at_work(Pace(interval=0)):
            await office.passed()
            assert office.hard(shared)["limits.memory"] == "64Gi"
            office.edit(SHARED.replace("64Gi", "32Gi"))
            await office.passed(2)
            assert office.hard(shared)["limits.memory"] == "32Gi"
            office.edit(SHARED.replace("physics:\n", "astronomy:\n"))
            await office.passed(3)
            assert closed(office.hard(shared))
