"""Covers, on both clusters, pods of people that use more than was granted in their namespace: counted, told, and deleted where the
tenant says so, the youngest first and never a server of the hub's.
"""

import logging
from contextlib import asynccontextmanager

import pytest

from tenantspawner.errors import BudgetExhausted
from tenantspawner.kube import kinds, labels
from tests.support.budgets import GPU, click, document, hubs_of
from tests.support.clusters import a_node
from tests.support.hubs import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SOON = 30  # seconds, for what takes a moment


@pytest.fixture
def a_world(cluster, tmp_path):
    """A hub whose ada has a server with one GPU of four, and two pods of her own with one each, made while her quota let her."""

    @asynccontextmanager
    async def start(self_service):
        await cluster.tenancy(document(4).replace("    storage:", f"    selfService: {self_service}\n    storage:"))
        ground = cluster.ground()
        async with a_node(cluster, tmp_path), hubs_of(ground) as (hub,):
            await click(hub, "ada")
            namespace = hub.namespace_of("ada")
            await cluster.change(kinds.RESOURCE_QUOTA, namespace, "tenantspawner", spec={"hard": {GPU: "3"}})
            for name in ("elder", "younger"):
                await a_pod(cluster, namespace, name)
            yield ground, hub, namespace

    return start


async def a_pod(cluster, namespace, name):
    """Make a pod of a person's, as soon as the raise of the quota is in force."""
    resources = {"limits": {"cpu": "10m", "memory": "16Mi", "nvidia.com/gpu": "1"}}
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "c", "image": "localhost/light:1", "resources": resources, "securityContext": safe}
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": security, "automountServiceAccountToken": False}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    async def made():
        return (await cluster.ask("POST", kinds.POD.path(namespace), pod)).status == 201

    await eventually(made, SOON, f"{name} was not admitted")


def told(caplog, words):
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


def names(cluster, namespace):
    return {name for name in ("jupyter-ada", "elder", "younger") if cluster.got(kinds.POD, namespace, name)}


async def test_what_is_used_above_a_grant_counts_at_the_next_sweep_and_is_told_once(cluster, a_world, caplog):
    caplog.set_level(logging.WARNING, "tenantspawner")
    async with a_world("true") as (ground, hub, namespace):
        for _ in range(3):
            await hub.run.treasury.sweep(0)
        assert ground.ledger().granted[GPU] == 3
        assert told(caplog, "beyond what was granted") == [
            f"Pods of {namespace} use 2 of nvidia.com/gpu beyond what was granted there. It counts against the budget of physics."
        ]
        with pytest.raises(BudgetExhausted) as refusal:
            await click(hub, "eve", 2)
        assert "Physics has 1 of 4 GPUs free. In use: " in refusal.value.sentence
        assert names(cluster, namespace) == {"jupyter-ada", "elder", "younger"}
        assert told(caplog, "Deleted pod") == []


async def test_what_is_used_above_a_grant_is_deleted_where_the_tenant_says_so(cluster, a_world, caplog):
    caplog.set_level(logging.WARNING, "tenantspawner")
    async with a_world("{deleteAboveGrant: true}") as (ground, hub, namespace):
        before = cluster.got(kinds.POD, namespace, "jupyter-ada")
        await hub.run.treasury.sweep(0)
        await eventually(lambda: names(cluster, namespace) == {"jupyter-ada"}, 60, "they are not gone")
        assert cluster.got(kinds.POD, namespace, "jupyter-ada")["metadata"]["uid"] == before["metadata"]["uid"]
        assert [line.partition(":")[0] for line in told(caplog, "Deleted pod")] == [
            f"Deleted pod {namespace}/{name}" for name in ("younger", "elder")
        ]
        await hub.run.treasury.sweep(0)
        await ground.exact()
        assert ground.ledger().granted[GPU] == 1
        await click(hub, "eve", 2)


async def test_a_pod_of_the_hubs_is_never_deleted(cluster, a_world):
    """Also not the youngest of all, whose grant somebody has lost."""
    async with a_world("{deleteAboveGrant: true}") as (ground, hub, namespace):
        await cluster.change(kinds.POD, namespace, "younger", metadata={"labels": {labels.HUB: cluster.home}})
        await hub.run.treasury.sweep(0)
        await eventually(lambda: names(cluster, namespace) == {"jupyter-ada", "younger"}, 60, "the elder is not gone")
        await hub.run.treasury.sweep(0)
        assert names(cluster, namespace) == {"jupyter-ada", "younger"}
        assert ground.ledger().granted[GPU] == 2
