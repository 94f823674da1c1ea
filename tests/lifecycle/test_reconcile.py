"""Covers that an edit of the tenancy reaches the namespaces that exist, while servers run, and survives a crash."""

import asyncio

import pytest

from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle import Pace
from tenantspawner.lifecycle.upkeep.reconcile import SETTLED
from tests.lifecycle.office import HOME, an_office, eventually, person

pytestmark = pytest.mark.integration

TENANCY = """
version: 1
profiles: {{small: {{cpu: 1, memory: 1Gi}}, gpu: {{cpu: 1, memory: 1Gi, gpu: {{choices: [1, 2, 4], default: 1}}}}}}
tenants:
  physics:
    members: [{{groups: [physics]}}, {{groups: [leads], quota: {{cpu: 32}}}}, {{users: [named]}}]
    images: [quay.io/x/y:1]
    profiles: [small, gpu]
    quota: {{user: {{cpu: {cpu}, memory: 8Gi}}}}
    {more}
  chemistry:
    members: [{{groups: [chemistry]}}]
    images: [quay.io/x/y:1]
    profiles: [small]
    quota: {{user: {{cpu: 2}}}}
"""


def tenancy(cpu=4, more=""):
    return TENANCY.format(cpu=cpu, more=more)


ADA = "hub-physics--ada"


async def test_an_edit_reaches_every_namespace_of_the_tenant_and_no_other():
    async with an_office(tenancy()) as office:
        office.know(*(person(f"p{n}", "physics") for n in range(25)), person("carl", "chemistry"))
        names = [await office.settle_in(f"p{n}", "physics") for n in range(25)]
        carls = await office.settle_in("carl", "chemistry")
        for name in names:
            office.pod(name)
        pods = {name: office.get(kinds.POD, name, "server") for name in names}
        untouched = office.get(kinds.NAMESPACE, None, carls)["metadata"]["resourceVersion"]
        async with office.at_work() as reconciler:
            await office.passed()
            office.edit(tenancy(cpu=6))
            await office.passed(2)
            assert {office.hard(name)["limits.cpu"] for name in names} == {"6"}
            assert reconciler.state.changed == 25
            assert reconciler.state.waiting == 0
        assert office.get(kinds.NAMESPACE, None, carls)["metadata"]["resourceVersion"] == untouched
        assert pods == {name: office.get(kinds.POD, name, "server") for name in names}


async def test_an_edit_that_changes_one_thing_costs_two_writes_a_namespace():
    async with an_office(tenancy()) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        async with office.at_work():
            await office.passed()
            before = len(office.local.requests)
            office.edit(tenancy(cpu=6))
            await office.passed(2)
            assert len(office.writes(before)) == 2


async def test_what_is_in_line_costs_no_request():
    async with an_office(tenancy()) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        async with office.at_work():
            await office.passed()
            await asyncio.sleep(0.3)
            before = len(office.local.requests)
            office.edit(tenancy() + "contact: help@example.edu\n")
            await office.passed(2)
            assert [str(row) for row in [*office.local.requests][before:] if row.verb != "watch"] == []


async def test_servers_in_the_hubs_own_namespace_are_nothing_to_bring_in_line(caplog):
    async with an_office(tenancy()) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        async with office.at_work() as reconciler:
            await office.passed()
            before = len(office.local.requests)
            reconciler.touch(HOME)
            await asyncio.sleep(SETTLED + 0.3)
            assert [str(row) for row in [*office.local.requests][before:] if row.verb != "watch"] == []
    assert [record.getMessage() for record in caplog.records if HOME in record.getMessage()] == []


async def test_a_crash_half_way_is_gone_on_from():
    async with an_office(tenancy()) as office:
        office.know(*(person(f"p{n}", "physics") for n in range(12)))
        names = [await office.settle_in(f"p{n}", "physics") for n in range(12)]
        office.edit(tenancy(cpu=6))
        office.local.faults.delay(0.05, times=None, verb="patch")
        async with office.at_work(Pace(at_once=2)):
            await eventually(lambda: sum(office.hard(name)["limits.cpu"] == "6" for name in names) >= 5)
        office.local.faults.clear()
        async with office.at_work() as reconciler:
            await office.passed()
            assert {office.hard(name)["limits.cpu"] for name in names} == {"6"}
            assert 7 <= reconciler.state.changed <= 10
        digests = {office.notes(name)[labels.PLAN_DIGEST] for name in names}
        async with office.at_work() as reconciler:
            await office.passed()
            assert reconciler.state.changed == 0
        assert digests == {office.notes(name)[labels.PLAN_DIGEST] for name in names}


LABELS = 'namespace: {labels: {cost-centre: "4711"}, annotations: {who: us}}'
ROLES = "roles: [view]"
SECRETS = "pullSecrets: [registry]"
OBJECTS = "objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: motd}, data: {text: hello}}]"


def there(kind, name):
    return lambda office: office.get(kind, ADA, name) is not None


def labelled(office):
    metadata = office.get(kinds.NAMESPACE, None, ADA)["metadata"]
    return metadata["labels"].get("cost-centre") == "4711" and metadata["annotations"].get("who") == "us"


EDITS = {
    "labels": (LABELS, labelled),
    "a role": (ROLES, there(kinds.ROLE_BINDING, "notebook-view")),
    "a pull secret": (SECRETS, there(kinds.SECRET, "registry")),
    "a further object": (OBJECTS, there(kinds.CONFIG_MAP, "motd")),
    "an account": ("serviceAccount: {name: other}", there(kinds.SERVICE_ACCOUNT, "other")),
    "limits": (
        "limits: {max: {cpu: 7}}",
        lambda office: (
            office.get(kinds.LIMIT_RANGE, ADA, "tenantspawner")["spec"]["limits"][0].get("max") == {"cpu": "7"}
        ),
    ),
    "an open network": (
        "network: open",
        lambda office: office.get(kinds.NETWORK_POLICY, ADA, "tenantspawner-ingress")["spec"]["ingress"] == [{}],
    ),
    "Pod Security": (
        "namespace: {podSecurity: baseline}",
        lambda office: (
            office.get(kinds.NAMESPACE, None, ADA)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
            == "baseline"
        ),
    ),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_what_a_tenant_says_is_put_there_and_taken_away_again(edit):
    text, holds = EDITS[edit]
    async with an_office(tenancy()) as office:
        secret = {"name": "registry", "namespace": "jupyterhub"}
        office.local.create({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "type": "Opaque", "data": {}})
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        async with office.at_work():
            await office.passed()
            assert not holds(office)
            office.edit(tenancy(more=text))
            await office.passed(2)
            assert holds(office)
            office.edit(tenancy())
            await office.passed(3)
            if edit != "an account":  # a pod that runs may use it
                assert not holds(office)


async def test_what_a_start_leaves_behind_after_an_edit_is_taken_away_by_the_next_pass():
    async with an_office(tenancy(more=ROLES)) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        office.edit(tenancy())
        await office.settle_in("ada", "physics")
        assert there(kinds.ROLE_BINDING, "notebook-view")(office)
        async with office.at_work():
            await office.passed()
            office.reconciler.touch(ADA)
            await asyncio.sleep(0.5)
        async with office.at_work() as reconciler:
            await reconciler._round(periodic=True)
            assert not there(kinds.ROLE_BINDING, "notebook-view")(office)


async def test_nothing_is_taken_away_that_is_not_ours_by_label_and_owner():
    async with an_office(tenancy(more=ROLES)) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        office.local.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": ADA}})
        space = office.get(kinds.NAMESPACE, None, ADA)
        listed = space["metadata"]["annotations"] | {
            labels.INVENTORY: "v1/ConfigMap/theirs,v1/Pod/server,rubbish,v1/Secret/none"
        }
        office.pod(ADA)
        office.change(kinds.NAMESPACE, None, ADA, metadata=space["metadata"] | {"annotations": listed})
        async with office.at_work():
            office.edit(tenancy(cpu=6))
            await office.passed()
        assert there(kinds.CONFIG_MAP, "theirs")(office)
        assert there(kinds.POD, "server")(office)


async def test_a_start_goes_first_and_upkeep_gives_way():
    async with an_office(tenancy()) as office:
        office.know(person("ada", "physics"))
        await office.settle_in("ada", "physics")
        async with office.at_work():
            await office.passed()
            async with office.turns.start(ADA):
                office.edit(tenancy(cpu=6))
                await office.passed(2)
                assert office.hard(ADA)["limits.cpu"] == "4"
            await eventually(lambda: office.hard(ADA)["limits.cpu"] == "6")


async def test_one_namespace_that_fails_does_not_stop_the_others():
    async with an_office(tenancy()) as office:
        office.know(*(person(name, "physics") for name in ("ada", "bob")))
        for name in ("ada", "bob"):
            await office.settle_in(name, "physics")
        async with office.at_work() as reconciler:
            await office.passed()
            office.local.faults.answer(422, times=None, verb="patch", namespace=ADA)
            office.edit(tenancy(cpu=6))
            await office.passed(2)
            assert office.hard("hub-physics--bob")["limits.cpu"] == "6"
            assert reconciler.state.failed == 1
