"""Covers logs from end to end: a client asks the API, the API asks the node, with what only the two know."""

import pytest

from tenantspawner.localcluster.node import Node, NodeOptions
from tenantspawner.localcluster.scheduler import Scheduler

pytestmark = pytest.mark.integration
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def node(cluster, tmp_path):
    options = NodeOptions(log_token=cluster.kubelet_token, pull_seconds=0.01)
    token = cluster.token("admin")
    async with (
        Node(cluster.url, token, cluster.ca_file, name="local-1", data_dir=tmp_path / "node", options=options) as node,
        Scheduler(cluster.url, token, cluster.ca_file),
    ):
        yield node


async def until(http, *phases):
    async for event in http.watch(PODS, fieldSelector="metadata.name=p", timeoutSeconds=20):
        if event["object"].get("status", {}).get("phase") in phases:
            return
    raise AssertionError(f"the pod was never {phases}")


async def test_what_a_container_wrote_can_be_read_and_followed(http, node, pod):
    manifest = pod("p", restartPolicy="Never")
    manifest["spec"]["containers"][0]["command"] = ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done"]
    await http("POST", PODS, manifest)
    await until(http, "Running", "Succeeded")
    code, followed = await http("GET", f"{PODS}/p/log?follow=true")
    assert (code, followed) == (200, "line 1\nline 2\nline 3\n")
    assert await http("GET", f"{PODS}/p/log?tailLines=1") == (200, "line 3\n")


async def test_a_container_that_has_not_started_has_no_log(http, node, pod):
    manifest = pod("p")
    manifest["spec"]["volumes"] = [{"name": "v", "secret": {"secretName": "none"}}]
    manifest["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    await http("POST", PODS, manifest)
    async for event in http.watch(PODS, fieldSelector="metadata.name=p", timeoutSeconds=20):
        if event["object"]["spec"].get("nodeName"):
            break
    code, refusal = await http("GET", f"{PODS}/p/log")
    assert code == 400
    assert "ContainerCreating" in str(refusal) or "waiting to start" in str(refusal)
