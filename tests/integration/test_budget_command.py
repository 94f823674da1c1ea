"""Covers ``tenantspawner budget`` against both clusters: the table, JSON, and what it says where it cannot read."""

import asyncio
import json

import pytest

from tenantspawner.budget import Amounts, Grant, Ledger, Nonce, SpawnId, lease_name
from tenantspawner.kube import labels
from tests.cli.test_check import run
from tests.support.clusters import NOBODY, config_map
from tests.support.controlplane.identities import ADMIN
from tests.support.hubs import eventually

__all__ = ["run"]

pytestmark = pytest.mark.integration

GPU = "requests.nvidia.com/gpu"
TENANCY = """\
version: 1
images: {light: {image: "localhost/light:1"}}
profiles: {gpu: {cpu: 1, memory: 1Gi, gpu: 1}}
tenants:
  physics: {members: [{users: ["*"]}], images: [light], profiles: [gpu], quota: {team: {gpu: 8, memory: 64Gi}}}
  biology: {members: [{users: ["*"]}], images: [light], profiles: [gpu], quota: {team: {gpu: 2}}}
  history: {members: [{users: ["*"]}], images: [light], profiles: [gpu]}
"""


def grant(home, name, gpus, memory):
    amounts = Amounts.read({GPU: str(gpus), "limits.memory": memory})
    return Grant(f"{home}-physics--{name}", SpawnId(f"s-{name}"), name, Nonce("n"), amounts)


def lease(home, tenant, text):
    metadata = {"name": lease_name(tenant), "namespace": home, "annotations": {labels.LEDGER: text}}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}


@pytest.fixture
async def budget(run, cluster):
    home = cluster.home
    ledger = Ledger.of([grant(home, "ada", 4, "8Gi"), grant(home, "bob", 1, "16Gi")], Nonce("n"))
    documents = {
        "tenants": TENANCY,
        "broken": TENANCY.replace("[gpu]", "[gpuu]"),
        "torn": TENANCY.replace("physics:", "torn:"),
    }
    for name, text in documents.items():
        await cluster.create(config_map(name, home, {"tenants.yaml": text}))
    await cluster.create(lease(home, "physics", ledger.text()))
    await cluster.create(lease(home, "torn", "{"))

    async def call(*arguments, user=ADMIN):
        where = ("--namespace", home, "--kubeconfig", str(cluster.kubeconfig(user)))
        return await asyncio.to_thread(run, "budget", *arguments, *where)  # it has a loop of its own

    return call


async def test_the_table_says_who_holds_what(budget):
    status, out, err = await budget()
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "TENANT    RESOURCE                  BUDGET   GRANTED   FREE   HELD BY",
        "physics   limits.memory             64Gi     24Gi      40Gi   bob 16Gi, ada 8Gi",
        "physics   requests.nvidia.com/gpu   8        5         3      ada 4, bob 1",
        "biology   requests.nvidia.com/gpu   2        0         2",
    ]


async def test_one_tenant_as_json(budget):
    status, out, _ = await budget("physics", "--format", "json")
    row = json.loads(out)[-1]
    assert status == 0
    assert row == {
        "tenant": "physics",
        "resource": GPU,
        "budget": "8",
        "granted": "5",
        "free": "3",
        "holders": [{"name": "ada", "amount": "4"}, {"name": "bob", "amount": "1"}],
        "others": [],
    }


async def test_quotas_of_others_in_a_teams_namespaces_are_told_and_those_elsewhere_are_not(cluster, budget):
    ours = {labels.HUB: cluster.home, labels.TENANT: "physics"}
    for name, marks in ((f"{cluster.home}-physics--ada", ours), (f"{cluster.home}-else", {})):
        await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": marks}})
        for quota in ("tenantspawner", "theirs"):
            where = {"name": quota, "namespace": name}
            hard = {GPU: "2", "pods": "9"}
            await cluster.create(
                {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": where, "spec": {"hard": hard}}
            )

    async def told():
        status, out, err = await budget("physics", "--format", "json")
        assert (status, err) == (0, "")
        return json.loads(out)[-1]["others"]

    expected = [{"namespace": f"{cluster.home}-physics--ada", "quota": "theirs", "hard": "2", "used": "0"}]
    assert await eventually(told, 20) == expected
    status, _, err = await budget()
    assert status == 0
    assert (
        f"physics: the quota theirs in {cluster.home}-physics--ada, which is not the hub's, bounds {GPU} there: 0 of 2 in use"
        in err
    )
    assert "else" not in err


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["history"], 1, "history has no budget over its people's namespaces (quota.team); there are physics, biology"),
        (["geology"], 1, "geology is no tenant; there are physics, biology"),
        (["--config-map", "broken"], 1, "broken/tenants.yaml:"),
        (["--config-map", "torn"], 1, "the ledger of torn cannot be read"),
        (["--config-map", "absent"], 2, "there is no ConfigMap absent in HOME"),
        (["a", "b"], 2, "one tenant, or none"),
    ],
)
async def test_what_cannot_be_told_is_a_sentence(cluster, budget, arguments, status, sentence):
    found, out, err = await budget(*arguments)
    assert (found, sentence.replace("HOME", cluster.home) in err) == (status, True), err
    assert "Traceback" not in err + out


async def test_without_rights_it_says_so(budget):
    status, _, err = await budget(user=NOBODY)
    assert status == 2
    assert "the budgets cannot be read: list configmaps" in err


def test_without_a_cluster_it_says_so(run, tmp_path):
    status, _, err = run("budget", "--kubeconfig", str(tmp_path / "absent"))
    assert status == 2
    assert "the budgets cannot be read: " in err
