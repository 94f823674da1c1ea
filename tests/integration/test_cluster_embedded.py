"""Covers `tenantspawner.cluster` against the embedded cluster: every call, and the faults its script can inject."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tenantspawner.cluster import PASSING, Connection, Deadline, Meaning, connect, meaning, writes
from tenantspawner.errors import ApiError
from tenantspawner.kube import kinds
from tenantspawner.kube.objects import ConfigMap, ResourceQuota, SecretMetadata
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster

pytestmark = pytest.mark.integration


@asynccontextmanager
async def a_cluster(user="admin"):
    async with LocalCluster({"nobody": UserInfo("nobody", "nobody", ())}) as local:
        cluster = await connect(Connection(kubeconfig=str(local.kubeconfig(user))))
        try:
            yield local, cluster
        finally:
            await cluster.close()


def config_map(name, value="1", spawn="7"):
    metadata = {"name": name, "namespace": "default", "annotations": {"spawn": spawn}, "labels": {"app": "test"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": value}}


def mine(obj):
    return obj["metadata"]["annotations"]["spawn"] == "7"


def soon():
    return Deadline.after(20)


async def test_an_object_is_created_read_changed_and_deleted():
    async with a_cluster() as (_, cluster):
        made = await cluster.create(config_map("a"), soon(), mine=mine)
        assert (await cluster.get(kinds.CONFIG_MAP, "default", "a", soon()))["data"] == {"key": "1"}

        version = made["metadata"]["resourceVersion"]
        patched = await cluster.patch(
            kinds.CONFIG_MAP, "default", "a", {"data": {"key": "2"}}, soon(), resource_version=version
        )
        assert patched["data"] == {"key": "2"}
        for stale in (
            cluster.patch(kinds.CONFIG_MAP, "default", "a", {"data": {}}, soon(), resource_version=version),
            cluster.replace({**made, "data": {}}, soon()),
        ):
            with pytest.raises(ApiError) as caught:
                await stale
            assert meaning(caught.value.answer) is Meaning.CONFLICT

        replaced = await cluster.replace({**patched, "data": {"key": "3"}}, soon())
        assert replaced["data"] == {"key": "3"}

        uid = made["metadata"]["uid"]
        assert not await cluster.delete(kinds.CONFIG_MAP, "default", "a", uid="another", deadline=soon())
        assert await cluster.delete(kinds.CONFIG_MAP, "default", "a", uid=uid, deadline=soon())
        assert not await cluster.delete(kinds.CONFIG_MAP, "default", "a", uid=uid, deadline=soon())
        assert await cluster.get(kinds.CONFIG_MAP, "default", "a", soon()) is None


async def test_an_apply_owns_its_fields_and_takes_them_back_when_told():
    async with a_cluster() as (_, cluster):
        first = await cluster.apply(config_map("a"), soon())
        again = await cluster.apply(config_map("a"), soon())
        assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]

        theirs, _ = writes.apply(config_map("a", "theirs"), force=True)
        theirs = replace(theirs, query=(("fieldManager", "kubectl"), ("force", "true")))
        await cluster.call(theirs, soon(), read=bytes)
        with pytest.raises(ApiError) as caught:
            await cluster.apply(config_map("a"), soon())
        assert meaning(caught.value.answer) is Meaning.FIELD_CONFLICT
        assert "kubectl" in caught.value.answer.causes[0].message
        back = await cluster.apply(config_map("a"), soon(), force=True)
        assert back["data"] == {"key": "1"}


async def test_a_name_that_is_taken_is_told():
    async with a_cluster() as (_, cluster):
        await cluster.create(config_map("a", spawn="6"), soon())
        with pytest.raises(ApiError) as caught:
            await cluster.create(config_map("a"), soon(), mine=mine)
        assert meaning(caught.value.answer) is Meaning.ALREADY_EXISTS


async def test_a_create_whose_answer_was_lost_is_sent_once():
    async with a_cluster() as (local, cluster):
        local.faults.lose_answer(verb="create", resource="configmaps")
        made = await cluster.create(config_map("a"), soon(), mine=mine)
        assert mine(made)
        verbs = [row.verb for row in local.requests if row.resource == "configmaps"]
        assert verbs == ["create", "get"]


async def test_missing_rights_are_told_and_asked_for():
    async with a_cluster("nobody") as (local, cluster):
        assert not await cluster.allowed("create", kinds.POD, "default", deadline=soon())
        with pytest.raises(ApiError) as caught:
            await cluster.list(kinds.POD, deadline=soon())
        assert meaning(caught.value.answer) is Meaning.NO_RIGHT
        admin = await connect(Connection(kubeconfig=str(local.kubeconfig())))
        assert await admin.allowed("create", kinds.POD, "default", deadline=soon())
        assert (await admin.version(soon())).startswith("v1.")
        await admin.close()


async def test_a_right_granted_in_between_is_waited_for():
    async with a_cluster("nobody") as (local, cluster):
        waiting = asyncio.create_task(cluster.create(config_map("a"), soon(), mine=mine, expected=PASSING))
        await asyncio.sleep(0.3)
        local.create(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "nobody"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "nobody"}],
            }
        )
        assert mine(await waiting)


async def test_a_watch_sees_every_change_once_through_cuts_and_410():
    async with a_cluster() as (local, cluster):
        watch = cluster.watch(ConfigMap, namespace="default", label_selector="app=test")
        seen = []
        watch.store.on_change(lambda old, new: seen.append((old and old.data["key"], new and new.data["key"])))
        watch.start()
        await watch.synced(soon())

        made = await cluster.create(config_map("a", "1"), soon())
        await watch.store.until("default", "a", lambda found: found is not None, soon())
        local.faults.raw(b"<html>503</html>\n", verb="watch", resource="configmaps")
        local.api.watches.close()
        await cluster.patch(kinds.CONFIG_MAP, "default", "a", {"data": {"key": "2"}}, soon())
        await watch.store.until("default", "a", lambda found: found and found.data["key"] == "2", soon())
        assert watch.lists == 1

        local.faults.gone(verb="watch", resource="configmaps")
        local.api.watches.close()
        await cluster.delete(kinds.CONFIG_MAP, "default", "a", uid=made["metadata"]["uid"], deadline=soon())
        await watch.store.until("default", "a", lambda found: found is None, soon())
        assert watch.lists == 2
        assert seen == [(None, "1"), ("1", "2"), ("2", None)]
        await watch.close()


async def test_a_list_of_more_than_a_page_is_whole():
    async with a_cluster() as (local, cluster):
        for number in range(1_203):
            local.create(config_map(f"m{number}"))
        items = await cluster.list(kinds.CONFIG_MAP, "default", label_selector="app=test", deadline=soon())
        assert len({item["metadata"]["name"] for item in items}) == 1_203
        watch = cluster.watch(ConfigMap, namespace="default", label_selector="app=test")
        watch.start()
        await watch.synced(soon())
        assert len(watch.store) == 1_203
        await watch.close()


async def test_a_quota_is_seen_when_it_comes_into_force():
    async with a_cluster() as (_, cluster):
        watch = cluster.watch(ResourceQuota)
        watch.start()
        await watch.synced(soon())
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": "default"},
            "spec": {"hard": {"pods": 3}},
        }
        await cluster.apply(quota, soon())
        live = await watch.store.until(
            "default", "q", lambda found: found and found.status.hard == found.spec.hard, soon()
        )
        assert live.status.used == {"pods": "0"}
        await watch.close()


async def test_secrets_are_watched_without_their_content():
    async with a_cluster() as (_, cluster):
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "namespace": "default"},
            "stringData": {"t": "canary"},
        }
        await cluster.create(secret, soon())
        watch = cluster.watch(SecretMetadata, namespace="default")
        watch.start()
        await watch.synced(soon())
        assert [found.metadata.name for found in watch.store.all()] == ["s"]
        await watch.close()
