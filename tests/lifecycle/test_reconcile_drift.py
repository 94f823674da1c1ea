"""Covers F-39: what somebody changes or deletes by kubectl is noticed, reported with who did it, and put back, without loops.

Also what is not drift: our own writes, others' labels, a quota's counting; and a hub that may not watch.
"""

import asyncio

import pytest

from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.kube import kinds, labels
from tenantspawner.lifecycle import Pace
from tenantspawner.localcluster.attributes import UserInfo
from tests.lifecycle.office import QUOTA, an_office, eventually, person

pytestmark = pytest.mark.integration

TENANCY = """
version: 1
profiles: {small: {cpu: 1, memory: 1Gi}}
tenants:
  physics:
    members: [{users: [ada]}]
    images: [quay.io/x/y:1]
    profiles: [small]
    roles: [view]
    namespace: {labels: {cost-centre: "4711"}}
    quota: {user: {cpu: 4, memory: 8Gi}}
    network:
      extraIngress: [{from: [{podSelector: {}}], ports: [{port: 8888}]}]
"""
ADA = "hub-physics--ada"
PLACES = {
    "quota": (kinds.RESOURCE_QUOTA, QUOTA),
    "limits": (kinds.LIMIT_RANGE, QUOTA),
    "ingress": (kinds.NETWORK_POLICY, "tenantspawner-ingress"),
    "account": (kinds.SERVICE_ACCOUNT, "notebook"),
    "binding": (kinds.ROLE_BINDING, "notebook-view"),
}
NO_LABEL = {"metadata": {"labels": {labels.HUB: None}}}
EDITS = {
    "a quota raised": ("quota", {"spec": {"hard": {"limits.cpu": "400"}}}),
    "a quota's key removed": ("quota", {"spec": {"hard": {"limits.cpu": None}}}),
    "a quota's key added": ("quota", {"spec": {"hard": {"pods": "0"}}}),
    "limits": ("limits", {"spec": {"limits": [{"type": "Container", "default": {"cpu": "7"}}]}}),
    "a policy opened": ("ingress", {"spec": {"ingress": [{}]}}),
    "a policy of no pods": ("ingress", {"spec": {"podSelector": {"matchLabels": {"none": "such"}}}}),
    "a token": ("account", {"automountServiceAccountToken": True}),
    "subjects": ("binding", {"subjects": [{"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"}]}),
    "our label": ("ingress", NO_LABEL),
    "a quota's label": ("quota", NO_LABEL),
}

LEAVES_NO_NAME = {"a quota's key removed", "our label", "a quota's label"}  # whoever takes a field away owns none


def core(obj):
    """An object without what every write changes."""
    metadata = {key: (obj["metadata"].get(key)) for key in ("labels", "annotations")}
    body = {key: value for key, value in obj.items() if key not in {"metadata", "status"}}
    return {"metadata": metadata, **body}


async def by_kubectl(office, place, body):
    kind, name = PLACES[place]
    request = office.cluster.patch(kind, ADA, name, body, Deadline.after(10))
    path = "tenantspawner.cluster.writes._MANAGER"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path, ("fieldManager", "kubectl-edit"))
        await request


async def settled(office):
    office.know(person("ada"))
    await office.settle_in("ada", "physics")
    await office.passed()


@pytest.mark.parametrize("edit", EDITS)
async def test_what_somebody_changes_is_put_back_and_they_are_named(edit, caplog):
    place, body = EDITS[edit]
    async with an_office(TENANCY) as office, office.at_work() as reconciler:
        await settled(office)
        kind, name = PLACES[place]
        before = core(office.get(kind, ADA, name))
        await by_kubectl(office, place, body)
        assert core(office.get(kind, ADA, name)) != before
        await eventually(lambda: core(office.get(kind, ADA, name)) == before, within=5)
        await eventually(lambda: reconciler.state.repaired == 1)
        told = [record.message for record in caplog.records if "put back" in record.message]
        assert len(told) == 1
        who = "somebody unknown" if edit in LEAVES_NO_NAME else "kubectl-edit"
        assert f"{kind.kind} {ADA}/{name} had been changed by {who}" in told[0]


@pytest.mark.parametrize("place", PLACES)
async def test_what_somebody_deletes_is_made_again(place, caplog):
    async with an_office(TENANCY) as office, office.at_work() as reconciler:
        await settled(office)
        kind, name = PLACES[place]
        old = office.get(kind, ADA, name)
        uid = old["metadata"]["uid"]
        await office.cluster.delete(kind, ADA, name, uid=uid, deadline=Deadline.after(10))
        await eventually(lambda: office.get(kind, ADA, name) is not None, within=5)
        await eventually(lambda: reconciler.state.repaired == 1)
        assert core(office.get(kind, ADA, name)) == core(old)
        assert f"{kind.kind} {ADA}/{name} had been deleted by somebody else: made again" in caplog.text


async def test_a_namespaces_labels_are_put_back_and_others_labels_stay():
    async with an_office(TENANCY) as office, office.at_work():
        await settled(office)
        body = {
            "metadata": {
                "labels": {"cost-centre": "1", "theirs": "kept", "pod-security.kubernetes.io/enforce": "privileged"}
            }
        }
        await office.cluster.patch(kinds.NAMESPACE, None, ADA, body, Deadline.after(10))
        marks = lambda: office.get(kinds.NAMESPACE, None, ADA)["metadata"]["labels"]  # noqa: E731
        await eventually(lambda: marks()["cost-centre"] == "4711", within=5)
        assert marks()["pod-security.kubernetes.io/enforce"] == "restricted"


async def test_our_own_writes_and_a_quotas_counting_cause_no_work():
    async with an_office(TENANCY) as office, office.at_work() as reconciler:
        await settled(office)
        before = len(office.local.requests)
        for number in range(5):
            office.pod(ADA, f"server-{number}")
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        assert [str(row) for row in [*office.local.requests][before:] if row.verb != "watch"] == []
        assert reconciler.state.repaired == 0


async def test_what_others_add_to_our_objects_is_theirs():
    async with an_office(TENANCY) as office, office.at_work() as reconciler:
        await settled(office)
        await by_kubectl(office, "ingress", {"metadata": {"labels": {"team": "network"}}})
        await by_kubectl(office, "account", {"imagePullSecrets": [{"name": "theirs"}]})
        await asyncio.sleep(1)
        assert reconciler.state.repaired == 0
        assert office.get(*_at("ingress"))["metadata"]["labels"]["team"] == "network"


def _at(place):
    kind, name = PLACES[place]
    return kind, ADA, name


async def test_somebody_who_insists_is_not_fought_every_second():
    async with an_office(TENANCY) as office, office.at_work() as reconciler:
        await settled(office)
        for _ in range(20):
            await by_kubectl(office, "quota", {"spec": {"hard": {"limits.cpu": "400"}}})
            await asyncio.sleep(0.3)
        assert 3 <= reconciler.state.repaired <= 5


async def test_without_the_right_to_watch_the_periodic_pass_finds_it():
    blind = {"hub": UserInfo("hub", "hub", ())}
    async with an_office(TENANCY, blind) as office:
        allow(office, [kind for kind in kinds.ALL if kind.namespaced], ["get", "create", "patch"])
        allow(office, [kinds.NAMESPACE], ["get", "list", "watch", "patch"])
        allow(office, [kinds.CLUSTER_ROLE], ["bind"])
        cluster = await connect(Connection(kubeconfig=str(office.local.kubeconfig("hub"))))
        try:
            async with office.at_work(Pace(interval=1.0), cluster) as reconciler:
                await settled(office)
                assert set(reconciler.state.blind) == {kind.plural for kind, _ in PLACES.values()}
                for place, body in (
                    ("quota", {"spec": {"hard": {"limits.cpu": "400"}}}),
                    ("ingress", {"spec": {"ingress": [{}]}}),
                ):
                    before = core(office.get(*_at(place)))
                    await by_kubectl(office, place, body)
                    await eventually(lambda: core(office.get(*_at(place))) == before, within=10)  # noqa: B023
        finally:
            await cluster.close()


def allow(office, several, verbs):
    rules = [{"apiGroups": [kind.group], "resources": [kind.plural], "verbs": verbs} for kind in several]
    name = f"hub-{several[0].plural}"
    meta = {"name": name}
    office.local.create(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules}
    )
    office.local.create(binding(name, name))


def binding(name, role):
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": "hub", "apiGroup": group}],
    }
