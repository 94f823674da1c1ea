"""Covers the cluster as a thing: started twice, in a thread, by command, stopped and continued from a file."""

import asyncio
import json
import os
import signal
import sys
import urllib.request
from ssl import create_default_context

import pytest

from tenantspawner.kube import kinds
from tenantspawner.localcluster import ClusterThread, LocalCluster

PLACE = {"namespace": "default"}


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **PLACE}, "data": {"a": "1"}}


async def test_a_file_keeps_the_state_with_its_versions(tmp_path):
    file = tmp_path / "state.json"
    first = LocalCluster()
    await first.start(data_file=file)
    kept = first.create(config_map("a"))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", **PLACE}}
    token, _ = first.authenticator.issue(first.create(account), 600, [])
    await first.close()
    assert file.stat().st_mode & 0o077 == 0
    second = LocalCluster()
    await second.start(data_file=file)
    try:
        assert second.store.get(kinds.CONFIG_MAP, "default", "a") == kept
        assert second.authenticator.user(token).name == "system:serviceaccount:default:robot"
        assert second.store.resource_version >= int(kept["metadata"]["resourceVersion"])
        assert len([n for n in second.store.list(kinds.NAMESPACE) if n["metadata"]["name"] == "default"]) == 1
    finally:
        await second.close()


async def test_a_file_that_is_no_snapshot_is_named(tmp_path):
    file = tmp_path / "state.json"
    file.write_text('{"format": 1, "items"')
    with pytest.raises(ValueError, match=r"state\.json is not a snapshot .* remove it to start anew"):
        await LocalCluster().start(data_file=file)


async def test_a_port_in_use_is_an_error_and_leaves_nothing(cluster):
    other = LocalCluster()
    with pytest.raises(OSError, match="in use"):
        await other.start(port=cluster.port)
    with pytest.raises(RuntimeError):
        _ = other.directory


def test_a_thread_of_its_own_serves_blocking_code():
    with ClusterThread() as running:
        cluster = running.cluster
        request = urllib.request.Request(
            f"{cluster.url}/api/v1/namespaces", headers={"Authorization": f"Bearer {cluster.token('admin')}"}
        )
        with urllib.request.urlopen(request, context=create_default_context(cafile=cluster.ca_file)) as response:
            names = [item["metadata"]["name"] for item in json.load(response)["items"]]
    assert {"default", "kube-system"} <= set(names)


@pytest.mark.integration
async def test_the_command_serves_until_it_is_told_to_end(tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "tenantspawner.localcluster", "--log", "--kubeconfig", str(kubeconfig)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    async with asyncio.timeout(20):
        assert b"answers at https://127.0.0.1:" in await process.stdout.readline()
        assert (await process.stdout.readline()).decode() == f"export KUBECONFIG={kubeconfig}\n"
        assert "certificate-authority-data" in kubeconfig.read_text()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kubeconfig"]


@pytest.mark.integration
async def test_the_command_says_that_a_port_is_in_use(cluster):
    command = [sys.executable, "-m", "tenantspawner.localcluster", "--port", str(cluster.port)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert b"in use" in errors
    assert b"Traceback" not in errors
