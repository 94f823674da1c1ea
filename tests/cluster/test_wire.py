"""Covers `cluster.wire` and `cluster.config` against a real server on the loopback: fault F-32, TLS, tokens, resets."""

import asyncio
import json
import ssl
import time
from contextlib import asynccontextmanager

import pytest
import trustme
import yaml
from aiohttp import web

from tenantspawner.cluster import Connection, Deadline, connect
from tenantspawner.cluster.transport import Request
from tenantspawner.errors import AdminMustAct, ApiError, Unreachable
from tenantspawner.kube import kinds
from tenantspawner.kube.objects import Namespace
from tests.support.scripted import event, pod


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def server(handler, tls=None):
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(**connection):
    cluster = await connect(Connection(**connection))
    try:
        yield cluster
    finally:
        await cluster.close()


def soon():
    return Deadline.after(5)


async def test_120_watches_leave_a_get_its_hundred_milliseconds():
    """F-32."""

    async def handler(request):
        if request.query.get("watch"):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(event("ADDED", pod("b", 10)))
            await asyncio.sleep(60)
            return response
        if request.path.endswith("/x"):
            return web.json_response(pod("x", 1))
        return web.json_response({"metadata": {"resourceVersion": "9"}, "items": []})

    async with server(handler) as host, connected(host=host) as cluster:
        watches = [cluster.watch(Namespace) for _ in range(120)]
        for watch in watches:
            watch.start()
        for watch in watches:
            await watch.store.until("x", "b", lambda found: found is not None, Deadline.after(20))
        assert sum(watch.streams for watch in watches) == 120
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            await cluster.get(kinds.NAMESPACE, None, "x", soon())
            took.append(time.perf_counter() - begun)
        await asyncio.gather(*(watch.close() for watch in watches))
    assert min(took) < 0.1


async def test_a_watch_over_the_wire_resumes_after_a_cut():
    cuts = []

    async def handler(request):
        if not request.query.get("watch"):
            return web.json_response({"metadata": {"resourceVersion": "9"}, "items": []})
        cuts.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(event("ADDED", pod(f"p{len(cuts)}", 10 * len(cuts))) + b'{"type": "ADD')
        if len(cuts) == 1:
            request.transport.abort()
        else:
            await asyncio.sleep(60)
        return response

    async with server(handler) as host, connected(host=host) as cluster:
        watch = cluster.watch(Namespace)
        watch.start()
        await watch.store.until("x", "p2", lambda found: found is not None, Deadline.after(10))
        assert (cuts, watch.lists) == (["9", "10"], 1)
        await watch.close()


async def test_a_refused_connection_was_never_sent_and_a_reset_may_have_been():
    async def handler(request):
        request.transport.abort()
        return web.Response()

    async with server(handler) as host, connected(host=host) as cluster:
        with pytest.raises(Unreachable) as caught:
            await cluster._transport.send(Request("POST", "/api", "create it", body=b"{}"))
        assert caught.value.sent
    async with connected(host=host) as cluster:
        with pytest.raises(Unreachable) as caught:
            await cluster._transport.send(Request("POST", "/api", "create it", body=b"{}"))
        assert not caught.value.sent


async def test_a_certificate_is_verified_unless_told_otherwise(tmp_path):
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")

    async def handler(_):
        return web.json_response({"gitVersion": "v1"})

    async with server(handler, tls) as host:
        async with connected(host=host, ca_cert=str(tmp_path / "ca.crt")) as cluster:
            assert await cluster.version(soon()) == "v1"
        async with connected(host=host, verify=False) as cluster:
            assert await cluster.version(soon()) == "v1"
        async with connected(host=host) as cluster:
            with pytest.raises(Unreachable, match=r"(?i)certificate") as caught:
                await cluster._transport.send(Request("GET", "/version", "get version"))
            assert not caught.value.sent


def kubeconfig(path, host, user):
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [
            {"name": "c", "context": {"cluster": "k", "user": "u"}},
            {"name": "other", "context": {"cluster": "k", "user": "v"}},
        ],
        "clusters": [{"name": "k", "cluster": {"server": host}}],
        "users": [{"name": "u", "user": user}, {"name": "v", "user": {"token": "others"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


async def test_a_token_that_was_replaced_is_read_again(tmp_path):
    token = tmp_path / "token"
    token.write_text("old-canary")
    seen = []

    async def handler(request):
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"gitVersion": "v1"}, status=200 if seen[-1] == "Bearer new-canary" else 401)

    async with server(handler) as host:
        config = kubeconfig(tmp_path / "config", host, {"tokenFile": str(token)})
        async with connected(kubeconfig=config) as cluster:
            token.write_text("new-canary")
            versions = await asyncio.gather(*(cluster.version(soon()) for _ in range(10)))
            assert versions == ["v1"] * 10
            token.write_text("worse-canary")
        async with connected(kubeconfig=config) as cluster:
            with pytest.raises(ApiError) as caught:
                await cluster.version(soon())
            assert "canary" not in f"{caught.value.detail} {caught.value!r}"
        async with connected(kubeconfig=config, context="other") as cluster:
            with pytest.raises(ApiError):
                await cluster.version(soon())
    assert seen[-1] == "Bearer others"


async def test_the_service_account_is_used_inside_a_cluster(tmp_path, monkeypatch):
    from kubernetes_asyncio.config import incluster_config

    (tmp_path / "token").write_text("inside")
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.crt")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    async def handler(request):
        return web.json_response({"gitVersion": request.headers["Authorization"]})

    async with server(handler) as host, connected(host=host) as cluster:
        assert await cluster.version(soon()) == "Bearer inside"


@pytest.mark.parametrize(
    "connection",
    [
        {},
        {"kubeconfig": "/nowhere/config"},
        {"host": "http://127.0.0.1:1", "ca_cert": "/nowhere/ca.crt"},
        {"context": "c"},
    ],
)
async def test_without_a_usable_configuration_the_admin_is_told_where(connection):
    with pytest.raises(AdminMustAct, match="not connected") as caught:
        await connect(Connection(**connection))
    assert "Cannot connect to Kubernetes" in caught.value.detail


@pytest.mark.parametrize("text", ["", "{", "[]", "current-context: x", "a: b"])
async def test_a_broken_kubeconfig_is_told_without_its_content(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(AdminMustAct):
        await connect(Connection(kubeconfig=str(path)))


async def test_a_redirect_does_not_carry_the_token_away(tmp_path):
    seen = []

    async def thief(request):
        seen.append(dict(request.headers))
        return web.Response()

    async with server(thief) as elsewhere:

        async def handler(_):
            raise web.HTTPFound(elsewhere)

        async with (
            server(handler) as host,
            connected(kubeconfig=kubeconfig(tmp_path / "c", host, {"token": "t"})) as cluster,
        ):
            with pytest.raises(ApiError) as caught:
                await cluster.version(soon())
    assert caught.value.code == 302
    assert seen == []


async def test_bodies_and_selectors_arrive_as_they_were_meant():
    seen = []

    async def handler(request):
        seen.append((request.method, request.raw_path, dict(request.query), request.content_type, await request.read()))
        return web.json_response({"items": [], "metadata": {}} if request.method == "GET" else json.loads(seen[-1][4]))

    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "é"}}
    async with server(handler) as host, connected(host=host) as cluster:
        await cluster.list(
            kinds.POD, "x", label_selector="a in (b,c),!d", field_selector="spec.nodeName=n&x", deadline=soon()
        )
        assert await cluster.apply(obj, soon()) == obj
    assert seen[0][2] == {"labelSelector": "a in (b,c),!d", "fieldSelector": "spec.nodeName=n&x", "limit": "500"}
    assert seen[1][3] == "application/apply-patch+yaml"
    assert json.loads(seen[1][4]) == obj
    assert seen[1][1].startswith("/api/v1/namespaces/%C3%A9?")
