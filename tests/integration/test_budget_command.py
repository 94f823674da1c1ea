"""Covers ``tenantspawner budget`` against the embedded cluster: the table, JSON, and what it says where it cannot read."""

import json

import pytest

from tenantspawner.budget import Amounts, Grant, Ledger, Nonce, SpawnId, lease_name
from tenantspawner.kube import labels
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.thread import ClusterThread
from tests.cli.test_check import run

__all__ = ["run"]

pytestmark = pytest.mark.integration

HUB = "jupyterhub"
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


def grant(name, gpus, memory):
    amounts = Amounts.read({GPU: str(gpus), "limits.memory": memory})
    return Grant(f"{HUB}-physics--{name}", SpawnId(f"s-{name}"), name, Nonce("n"), amounts)


def lease(tenant, text):
    metadata = {"name": lease_name(tenant), "namespace": HUB, "annotations": {labels.LEDGER: text}}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}


def config_map(name, text):
    metadata = {"name": name, "namespace": HUB}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"tenants.yaml": text}}


@pytest.fixture(scope="module")
def local():
    with ClusterThread(lambda: LocalCluster({"nobody": UserInfo("nobody")})) as thread:
        ledger = Ledger.of([grant("ada", 4, "8Gi"), grant("bob", 1, "16Gi")], Nonce("n"))
        made = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HUB}},
            config_map("tenants", TENANCY),
            config_map("broken", TENANCY.replace("[gpu]", "[gpuu]")),
            config_map("torn", TENANCY.replace("physics:", "torn:")),
            lease("physics", ledger.text()),
            lease("torn", "{"),
        ]

        async def furnish():
            for manifest in made:
                thread.cluster.create(manifest)

        thread.run(furnish())
        yield thread.cluster


@pytest.fixture
def budget(run, local):
    def call(*arguments, user="admin"):
        kubeconfig = str(local.kubeconfig(user) if user != "admin" else local.kubeconfig())
        return run("budget", *arguments, "--namespace", HUB, "--kubeconfig", kubeconfig)

    return call


def test_the_table_says_who_holds_what(budget):
    status, out, err = budget()
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "TENANT    RESOURCE                  BUDGET   GRANTED   FREE   HELD BY",
        "physics   limits.memory             64Gi     24Gi      40Gi   bob 16Gi, ada 8Gi",
        "physics   requests.nvidia.com/gpu   8        5         3      ada 4, bob 1",
        "biology   requests.nvidia.com/gpu   2        0         2",
    ]


def test_one_tenant_as_json(budget):
    status, out, _ = budget("physics", "--format", "json")
    row = json.loads(out)[-1]
    assert status == 0
    assert row == {
        "tenant": "physics",
        "resource": GPU,
        "budget": "8",
        "granted": "5",
        "free": "3",
        "holders": [{"name": "ada", "amount": "4"}, {"name": "bob", "amount": "1"}],
    }


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["history"], 1, "history has no budget over its people's namespaces (quota.team); there are physics, biology"),
        (["geology"], 1, "geology is no tenant; there are physics, biology"),
        (["--config-map", "broken"], 1, "broken/tenants.yaml:"),
        (["--config-map", "torn"], 1, "the ledger of torn cannot be read"),
        (["--config-map", "absent"], 2, "there is no ConfigMap absent in jupyterhub"),
        (["a", "b"], 2, "one tenant, or none"),
    ],
)
def test_what_cannot_be_told_is_a_sentence(budget, arguments, status, sentence):
    found, out, err = budget(*arguments)
    assert (found, sentence in err) == (status, True), err
    assert "Traceback" not in err + out


def test_without_rights_or_a_cluster_it_says_so(budget, run, tmp_path):
    status, _, err = budget(user="nobody")
    assert status == 2
    assert "the budgets cannot be read: list configmaps" in err
    status, _, err = run("budget", "--kubeconfig", str(tmp_path / "absent"))
    assert status == 2
    assert "the budgets cannot be read: " in err
