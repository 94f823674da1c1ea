"""The node's way to the API: errors, repeats, lists and watches that break in every way; kubeconfigs; logs on disk."""

import asyncio
import base64
import json
from datetime import UTC, datetime

import pytest
import yaml
from aiohttp import web

from tenantspawner.errors import ApiError, Unreachable
from tenantspawner.kube.kinds import NODE, POD
from tenantspawner.localcluster.node import client as clients
from tenantspawner.localcluster.node import logs
from tenantspawner.localcluster.node.__main__ import arguments, node_of
from tenantspawner.localcluster.node.client import Access, Client, backoff, insist
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tenantspawner.localcluster.node.reflector import Change, Reflector


@pytest.fixture
async def client(api):
    one = Client(Access(api.url, "s3cret"))
    yield one
    await one.close()


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(clients, "_jitter", lambda *_: 0.001)


async def served(handler):
    """Serve one handler; return its URL and what closes it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner.cleanup


async def test_a_refusal_is_an_error_with_the_servers_words(client):
    with pytest.raises(ApiError) as raised:
        await client.get(NODE, None, "none")
    assert (raised.value.code, raised.value.answer.reason) == (404, "NotFound")


async def test_an_answer_that_is_no_status_is_an_error_too():
    async def html(request):
        return web.Response(status=503, text="<html>away</html>", headers={"Retry-After": "7"})

    url, close = await served(html)
    client = Client(Access(url))
    with pytest.raises(ApiError) as raised:
        await client.get(NODE, None, "n")
    assert (raised.value.code, raised.value.answer.retry_after) == (503, 7.0)
    await client.close()
    await close()


async def test_no_answer_is_unreachable_and_holds_no_token():
    client = Client(Access("http://127.0.0.1:9", "s3cret"))
    with pytest.raises(Unreachable) as raised:
        await client.get(NODE, None, "n")
    assert "s3cret" not in str(raised.value) + repr(Access("u", "s3cret"))
    await client.close()


async def test_what_can_heal_is_repeated_and_what_cannot_is_not(no_waiting):
    answers = [clients.api_error(503, {}, b"", ""), Unreachable("x", "y"), clients.api_error(429, {}, b"{}", ""), None]

    async def call():
        if (error := answers.pop(0)) is not None:
            raise error
        return "done"

    assert await insist(call) == "done"
    answers[:] = [clients.api_error(403, {}, b"{}", "")]
    with pytest.raises(ApiError):
        await insist(call)


def test_the_back_off_doubles_up_to_its_limit():
    assert 0.14 <= backoff(0) <= 0.2
    assert 21 <= backoff(50) <= 30


async def test_lists_come_in_pages():
    asked = []

    async def pages(request):
        asked.append(dict(request.query))
        last = "continue" in request.query
        metadata = {"resourceVersion": "7"} | ({} if last else {"continue": "more"})
        return web.json_response({"items": [{"n": len(asked)}], "metadata": metadata})

    url, close = await served(pages)
    client = Client(Access(url))
    assert await client.list_all("/pods", {"a": "b"}) == ([{"n": 1}, {"n": 2}], "7")
    assert asked == [{"a": "b", "limit": "500"}, {"a": "b", "limit": "500", "continue": "more"}]
    await client.close()
    await close()


def pod(uid, version):
    return {"metadata": {"uid": uid, "resourceVersion": str(version)}}


class Watched:
    """A server whose watches are scripted: each item is one watch, a list of raw lines."""

    def __init__(self, lists, watches):
        self.lists, self.watches = lists, watches
        self.asked = []

    async def serve(self, request):
        if not request.query.get("watch"):
            self.asked.append("list")
            return web.json_response(self.lists.pop(0))
        self.asked.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        if not self.watches:
            await asyncio.sleep(30)
        for line in self.watches.pop(0):
            await response.write(line)
        return response


def line(kind, obj):
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def listing(version, *items):
    return {"items": list(items), "metadata": {"resourceVersion": str(version)}}


async def follow(server, *, asked=0, told=0):
    url, close = await served(server.serve)
    client = Client(Access(url))
    seen = []
    reflector = Reflector(client, POD.path(), lambda change, item: seen.append((change, item["metadata"]["uid"])))
    task = asyncio.create_task(reflector.run())
    for _ in range(500):
        if len(server.asked) >= asked and len(seen) >= told:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()
    await close()
    return seen, reflector


async def test_a_watch_goes_on_where_the_last_one_ended(no_waiting):
    server = Watched(
        [listing(5, pod("a", 3))],
        [[line("MODIFIED", pod("a", 6))], [line("BOOKMARK", pod("", 9))], [line("DELETED", pod("a", 10))]],
    )
    seen, reflector = await follow(server, asked=5)
    assert server.asked == ["list", "5", "6", "9", "10"]
    assert seen == [(Change.ADDED, "a"), (Change.MODIFIED, "a"), (Change.DELETED, "a")]
    assert reflector.objects == {}


async def test_a_version_that_is_gone_means_one_new_list_and_tells_what_was_missed(no_waiting):
    gone = {"kind": "Status", "code": 410, "reason": "Expired"}
    server = Watched(
        [
            listing(5, pod("kept", 1), pod("gone", 2), pod("changed", 3)),
            listing(9, pod("kept", 1), pod("changed", 8), pod("new", 9)),
        ],
        [[line("ERROR", gone)]],
    )
    seen, _ = await follow(server, asked=4)
    assert server.asked == ["list", "5", "list", "9"]
    assert seen[3:] == [(Change.DELETED, "gone"), (Change.MODIFIED, "changed"), (Change.ADDED, "new")]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"<html>\n",
        b'{"type":"ADDED","obj',
        b'{"type":"ADDED","object":{}}\n',
        b"[]\n",
        b'{"type":"ERROR","object":{}}\n',
    ],
)
async def test_nonsense_on_a_watch_changes_nothing(no_waiting, nonsense):
    lists = [listing(5, pod("a", 3)) for _ in range(3)]
    server = Watched(lists, [[nonsense], [line("ADDED", pod("b", 6))]])
    seen, reflector = await follow(server, told=2)
    assert seen == [(Change.ADDED, "a"), (Change.ADDED, "b")]
    assert set(reflector.objects) == {"a", "b"}


async def test_a_line_may_be_long_and_come_in_pieces(no_waiting):
    long = line("ADDED", pod("b", 6) | {"data": "x" * 3_000_000})
    server = Watched([listing(5)], [[long[:1_000_000], long[1_000_000:] + line("ADDED", pod("c", 7))]])
    seen, _ = await follow(server, told=2)
    assert seen == [(Change.ADDED, "b"), (Change.ADDED, "c")]


def kubeconfig(tmp_path, user, **cluster):
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:6443/"} | cluster}],
        "users": [{"name": "u", "user": user}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def test_a_kubeconfig_with_a_token(tmp_path):
    file = kubeconfig(tmp_path, {"token": "t"}, **{"certificate-authority": "ca.pem"})
    access = read_kubeconfig(file, tmp_path / "keep")
    assert access == Access("https://127.0.0.1:6443", "t", tmp_path / "ca.pem")


def test_a_kubeconfig_with_certificates_inside(tmp_path):
    data = {f"{name}-data": base64.b64encode(name.encode()).decode() for name in ("client-certificate", "client-key")}
    file = kubeconfig(tmp_path, data, **{"insecure-skip-tls-verify": True})
    access = read_kubeconfig(file, tmp_path / "keep")
    certificate, key = access.client_cert
    assert (certificate.read_text(), key.read_text()) == ("client-certificate", "client-key")
    assert key.stat().st_mode & 0o077 == 0
    assert access.insecure


@pytest.mark.parametrize(
    ("user", "context", "message"),
    [({"exec": {}}, None, "needs a plugin"), ({"token": "t"}, "other", "no context named 'other'")],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(tmp_path, user, context, message):
    with pytest.raises(ValueError, match=message):
        read_kubeconfig(kubeconfig(tmp_path, user), tmp_path, context)


def test_the_command_line_builds_a_node(tmp_path):
    file = kubeconfig(tmp_path, {"token": "t"})
    asked = [
        "--kubeconfig",
        str(file),
        "--data-dir",
        str(tmp_path / "d"),
        "--gpus",
        "8",
        "--label",
        "a=b",
        "--name",
        "x",
    ]
    assert node_of(arguments().parse_args(asked)).name == "x"


def test_logs_have_times_and_lines_of_any_form(tmp_path):
    log = logs.LogFile(tmp_path / "0.log")
    for piece in (b"one\ntw", b"o\n", b"\n", b"x" * 70_000, b"\nlast"):
        log.write(piece)
    log.close()
    text, _ = logs.read(tmp_path / "0.log", logs.LogQuery())
    assert text == b"one\ntwo\n\n" + b"x" * 70_000 + b"\n\nlast\n"
    stamped, _ = logs.read(tmp_path / "0.log", logs.LogQuery(tail=1, timestamps=True))
    stamp, word = stamped.split()
    assert word == b"last"
    assert datetime.fromisoformat(stamp.decode()).tzinfo is not None


def test_logs_since_a_time_and_of_the_run_before(tmp_path):
    (tmp_path / "0.log").write_bytes(b"2026-01-01T00:00:00.000000Z old\n2026-01-02T00:00:00.000000Z new\n")
    (tmp_path / "1.log").write_bytes(b"")
    since = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert logs.latest(tmp_path) == tmp_path / "1.log"
    before = logs.latest(tmp_path, previous=True)
    assert logs.read(before, logs.LogQuery(since=since))[0] == b"new\n"
    assert logs.latest(tmp_path / "none") is None
