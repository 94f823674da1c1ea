"""Covers `tenantspawner.cluster` against both clusters: every call, and what goes wrong on the way to a cluster."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tenantspawner.cluster import PASSING, Connection, Deadline, Meaning, connect, meaning, writes
from tenantspawner.errors import ApiError
from tenantspawner.kube import kinds
from tenantspawner.kube.objects import ConfigMap, ResourceQuota, SecretMetadata
from tests.support.clusters import NOBODY
from tests.support.controlplane.identities import ADMIN
from tests.support.places import embedded_only
from tests.support.severed import a_way

pytestmark = pytest.mark.integration

GROUP = "rbac.authorization.k8s.io"


@pytest.fixture
async def client(cluster):
    async with a_client(cluster.kubeconfig()) as client:
        yield client


@asynccontextmanager
async def a_client(kubeconfig):
    client = await connect(Connection(kubeconfig=str(kubeconfig)))
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
def config_map(cluster):
    def make(name, value="1", spawn="7"):
        metadata = {"name": name, "namespace": cluster.home, "annotations": {"spawn": spawn}, "labels": {"app": "test"}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": value}}

    return make


def mine(obj):
    return obj["metadata"]["annotations"]["spawn"] == "7"


def soon():
    return Deadline.after(20)


async def test_an_object_is_created_read_changed_and_deleted(cluster, client, config_map):
    where = (kinds.CONFIG_MAP, cluster.home, "a")
    made = await client.create(config_map("a"), soon(), mine=mine)
    assert (await client.get(*where, soon()))["data"] == {"key": "1"}

    version = made["metadata"]["resourceVersion"]
    patched = await client.patch(*where, {"data": {"key": "2"}}, soon(), resource_version=version)
    assert patched["data"] == {"key": "2"}
    for stale in (
        client.patch(*where, {"data": {}}, soon(), resource_version=version),
        client.replace({**made, "data": {}}, soon()),
    ):
        with pytest.raises(ApiError) as caught:
            await stale
        assert meaning(caught.value.answer) is Meaning.CONFLICT

    replaced = await client.replace({**patched, "data": {"key": "3"}}, soon())
    assert replaced["data"] == {"key": "3"}

    uid = made["metadata"]["uid"]
    assert not await client.delete(*where, uid="another", deadline=soon())
    assert await client.delete(*where, uid=uid, deadline=soon())
    assert not await client.delete(*where, uid=uid, deadline=soon())
    assert await client.get(*where, soon()) is None


async def test_an_apply_owns_its_fields_and_takes_them_back_when_told(client, config_map):
    first = await client.apply(config_map("a"), soon())
    again = await client.apply(config_map("a"), soon())
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]

    theirs, _ = writes.apply(config_map("a", "theirs"), force=True)
    theirs = replace(theirs, query=(("fieldManager", "kubectl"), ("force", "true")))
    await client.call(theirs, soon(), read=bytes)
    with pytest.raises(ApiError) as caught:
        await client.apply(config_map("a"), soon())
    assert meaning(caught.value.answer) is Meaning.FIELD_CONFLICT
    assert "kubectl" in caught.value.answer.causes[0].message
    back = await client.apply(config_map("a"), soon(), force=True)
    assert back["data"] == {"key": "1"}


async def test_a_name_that_is_taken_is_told(client, config_map):
    await client.create(config_map("a", spawn="6"), soon())
    with pytest.raises(ApiError) as caught:
        await client.create(config_map("a"), soon(), mine=mine)
    assert meaning(caught.value.answer) is Meaning.ALREADY_EXISTS


async def test_a_create_whose_answer_was_lost_is_sent_once(cluster, config_map, tmp_path):
    async with a_way(cluster.kubeconfig(), tmp_path) as (way, kubeconfig), a_client(kubeconfig) as client:
        await client.version(soon())  # there is a connection now
        mark = await cluster.mark()
        way.lose_answer()
        made = await client.create(config_map("a"), soon(), mine=mine)
        assert mine(made)
        rows = await cluster.asked(ADMIN, mark)
        assert [row.verb for row in rows if (row.resource, row.namespace) == ("configmaps", cluster.home)] == [
            "create",
            "get",
        ]


async def test_missing_rights_are_told_and_asked_for(cluster, client):
    async with a_client(cluster.kubeconfig(NOBODY)) as theirs:
        assert not await theirs.allowed("create", kinds.POD, cluster.home, deadline=soon())
        with pytest.raises(ApiError) as caught:
            await theirs.list(kinds.POD, deadline=soon())
        assert meaning(caught.value.answer) is Meaning.NO_RIGHT
    assert await client.allowed("create", kinds.POD, cluster.home, deadline=soon())
    assert (await client.version(soon())).startswith("v1.")


async def test_a_right_granted_in_between_is_waited_for(cluster, config_map):
    async with a_client(cluster.kubeconfig(NOBODY)) as theirs:
        waiting = asyncio.create_task(theirs.create(config_map("a"), soon(), mine=mine, expected=PASSING))
        await asyncio.sleep(0.3)
        await cluster.create(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "nobody", "namespace": cluster.home},
                "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "User", "apiGroup": GROUP, "name": NOBODY}],
            }
        )
        assert mine(await waiting)


@asynccontextmanager
async def a_watch(client, kind, cluster):
    selector = "app=test" if kind is ConfigMap else None
    watch = client.watch(kind, namespace=cluster.home, label_selector=selector)
    watch.start()
    try:
        yield watch
    finally:
        await watch.close()


@asynccontextmanager
async def values_seen(client, config_map, cluster):
    """A watch that has seen the value 1 of an object; what it sees."""
    seen = []
    async with a_watch(client, ConfigMap, cluster) as watch:
        watch.store.on_change(lambda old, new: seen.append((old and old.data["key"], new and new.data["key"])))
        await watch.synced(soon())
        await client.create(config_map("a", "1"), soon())
        await until(watch, cluster, lambda found: found is not None)
        yield watch, seen


async def until(watch, cluster, holds):
    return await watch.store.until(cluster.home, "a", holds, soon())


async def test_a_watch_sees_every_change_once_through_cuts(cluster, client, config_map, tmp_path):
    async with (
        a_way(cluster.kubeconfig(), tmp_path) as (way, kubeconfig),
        a_client(kubeconfig) as theirs,
        values_seen(theirs, config_map, cluster) as (watch, seen),
    ):
        await way.sever()
        await client.patch(kinds.CONFIG_MAP, cluster.home, "a", {"data": {"key": "2"}}, soon())
        await way.mend()
        await until(watch, cluster, lambda found: found and found.data["key"] == "2")

        await way.sever()
        uid = (await client.get(kinds.CONFIG_MAP, cluster.home, "a", soon()))["metadata"]["uid"]
        await client.delete(kinds.CONFIG_MAP, cluster.home, "a", uid=uid, deadline=soon())
        await way.mend()
        await until(watch, cluster, lambda found: found is None)
        assert seen == [(None, "1"), ("1", "2"), ("2", None)]
        assert watch.lists == 1


@embedded_only(
    "says 410 and a proxy's error page when told to; a version that etcd has thrown away is another test's: "
    "real/test_compaction.py::test_after_a_compaction_one_list_brings_deletions_changes_and_additions",
    fixture="cluster",
)
async def test_a_watch_sees_every_change_once_through_an_error_page_and_410(cluster, client, config_map):
    faults, watches = cluster.local.faults, cluster.local.api.watches
    async with values_seen(client, config_map, cluster) as (watch, seen):
        faults.raw(b"<html>503</html>\n", verb="watch", resource="configmaps")
        watches.close()
        made = await client.patch(kinds.CONFIG_MAP, cluster.home, "a", {"data": {"key": "2"}}, soon())
        await until(watch, cluster, lambda found: found and found.data["key"] == "2")
        assert watch.lists == 1

        faults.gone(verb="watch", resource="configmaps")
        watches.close()
        await client.delete(kinds.CONFIG_MAP, cluster.home, "a", uid=made["metadata"]["uid"], deadline=soon())
        await until(watch, cluster, lambda found: found is None)
        assert watch.lists == 2
        assert seen == [(None, "1"), ("1", "2"), ("2", None)]


async def test_a_list_of_more_than_a_page_is_whole(cluster, client, config_map):
    names = {f"m{number}" for number in range(1_203)}
    await asyncio.gather(*(client.create(config_map(name), Deadline.after(60)) for name in names))
    items = await client.list(kinds.CONFIG_MAP, cluster.home, label_selector="app=test", deadline=soon())
    assert sorted(item["metadata"]["name"] for item in items) == sorted(names)
    async with a_watch(client, ConfigMap, cluster) as watch:
        await watch.synced(soon())
        assert len(watch.store) == len(names)


async def test_a_quota_is_seen_when_it_comes_into_force(cluster, client):
    async with a_watch(client, ResourceQuota, cluster) as watch:
        await watch.synced(soon())
        metadata = {"name": "a", "namespace": cluster.home}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": 3}}}
        await client.apply(quota, soon())
        live = await until(watch, cluster, lambda found: found and found.status.hard == found.spec.hard)
        assert live.status.used == {"pods": "0"}


async def test_secrets_are_watched_without_their_content(cluster, client):
    metadata = {"name": "s", "namespace": cluster.home}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"t": "canary"}}
    await client.create(secret, soon())
    async with a_watch(client, SecretMetadata, cluster) as watch:
        await watch.synced(soon())
        (found,) = watch.store.all()
        assert found.metadata.name == "s"
        assert "canary" not in str(found)
