"""Volumes as directories: each kind, what is missing, and tokens of service accounts."""

import asyncio
import base64

import pytest
from aiohttp import web

from tenantspawner.localcluster.node.client import Access, Client
from tenantspawner.localcluster.node.environment import NotReadyError
from tenantspawner.localcluster.node.sandbox import Sandbox, StoppedError
from tenantspawner.localcluster.node.volumes import mounts, prepare


class Shared:
    """What `prepare` needs of a node's services."""

    def __init__(self, client, data_dir):
        self.client, self.data_dir, self.claims = client, data_dir, data_dir / "claims"


@pytest.fixture
async def services(api, tmp_path):
    client = Client(Access(api.url))
    yield Shared(client, tmp_path / "data")
    await client.close()


def sandbox(tmp_path, *volumes, **spec):
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    pod = {"metadata": metadata, "spec": {"volumes": list(volumes), **spec}}
    return Sandbox(pod, tmp_path / "pod", changed=lambda: None, address="127.1.1.1")


def secret(api, name, **data):
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    api.put(f"/api/v1/namespaces/default/secrets/{name}", {"data": encoded})


async def test_chosen_keys_of_a_secret_become_files_where_they_are_wanted(api, services, tmp_path):
    secret(api, "s", a=b"1", b=b"\xff\x00")
    items = [{"key": "b", "path": "deep/b.bin"}]
    result = await prepare(sandbox(tmp_path, {"name": "v", "secret": {"secretName": "s", "items": items}}), services)
    assert (result["v"] / "deep" / "b.bin").read_bytes() == b"\xff\x00"
    assert not (result["v"] / "a").exists()


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"persistentVolumeClaim": {"claimName": "none"}}, 'persistentvolumeclaim "none" not found'),
        ({"secret": {"secretName": "s", "items": [{"key": "x", "path": "x"}]}}, "references non-existent key in s: x"),
        ({"projected": {"sources": [{"configMap": {"name": "none"}}]}}, 'configmap "none" not found'),
        ({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}, "failed to fetch token: Scripted"),
    ],
)
async def test_what_is_missing_is_named(api, services, tmp_path, volume, message):
    secret(api, "s", a=b"1")
    api.fail_next = [("POST", 404)]
    with pytest.raises(NotReadyError) as raised:
        await prepare(sandbox(tmp_path, {"name": "v"} | volume), services)
    assert str(raised.value) == message


async def test_a_service_account_token_is_asked_for_and_bound_to_the_pod(services, tmp_path):
    asked = []

    async def token(request):
        asked.append((request.path, await request.json()))
        return web.json_response({"status": {"token": "jwt"}})

    app = web.Application()
    app.router.add_post("/{path:.*}", token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    services.client = Client(Access(f"http://127.0.0.1:{runner.addresses[0][1]}"))
    wanted = {"path": "token", "audience": "me", "expirationSeconds": 600}
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": wanted}]}}
    result = await prepare(sandbox(tmp_path, volume, serviceAccountName="sa"), services)
    assert (result["v"] / "token").read_text() == "jwt"
    path, body = asked[0]
    assert path == "/api/v1/namespaces/default/serviceaccounts/sa/token"
    assert body["spec"]["boundObjectRef"] == {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    assert (body["spec"]["audiences"], body["spec"]["expirationSeconds"]) == (["me"], 600)
    await services.client.close()
    await runner.cleanup()


async def test_other_kinds_have_directories_too(services, tmp_path):
    nfs = {"nfs": {"server": "files.example.org", "path": "/all"}}
    result = await prepare(
        sandbox(
            tmp_path,
            {"name": "empty", "emptyDir": {}},
            {"name": "host", "hostPath": {"path": str(tmp_path)}},
            {"name": "one"} | nfs,
            {"name": "two"} | nfs,
            {"name": "down", "downwardAPI": {"items": [{"path": "ip", "fieldRef": {"fieldPath": "status.podIP"}}]}},
        ),
        services,
    )
    assert result["empty"] == tmp_path / "pod" / "volumes" / "empty"
    assert result["host"] == tmp_path
    assert result["one"] == result["two"] != result["empty"]
    assert (result["down"] / "ip").read_text() == "127.1.1.1"


async def test_a_claim_made_anew_starts_empty(api, services, tmp_path):
    path = "/api/v1/namespaces/default/persistentvolumeclaims/home"
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "home"}}
    api.put(path, {})
    first = (await prepare(sandbox(tmp_path, volume), services))["v"]
    api.remove(path)
    api.put(path, {})
    assert (await prepare(sandbox(tmp_path, volume), services))["v"] != first


async def test_a_part_of_a_volume_can_be_mounted(services, tmp_path):
    pod = sandbox(tmp_path, {"name": "v", "emptyDir": {}})
    pod.volumes = await prepare(pod, services)
    container = {
        "name": "c",
        "volumeMounts": [
            {"name": "v", "mountPath": "/a", "subPath": "x"},
            {"name": "v", "mountPath": "/b", "subPathExpr": "$(WHO)"},
        ],
    }
    where = mounts(container, pod, {"WHO": "ada"})
    assert where.locate("/a") == pod.volumes["v"] / "x"
    assert where.locate("/b/f") == pod.volumes["v"] / "ada" / "f"


async def test_a_pod_that_is_to_end_does_not_wait_for_the_api(services, tmp_path):
    services.client = Client(Access("http://127.0.0.1:9"))
    pod = sandbox(tmp_path, {"name": "v", "persistentVolumeClaim": {"claimName": "home"}})
    waiting = asyncio.create_task(prepare(pod, services))
    await asyncio.sleep(0.05)
    pod.stopping.set()
    with pytest.raises(StoppedError):
        await asyncio.wait_for(waiting, 2)
    await services.client.close()
