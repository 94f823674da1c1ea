"""Covers `cluster.watch`, `lines` and `watchrules` in virtual time: faults F-01, F-02, F-04, F-07, F-08, and older views."""

import asyncio
import itertools
import json
import logging
from contextlib import asynccontextmanager

import pytest

from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.cluster.lines import MAX_LINE
from tenantspawner.errors import DeadlinePassed
from tenantspawner.kube.objects import Pod, SecretMetadata
from tests.support.scripted import ScriptedWatch, answer, bookmark, event, listed, lost, pod, refusal, refused
from tests.support.virtualtime import clock, in_virtual_time


async def watching(lists, streams, slim=Pod):
    """A started and synced watch, its transport, and the changes seen, as (time, old version, new version)."""
    transport = ScriptedWatch(lists, streams)
    watch = Cluster(transport, chance=lambda: 0.0).watch(slim, namespace="x")
    watch.start()
    await watch.synced(Deadline.after(10_000))
    changes = []
    watch.store.on_change(lambda old, new: changes.append((clock(), version(old), version(new))))
    return watch, transport, changes


def version(obj):
    return None if obj is None else int(obj.metadata.resource_version)


@in_virtual_time
async def test_a_watch_closed_each_second_sixty_times_lists_once_and_sees_changes_within_a_second():
    """F-01."""
    streams = [[0.5, event("MODIFIED", pod("a", 10 + turn)), 0.5] for turn in range(60)]
    watch, transport, changes = await watching([listed(9, pod("a", 9))], streams)
    await asyncio.sleep(61)
    assert watch.lists == len(transport.asked) == 1
    assert [new for _, _, new in changes] == list(range(10, 70))
    assert all(abs(at - (turn + 0.5)) < 1 for turn, (at, _, _) in enumerate(changes))
    assert transport.watched[-1].query["resourceVersion"] == "69"
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_what_happened_between_a_410_and_the_list_is_seen_exactly_once():
    """F-02: one list more, three callbacks, the deletion included."""
    gone = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    before = listed(9, pod("gone", 1), pod("changed", 2), pod("same", 3))
    after = listed(20, pod("changed", 12), pod("same", 3), pod("added", 13))
    watch, transport, changes = await watching([before, after], [[1.0, gone]])
    await asyncio.sleep(2)
    assert [(old, new) for _, old, new in changes] == [(1, None), (2, 12), (None, 13)]
    assert len(transport.asked) == 2
    assert transport.watched[-1].query["resourceVersion"] == "20"
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_a_410_as_the_answer_to_the_watch_lists_again():
    watch, transport, _ = await watching([listed(9), listed(20)], [[refusal(410, "Expired")]])
    await asyncio.sleep(1)
    assert [asked.query["resourceVersion"] for asked in transport.watched] == ["9", "20"]
    await watch.close()


@in_virtual_time
async def test_410_again_and_again_does_not_list_in_a_hurry():
    lists = [listed(version) for version in range(9, 40)]
    watch, transport, _ = await watching(lists, [[refusal(410, "Expired")] for _ in range(20)])
    await asyncio.sleep(30)
    assert len(transport.asked) <= 8
    await watch.close()


@in_virtual_time
async def test_a_watch_told_to_wait_waits_and_does_not_list():
    """F-04."""
    busy = answer(429, Retry_After="2")
    watch, transport, _ = await watching([listed(9)], [[busy], [busy], [busy]])
    await asyncio.sleep(30)
    assert len(transport.asked) == 1
    times = [asked.at for asked in transport.watched]
    assert len(times) == 4
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(times))
    assert watch.healthy
    await watch.close()


NONSENSE = {
    "HTML as the answer": [answer(503, "<html>")],
    "HTML as lines": [b"<html>\n<h1>503</h1>\n</html>\n"],
    "cut JSON": [b'{"type": "ADDED", "object": {"metadata": {"na'],
    "cut JSON with a newline": [b'{"type": "ADDED", "object": {"metadata": {"na\n'],
    "an object without metadata": [event("ADDED", {"kind": "Pod"})],
    "an object without a version": [event("ADDED", {"metadata": {"name": "b", "namespace": "x"}})],
    "an object with an empty version": [event("ADDED", {"metadata": {"name": "b", "resourceVersion": ""}})],
    "an object that is a list": [b'{"type": "ADDED", "object": []}\n'],
    "ERROR without a reason": [event("ERROR", {})],
    "ERROR without a status": [b'{"type": "ERROR", "object": null}\n'],
    "ERROR with 500": [event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError"})],
    "an unknown type": [event("PERHAPS", pod("b", 10))],
    "a bookmark without a version": [event("BOOKMARK", {"metadata": {}})],
    "a line of 3 MiB": [b"x" * MAX_LINE + b"\n"],
    "a line that does not end": [b"x" * 65536] * 60,
    "a valid line of 3 MiB": [event("ADDED", {**pod("b", 10), "junk": "x" * MAX_LINE})],
    "bytes that are no text": [b"\xff\xfe\x00\n"],
    "deep nesting": [b"[" * 100_000 + b"\n"],
    "deep nesting inside a line": [b'{"type": "ADDED", "object": ' + b"[" * 100_000 + b"\n"],
    "a number": [b"17\n"],
    "a reset": [lost()],
    "a refusal": [refused()],
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_ends_in_a_reconnect_with_the_cache_as_it_was(name, caplog):
    """F-07."""

    @in_virtual_time
    async def check():
        watch, transport, changes = await watching([listed(9, pod("a", 9))], [list(NONSENSE[name])])
        await asyncio.sleep(0.5)
        assert not watch.healthy
        assert watch.last_error
        await asyncio.sleep(10)
        assert changes == []
        assert [found.metadata.name for found in watch.store.all()] == ["a"]
        assert len(transport.asked) == 1
        assert [asked.query["resourceVersion"] for asked in transport.watched] == ["9", "9"]
        assert watch.healthy
        assert watch.last_error is None
        await watch.close()

    with caplog.at_level(logging.INFO):
        check()
    assert not [record for record in caplog.records if record.exc_info]
    assert [record.levelname for record in caplog.records if record.name.startswith("tenantspawner")] == [
        "WARNING",
        "INFO",
    ]


@in_virtual_time
async def test_nonsense_at_the_same_place_three_times_is_doubt_and_lists_again():
    bad = [event("ADDED", {"kind": "Pod"})]
    watch, transport, _ = await watching([listed(9), listed(20)], [bad, bad, bad])
    await asyncio.sleep(60)
    assert len(transport.asked) == 2
    assert transport.watched[-1].query["resourceVersion"] == "20"
    await watch.close()


@in_virtual_time
async def test_an_outage_is_no_doubt():
    watch, transport, _ = await watching([listed(9)], [[answer(503)] for _ in range(30)])
    await asyncio.sleep(1500)
    assert len(transport.asked) == 1
    assert transport.streams == []
    await watch.close()


@in_virtual_time
async def test_half_an_hour_of_failing_lists_is_survived():
    """F-08: the watcher is alive, and well within 31 s; what was known is kept."""

    def lists(request):
        return answer(503) if 100 <= clock() < 1900 else listed(9 if clock() < 100 else 50, pod("a", 9))

    expired = [99.9, event("ERROR", {"code": 410})]
    transport = ScriptedWatch(lists, [[100.0, expired[1]]])
    watch = Cluster(transport, chance=lambda: 0.5).watch(Pod)
    watch.start()
    await watch.synced(Deadline.after(1))
    while clock() < 1899:
        await asyncio.sleep(10)
        assert watch.store.get("x", "a") is not None
    assert not watch.healthy
    assert "503" in watch.last_error
    tries = len(transport.asked)
    assert 60 <= tries <= 100
    await asyncio.sleep(1900 + 31 - clock())
    assert watch.healthy
    assert watch.lists == 2
    await watch.close()


@in_virtual_time
async def test_a_first_list_that_fails_is_tried_for_ever():
    transport = ScriptedWatch(lambda _: refusal(403, "Forbidden", "no") if clock() < 500 else listed(9), [])
    watch = Cluster(transport, chance=lambda: 0.0).watch(Pod)
    watch.start()
    with pytest.raises(DeadlinePassed):
        await watch.synced(Deadline.after(5))
    assert "403" in watch.last_error
    assert not watch.store.complete
    await watch.synced(Deadline.after(600))
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_a_refused_token_is_read_again():
    watch, transport, _ = await watching([answer(401), listed(9)], [])
    assert transport.token_reads == 1
    await watch.close()


@in_virtual_time
async def test_an_older_list_is_refused_until_it_is_certain_that_time_went_back():
    gone = event("ERROR", {"code": 410, "reason": "Expired"})
    old, newest = listed(5, pod("a", 4)), listed(10, pod("a", 9))
    watch, _, changes = await watching([listed(9, pod("a", 8)), old, newest], [[1.0, gone]])
    await asyncio.sleep(30)
    assert [(before, after) for _, before, after in changes] == [(8, 9)]
    await watch.close()

    watch, _, changes = await watching([listed(9, pod("a", 8)), old, old, old, old], [[1.0, gone]])
    await asyncio.sleep(30)
    assert [(before, after) for _, before, after in changes] == [(8, 4)]
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_bookmarks_carry_the_version_on():
    watch, transport, changes = await watching([listed(9)], [[bookmark(30), 1.0]])
    await asyncio.sleep(2)
    assert transport.watched[-1].query["resourceVersion"] == "30"
    assert changes == []
    await watch.close()


@in_virtual_time
async def test_lines_are_put_together_from_any_pieces():
    data = event("ADDED", pod("b", 10)) + event("DELETED", pod("b", 11)) + event("ADDED", pod("c", 12))
    watch, _, changes = await watching([listed(9)], [[0.1, *[data[i : i + 7] for i in range(0, len(data), 7)], 10.0]])
    await asyncio.sleep(1)
    assert [(old, new) for _, old, new in changes] == [(None, 10), (10, None), (None, 12)]
    await watch.close()


@in_virtual_time
async def test_a_stream_in_which_nothing_arrives_is_opened_anew():
    watch, transport, _ = await watching([listed(9)], [])
    await asyncio.sleep(125)
    assert [round(asked.at) for asked in transport.watched] == [0, 120]
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_a_server_that_closes_at_once_is_not_hammered():
    watch, transport, _ = await watching([listed(9)], [[] for _ in range(50)])
    await asyncio.sleep(60)
    assert len(transport.watched) < 10
    await watch.close()


@in_virtual_time
async def test_a_stream_that_has_lived_makes_old_failures_forgotten():
    failing = [[answer(503)] for _ in range(6)]
    watch, transport, _ = await watching([listed(9)], [*failing, [60.0, lost()]])
    await asyncio.sleep(200)
    last, again = transport.watched[6].at, transport.watched[7].at
    assert again - last == pytest.approx(60.8)
    await watch.close()


@in_virtual_time
async def test_a_list_of_nothing_may_be_null():
    nothing = answer(200, {"metadata": {"resourceVersion": "9"}, "items": None})
    watch, _, _ = await watching([nothing], [])
    assert watch.store.all() == []
    await watch.close()


@pytest.mark.parametrize(
    "bad",
    [answer(200, "text"), answer(200, {"items": []}), answer(200, {"metadata": {}, "items": []}),
     answer(200, {"metadata": {"resourceVersion": "9"}, "items": [{"kind": "Pod"}]})],
)  # fmt: skip
def test_a_list_that_is_none_is_tried_again(bad):
    @in_virtual_time
    async def check():
        watch, transport, _ = await watching([bad, listed(9)], [])
        assert len(transport.asked) == 2
        await watch.close()

    check()


@in_virtual_time
async def test_of_secrets_only_metadata_is_asked_for_and_kept():
    secret = {"metadata": {"name": "s", "namespace": "x", "uid": "u", "resourceVersion": "1"}, "data": {"t": "canary"}}
    watch, transport, _ = await watching([listed(9, secret)], [], slim=SecretMetadata)
    await asyncio.sleep(0.1)
    assert "as=PartialObjectMetadataList" in transport.asked[0].request.accept
    assert "as=PartialObjectMetadata;" in transport.watched[0].request.accept
    assert "canary" not in repr(watch.store.all())
    await watch.close()


@in_virtual_time
async def test_a_surprise_is_logged_and_survived(caplog):
    watch, _, _ = await watching([listed(9)], [[ZeroDivisionError("surprise")]])
    await asyncio.sleep(5)
    assert watch.healthy
    assert "nobody thought of" in caplog.text
    await watch.close()


@in_virtual_time
async def test_nothing_read_gets_into_the_log(caplog):
    obj = pod("b", 10)
    obj["metadata"]["labels"] = {"a": ["canary-secret"]}
    with caplog.at_level(logging.DEBUG):
        watch, _, _ = await watching([listed(9)], [[json.dumps({"type": "ADDED", "object": obj}).encode() + b"\n"]])
        await asyncio.sleep(1)
    assert "canary-secret" not in caplog.text + watch.last_error
    await watch.close()


@in_virtual_time
async def test_a_server_that_accepts_and_says_nothing_is_given_up_after_thirty_seconds():
    watch, transport, _ = await watching([1.0, listed(9)], [])
    assert clock() == pytest.approx(30.8)
    assert len(transport.asked) == 2
    await watch.close()


@in_virtual_time
async def test_a_watch_that_is_never_opened_is_given_up_too():
    class Silent(ScriptedWatch):
        @asynccontextmanager
        async def stream(self, request):
            if not self.watched:
                self.watched.append(None)
                await asyncio.sleep(3600)
            async with super().stream(request) as pieces:
                yield pieces

    transport = Silent([listed(9)], [])
    watch = Cluster(transport, chance=lambda: 0.0).watch(Pod)
    watch.start()
    watch.start()
    await asyncio.sleep(40)
    assert transport.watched[1].at == pytest.approx(30.8)
    assert watch.healthy
    await watch.close()


@in_virtual_time
async def test_a_token_that_cannot_be_read_again_is_survived(caplog):
    class Broken(ScriptedWatch):
        async def reread_token(self):
            raise OSError

    transport = Broken([answer(401), listed(9)], [])
    watch = Cluster(transport).watch(Pod)
    await watch.close()
    watch.start()
    await watch.synced(Deadline.after(10))
    assert "could not be read again" in caplog.text
    await watch.close()


@in_virtual_time
async def test_many_lines_at_once_let_others_run():
    burst = b"".join(event("ADDED", pod(f"p{number}", 10 + number)) for number in range(2_000))
    watch, _, changes = await watching([listed(9)], [[0.1, burst, 100.0]])
    seen_by_another = []

    async def another():
        while len(changes) < 2_000:
            seen_by_another.append(len(changes))
            await asyncio.sleep(0)

    tasks = []
    watch.store.on_change(lambda *_: tasks or tasks.append(asyncio.create_task(another())))
    await asyncio.sleep(1)
    assert len(changes) == 2_000
    assert seen_by_another == list(range(200, 2_000, 200))
    await watch.close()
