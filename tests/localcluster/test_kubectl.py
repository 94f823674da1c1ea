"""Covers that a stock kubectl works here: every verb an admin types, and that it reads sensibly.

kubectl sends protobuf for the objects it makes itself, validates by the OpenAPI document, and shows tables.
"""

import asyncio
import json
import os
import shutil

import pytest

from tenantspawner.localcluster import LocalCluster

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs a kubectl; the same paths are covered over HTTP"),
]

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"app": "x"}},
    "spec": {"containers": [{"name": "c", "image": "busybox:1", "resources": {"limits": {"cpu": "1"}}}]},
}


@pytest.fixture
async def kubectl(tmp_path):
    async with LocalCluster() as cluster:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(cluster.kubeconfig())}

        async def run(command, manifest=None, *, fails=False):
            process = await asyncio.create_subprocess_exec(
                "kubectl", *command.split(), env=environment, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            given = json.dumps(manifest).encode() if manifest is not None else None
            output, _ = await asyncio.wait_for(process.communicate(given), 30)
            assert (process.returncode != 0) is fails, output.decode()
            return output.decode()

        yield run


async def test_objects_made_by_kubectl_itself(kubectl):
    assert "namespace/x created" in await kubectl("create namespace x")
    await kubectl("-n x create configmap a --from-literal=k=v")
    await kubectl("-n x create secret generic s --from-literal=k=v")
    await kubectl("-n x create quota q --hard=pods=3,requests.cpu=2")
    await kubectl("-n x create role r --verb=get,list --resource=pods")
    await kubectl("-n x create rolebinding rb --role=r --serviceaccount=x:robot")
    await kubectl("-n x create serviceaccount robot")
    assert (await kubectl("-n x create token robot")).count(".") == 2
    await kubectl("-n x run p --image=busybox:1 --restart=Never --env=A=b --port=80", fails=True)
    assert json.loads(await kubectl("-n x get secret s -o json"))["data"] == {"k": "dg=="}
    assert json.loads(await kubectl("-n x get role r -o json"))["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    ]


async def test_a_pod_by_create_get_describe_label_patch_and_delete(kubectl):
    assert "pod/p created" in await kubectl("create -f -", POD)
    lines = (await kubectl("get pods")).splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert lines[1].split()[:4] == ["p", "0/1", "Pending", "0"]
    assert "busybox:1" in await kubectl("describe pod p")
    await kubectl("label pod p a=b")
    await kubectl("annotate pod p c=d")
    assert "p" in await kubectl("get pods -l a=b -o name")
    await kubectl('patch pod p --type=strategic -p {"spec":{"containers":[{"name":"c","image":"busybox:2"}]}}')
    assert "busybox:2" in await kubectl("get pod p -o jsonpath={.spec.containers[0].image}")
    assert await kubectl("logs p") == ""
    assert "deleted" in await kubectl("delete pod p")
    assert "NotFound" in await kubectl("get pod p", fails=True)


async def test_apply_on_the_server(kubectl):
    map_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}
    assert "serverside-applied" in await kubectl("apply --server-side -f -", map_)
    await kubectl('patch configmap a --type=merge --field-manager=editor -p {"data":{"a":"2"}}')
    refused = await kubectl("apply --server-side -f -", map_, fails=True)
    assert 'conflict with "editor" using v1: .data.a' in refused
    await kubectl("apply --server-side --force-conflicts -f -", map_)
    assert await kubectl("get configmap a -o jsonpath={.data.a}") == "1"


async def test_apply_on_the_client(kubectl):
    map_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1", "b": "1"}}
    await kubectl("apply -f -", map_)
    map_["data"] = {"a": "2"}
    assert "configured" in await kubectl("apply -f -", map_)
    assert json.loads(await kubectl("get configmap a -o json"))["data"] == {"a": "2"}
    assert "unchanged" in await kubectl("apply -f -", map_)


async def test_a_misspelt_field_is_refused_by_name(kubectl):
    wrong = {**POD, "spec": {"containers": [{"name": "c", "image": "x", "resorces": {}}]}}
    assert 'unknown field "spec.containers[0].resorces"' in await kubectl("create -f -", wrong, fails=True)


async def test_a_namespace_goes_with_all_in_it(kubectl):
    await kubectl("create namespace x")
    await kubectl("-n x create configmap a")
    await kubectl("delete namespace x")
    assert "NotFound" in await kubectl("get namespace x", fails=True)


async def test_rights_are_told(kubectl):
    assert (await kubectl("auth can-i create pods")).strip() == "yes"
    assert (await kubectl("auth can-i create pods --as=nobody", fails=True)).strip() == "no"
    assert "cluster-admin" in await kubectl("get clusterroles")


async def test_a_watch_is_followed(kubectl):
    await kubectl("create configmap a")
    assert "condition met" in await kubectl("wait configmap/a --for=jsonpath={.metadata.name}=a --timeout=5s")


async def test_every_kind_can_be_listed(kubectl):
    output = await kubectl("api-resources --verbs=list -o name")
    for name in output.split():
        await kubectl(f"get {name} -A")
