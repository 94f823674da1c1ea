"""Covers a watch whose version etcd has thrown away while it was cut off: one list, and what was deleted meanwhile is told."""

import asyncio
import json
import time
import urllib.request

import pytest

from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.kube.objects import ConfigMap
from tests.support.severed import a_way

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


def compact(plane):
    """Let etcd forget everything but the present, through its own API."""

    def ask(path, body):
        url = f"http://127.0.0.1:{plane._at.etcd_port}/v3/kv/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    revision = ask("range", {"key": "AA=="})["header"]["revision"]
    ask("compaction", {"revision": revision, "physical": True})
    return int(revision)


async def until(holds, within=15.0):
    limit = time.monotonic() + within
    while not holds():
        assert time.monotonic() < limit
        await asyncio.sleep(0.02)


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


async def test_after_a_compaction_one_list_brings_deletions_changes_and_additions(plane, tmp_path, components):
    maps = "/api/v1/namespaces/compacted/configmaps"
    plane.kubectl("create", "namespace", "compacted")
    await until(lambda: plane.request("GET", f"{maps}/kube-root-ca.crt").status == 200)  # made by a controller
    for name in ("stays", "changes", "goes"):
        assert plane.request("POST", maps, config_map(name, text="old")).status == 201
    async with a_way(plane.kubeconfig(), tmp_path) as (way, kubeconfig):
        cluster = await connect(Connection(kubeconfig=str(kubeconfig)))
        watch = cluster.watch(ConfigMap, namespace="compacted")
        watch.start()
        try:
            await watch.synced(Deadline.after(10))
            await until(lambda: watch.streams == 1)
            seen = int(watch._version or 0)
            told = []
            watch.store.on_change(lambda old, new: told.append(((new or old).metadata.name, old, new)))

            await way.sever()
            assert plane.request("DELETE", f"{maps}/goes").status == 200
            assert plane.request("PUT", f"{maps}/changes", config_map("changes", text="new")).status == 200
            assert plane.request("POST", maps, config_map("comes", text="new")).status == 201
            forgotten = compact(plane)
            assert forgotten > seen
            await asyncio.to_thread(plane.restart_apiserver)  # its memory of changes reaches further back than etcd's
            mark = await asyncio.to_thread(plane.audit_mark)
            await way.mend()

            await until(lambda: len(told) == 3)
            await until(lambda: watch.healthy)
            assert {name: (bool(old), bool(new)) for name, old, new in told} == {
                "goes": (True, False),
                "changes": (True, True),
                "comes": (False, True),
            }
            assert watch.lists == 2, "the first one, and one after the 410"
            asked = [
                row.uri for row in await asyncio.to_thread(plane.audit, since=mark) if row.agent == "tenantspawner"
            ]
            assert [f"resourceVersion={seen}" in uri for uri in asked if "watch=true" in uri][:1] == [True], asked
            assert sum("watch=true" not in uri for uri in asked) == 1, asked
            assert plane.request("DELETE", f"{maps}/comes").status == 200
            await until(lambda: len(told) == 4)
        finally:
            await watch.close()
            await cluster.close()
