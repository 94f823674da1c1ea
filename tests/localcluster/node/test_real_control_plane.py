"""The node on a real kube-apiserver, with its own scheduler and controllers: the proof that it is a kubelet to them."""

import asyncio
import json

import pytest

from tenantspawner.localcluster.node import Node, NodeOptions
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tests.support.controlplane.fixture import running_control_plane

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

SERVER = "exec python -u -m http.server 8000 --bind $IP"


@pytest.fixture(scope="module")
def plane():
    with running_control_plane() as running:
        yield running


@pytest.fixture
async def kubectl(plane, tmp_path):
    access = read_kubeconfig(plane.kubeconfig(), tmp_path)
    options = NodeOptions(missing_images=("*gone*",), first_backoff=1, storage=True)
    where = (access.url, access.token, access.ca_file)
    capacity = {"nvidia.com/gpu": "2"}
    async with Node(*where, name="local-1", data_dir=tmp_path / "data", capacity=capacity, options=options):

        async def run(*words, stdin=None):
            process = await asyncio.create_subprocess_exec(
                *(str(plane.binaries / "kubectl"), "--kubeconfig", str(plane.kubeconfig()), *words),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await process.communicate(stdin and json.dumps(stdin).encode())
            return out.decode()

        yield run


def pod(name, script, *, gpus=1, image="python:3"):
    env = [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    limits = {"nvidia.com/gpu": str(gpus)}
    container = {
        "name": "c",
        "image": image,
        "command": ["sh", "-c", script],
        "env": env,
        "resources": {"limits": limits},
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 5, "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def until(kubectl, words, *query):
    for _ in range(300):
        if words in (answer := await kubectl(*query)):
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"{words!r} never came; last: {answer}")


async def test_a_pod_runs_is_read_and_goes_gracefully(kubectl):
    await kubectl("apply", "-f", "-", stdin=pod("web", SERVER))
    await until(kubectl, "1/1     Running", "get", "pod", "web")
    await until(kubectl, "Serving HTTP on 127.", "logs", "web")
    assert "successfully" in (await kubectl("describe", "pod", "web")).lower()
    assert "deleted" in await kubectl("delete", "pod", "web", "--timeout=10s")
    assert "NotFound" in await kubectl("get", "pod", "web")


async def test_a_pod_that_asks_for_too_many_devices_is_not_scheduled(kubectl):
    await kubectl("apply", "-f", "-", stdin=pod("greedy", "true", gpus=3))
    await until(kubectl, "Insufficient nvidia.com/gpu", "get", "pod", "greedy", "-o", "yaml")
    await kubectl("delete", "pod", "greedy")


async def test_an_image_that_is_gone_and_an_exit_code_are_shown(kubectl):
    await kubectl("apply", "-f", "-", stdin=pod("gone", "true", image="example.org/gone:1"))
    await kubectl("apply", "-f", "-", stdin=pod("three", "exit 3"))
    await until(kubectl, "ImagePullBackOff", "get", "pod", "gone")
    await until(kubectl, "exitCode: 3", "get", "pod", "three", "-o", "yaml")
    await kubectl("delete", "pod", "gone", "three", "--timeout=10s")


async def test_a_claim_gets_a_volume_that_outlives_the_pod(kubectl):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "home"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    await until(kubectl, "(default)", "get", "storageclass")
    await kubectl("apply", "-f", "-", stdin=claim)
    for name, script in (("writes", "echo kept > $HOME/file"), ("reads", "cat $HOME/file")):
        manifest = pod(name, script)
        manifest["spec"]["volumes"] = [{"name": "home", "persistentVolumeClaim": {"claimName": "home"}}]
        manifest["spec"]["containers"][0]["volumeMounts"] = [{"name": "home", "mountPath": "/home/jovyan"}]
        await kubectl("apply", "-f", "-", stdin=manifest)
        await until(kubectl, "Completed", "get", "pod", name)
    assert await kubectl("logs", "reads") == "kept\n"
    await kubectl("delete", "pod", "writes", "reads", "--timeout=10s")
    await kubectl("delete", "pvc", "home", "--timeout=10s")
    await until(kubectl, "No resources found", "get", "pv")


async def test_a_pod_lives_through_a_restart_of_the_api_server(kubectl, plane):
    await kubectl("apply", "-f", "-", stdin=pod("web", SERVER))
    await until(kubectl, "Serving HTTP on 127.", "logs", "web")
    await asyncio.to_thread(plane.restart_apiserver)
    await until(kubectl, "1/1     Running   0", "get", "pod", "web")
    assert "deleted" in await kubectl("delete", "pod", "web", "--timeout=20s")
    await kubectl("apply", "-f", "-", stdin=pod("next", "true"))
    await until(kubectl, "Completed", "get", "pod", "next")
    await kubectl("delete", "pod", "next", "--timeout=10s")
