"""Covers `cluster.client` with `retry` and `writes`, in virtual time: faults F-12 and F-16, deadlines, looks, deletes."""

import asyncio

import pytest

from tenantspawner.cluster import PASSING, Deadline, Meaning, meaning
from tenantspawner.cluster.writes import APPLY, MERGE_PATCH
from tenantspawner.errors import ApiError, DeadlinePassed, Unreachable
from tenantspawner.kube import kinds
from tests.support.scripted import answer, cluster, listed, lost, pod, refusal, refused
from tests.support.virtualtime import clock, in_virtual_time

SPAWN = "tenantspawner.io/spawn"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "x", "annotations": {SPAWN: "7"}},
    "spec": {"containers": [{"name": "n", "env": [{"name": "T", "value": "canary-secret"}]}]},
}
OTHER = {**POD, "metadata": {**POD["metadata"], "annotations": {SPAWN: "6"}}}
QUOTA_CONFLICT = refusal(
    409, "Conflict", 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified'
)
NO_RIGHT = refusal(403, "Forbidden", 'pods is forbidden: User "hub" cannot create resource "pods" in API group ""')


def mine(obj):
    return obj["metadata"].get("annotations", {}).get(SPAWN) == "7"


@in_virtual_time
async def test_a_create_whose_answer_is_lost_is_found_and_not_repeated():
    """F-12: one POST, no delete."""
    for trouble in (lost(), answer(500), answer(504), 1.0):
        client, wire = cluster([trouble, answer(200, POD)])
        assert await client.create(POD, Deadline.after(60), mine=mine) == POD
        assert wire.methods == "POST GET"


@in_virtual_time
async def test_a_create_that_was_not_executed_is_sent_again_after_a_look():
    client, wire = cluster([lost(), refusal(404, "NotFound"), answer(201, POD)])
    assert await client.create(POD, Deadline.after(60), mine=mine) == POD
    assert wire.methods == "POST GET POST"


@in_virtual_time
async def test_a_create_that_never_left_needs_no_look():
    client, wire = cluster([refused(), answer(201, POD)])
    await client.create(POD, Deadline.after(60), mine=mine)
    assert wire.methods == "POST POST"


@in_virtual_time
async def test_a_name_taken_by_another_is_an_error_and_nothing_is_sent_again():
    for trouble in (refusal(409, "AlreadyExists"), lost()):
        client, wire = cluster([trouble, answer(200, OTHER)])
        with pytest.raises(ApiError) as caught:
            await client.create(POD, Deadline.after(60), mine=mine)
        assert meaning(caught.value.answer) is Meaning.ALREADY_EXISTS
        assert wire.methods == "POST GET"


@in_virtual_time
async def test_already_existing_because_of_a_first_attempt_is_success():
    client, wire = cluster([lost(), refusal(404, "NotFound"), refusal(409, "AlreadyExists"), answer(200, POD)])
    assert await client.create(POD, Deadline.after(60), mine=mine) == POD
    assert wire.methods == "POST GET POST GET"


@in_virtual_time
async def test_a_conflict_on_quotas_is_tried_again_and_touches_nothing():
    """F-16: four POSTs, no delete."""
    client, wire = cluster([QUOTA_CONFLICT] * 3 + [answer(201, POD)])
    assert await client.create(POD, Deadline.after(60), mine=mine) == POD
    assert wire.methods == "POST POST POST POST"


@in_virtual_time
async def test_at_most_five_tries():
    client, wire = cluster(lambda _: answer(503))
    with pytest.raises(ApiError):
        await client.get(kinds.POD, "x", "p", Deadline.after(600))
    assert [asked.at for asked in wire.asked] == pytest.approx([0, 0.2, 0.6, 1.4, 3.0])


@in_virtual_time
async def test_at_most_ten_seconds_an_attempt_and_thirty_in_all():
    client, wire = cluster(lambda _: 1.0)
    with pytest.raises(Unreachable) as caught:
        await client.get(kinds.POD, "x", "p", Deadline.after(600))
    assert len(wire.asked) == 3
    assert clock() <= 30
    assert caught.value.sent


@in_virtual_time
async def test_the_deadline_of_the_whole_cuts_an_attempt():
    client, _ = cluster(lambda _: 1.0)
    with pytest.raises(DeadlinePassed, match="get pods x/p"):
        await client.get(kinds.POD, "x", "p", Deadline.after(3))
    assert clock() == pytest.approx(3)


@in_virtual_time
async def test_a_pause_that_would_pass_the_deadline_is_not_begun():
    client, wire = cluster(lambda _: answer(429, Retry_After="20"))
    with pytest.raises(ApiError) as caught:
        await client.get(kinds.POD, "x", "p", Deadline.after(10))
    assert caught.value.code == 429
    assert clock() == 0
    assert len(wire.asked) == 1


@in_virtual_time
async def test_the_time_told_is_waited():
    client, wire = cluster([answer(429, Retry_After="7"), answer(200, POD)])
    await client.get(kinds.POD, "x", "p", Deadline.after(60))
    assert wire.asked[1].at == 7


@in_virtual_time
async def test_the_token_is_read_again_once():
    client, wire = cluster([answer(401), answer(200, POD)])
    assert await client.get(kinds.POD, "x", "p", Deadline.after(60)) == POD
    assert (wire.token_reads, clock()) == (1, 0)

    client, wire = cluster(lambda _: answer(401))
    with pytest.raises(ApiError):
        await client.get(kinds.POD, "x", "p", Deadline.after(60))
    assert (wire.token_reads, len(wire.asked)) == (1, 2)


@in_virtual_time
async def test_a_right_granted_a_moment_ago_is_waited_for_only_by_who_expects_it():
    client, wire = cluster([NO_RIGHT, NO_RIGHT, answer(201, POD)])
    await client.create(POD, Deadline.after(60), mine=mine, expected=PASSING)
    assert wire.asked[1].at == pytest.approx(0.1)

    client, wire = cluster([NO_RIGHT])
    with pytest.raises(ApiError):
        await client.create(POD, Deadline.after(60), mine=mine)


@pytest.mark.parametrize("body", [b"<html>login</html>", b'{"kind": "Po', b"[]"])
def test_a_success_that_cannot_be_read_is_no_answer(body):
    @in_virtual_time
    async def check():
        from tenantspawner.cluster.transport import Answer

        client, wire = cluster([Answer(201, body), answer(200, POD)])
        assert await client.create(POD, Deadline.after(60), mine=mine) == POD
        assert wire.methods == "POST GET"

    check()


@in_virtual_time
async def test_what_is_absent_reads_as_none():
    client, _ = cluster([refusal(404, "NotFound")])
    assert await client.get(kinds.POD, "x", "p", Deadline.after(5)) is None


@in_virtual_time
async def test_a_list_is_read_in_pages_of_one_view():
    client, wire = cluster(
        [listed(9, pod("a", 1), more="t1"), listed(9, pod("b", 2), more="t2"), listed(9, pod("c", 3))]
    )
    items = await client.list(kinds.POD, "x", label_selector="a=b", deadline=Deadline.after(5))
    assert [item["metadata"]["name"] for item in items] == ["a", "b", "c"]
    assert {item["kind"] for item in items} == {"Pod"}
    assert [asked.query.get("continue") for asked in wire.asked] == [None, "t1", "t2"]
    assert {asked.query["limit"] for asked in wire.asked} == {"500"}
    assert {asked.query["labelSelector"] for asked in wire.asked} == {"a=b"}


@in_virtual_time
async def test_a_list_whose_token_expires_is_begun_again_and_then_asked_for_whole():
    expired = refusal(410, "Expired")
    client, wire = cluster(
        [listed(9, pod("a", 1), more="t"), expired, listed(10, pod("a", 1), more="t"), expired, listed(11)]
    )
    assert await client.list(kinds.POD, deadline=Deadline.after(5)) == []
    assert "limit" not in wire.asked[-1].query


@in_virtual_time
async def test_a_delete_carries_the_uid_and_says_whether_it_was_there():
    for step, expected in [
        (answer(200), True),
        (refusal(404, "NotFound"), False),
        (refusal(409, "Conflict", "the UID in the precondition (a) does not match the UID in record (b)"), False),
    ]:
        client, wire = cluster([step])
        there = await client.delete(kinds.POD, "x", "p", uid="u", deadline=Deadline.after(5), grace_seconds=3)
        assert there is expected
        assert wire.asked[0].body["preconditions"] == {"uid": "u"}
        assert wire.asked[0].body["gracePeriodSeconds"] == 3


@in_virtual_time
async def test_an_apply_is_ours_by_name():
    client, wire = cluster([answer(200, POD)])
    await client.apply(POD, Deadline.after(5), force=True)
    (asked,) = wire.asked
    assert asked.query == {"fieldManager": "tenantspawner", "force": "true"}
    assert (asked.request.method, asked.request.content_type) == ("PATCH", APPLY)
    assert asked.request.path == "/api/v1/namespaces/x/pods/p"


@in_virtual_time
async def test_a_patch_of_one_version_carries_it():
    client, wire = cluster([answer(200, POD)])
    body = {"metadata": {"labels": {"a": None}}}
    await client.patch(kinds.POD, "x", "p", body, Deadline.after(5), resource_version="4")
    assert wire.asked[0].body == {"metadata": {"labels": {"a": None}, "resourceVersion": "4"}}
    assert wire.asked[0].request.content_type == MERGE_PATCH
    assert body == {"metadata": {"labels": {"a": None}}}


@pytest.mark.parametrize(
    "call",
    [
        lambda c, d: c.apply({**POD, "metadata": {**POD["metadata"], "resourceVersion": "1"}}, d),
        lambda c, d: c.replace(POD, d),
        lambda c, d: c.delete(kinds.POD, "x", "p", uid="", deadline=d),
        lambda c, d: c.delete(kinds.POD, "x", "", uid="u", deadline=d),
        lambda c, d: c.get(kinds.POD, "x", "", d),
        lambda c, d: c.patch(kinds.POD, None, "p", {}, d),
        lambda c, d: c.get(kinds.POD, "..", "p", d),
    ],
)
def test_what_could_hit_the_wrong_object_is_never_sent(call):
    @in_virtual_time
    async def check():
        client, wire = cluster([])
        with pytest.raises(ValueError, match=r"\w"):
            await call(client, Deadline.after(5))
        assert wire.asked == []

    check()


@in_virtual_time
async def test_names_are_quoted_in_paths():
    client, wire = cluster([refusal(404, "NotFound")])
    await client.get(kinds.POD, "x", "p/../../y?a=b", Deadline.after(5))
    assert wire.asked[0].request.path == "/api/v1/namespaces/x/pods/p%2F..%2F..%2Fy%3Fa%3Db"


@in_virtual_time
async def test_logs_rights_and_version():
    client, wire = cluster(
        [answer(200, "log"), answer(201, {"status": {"allowed": True}}), answer(200, {"gitVersion": "v1.36.0"})]
    )
    assert await client.logs("x", "p", "notebook", tail_lines=5, deadline=Deadline.after(5)) == '"log"'
    assert await client.allowed("create", kinds.POD, "x", subresource="log", deadline=Deadline.after(5))
    assert await client.version(Deadline.after(5)) == "v1.36.0"
    logs, review, _ = wire.asked
    assert logs.request.path == "/api/v1/namespaces/x/pods/p/log"
    assert (logs.query["container"], logs.query["tailLines"]) == ("notebook", "5")
    assert review.body["spec"]["resourceAttributes"] == {
        "verb": "create", "resource": "pods", "namespace": "x", "subresource": "log",
    }  # fmt: skip


@in_virtual_time
async def test_no_error_holds_a_request_body():
    for step in (answer(422), lost(), 1.0):
        client, _ = cluster(lambda request, step=step: refusal(404, "NotFound") if request.method == "GET" else step)
        with pytest.raises((ApiError, Unreachable)) as caught:
            await client.create(POD, Deadline.after(60), mine=mine)
        assert (
            "canary-secret" not in f"{caught.value} {caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"
        )


@in_virtual_time
async def test_a_deadline_is_only_shortened():
    deadline = Deadline.after(10)
    assert deadline.shorter(3).remaining() == 3
    assert deadline.shorter(30).remaining() == 10
    await asyncio.sleep(10)
    assert deadline.passed
    with pytest.raises(DeadlinePassed):
        deadline.check()


@in_virtual_time
async def test_another_timeout_inside_a_deadline_stays_what_it_is():
    with pytest.raises(TimeoutError):
        async with Deadline.after(10).timeout():
            raise TimeoutError


@in_virtual_time
async def test_closing_closes_the_transport():
    client, wire = cluster([])
    await client.close()
    assert wire.closed


@in_virtual_time
async def test_a_create_without_a_name_cannot_be_looked_for_and_is_not_repeated():
    client, wire = cluster([lost()])
    with pytest.raises(Unreachable):
        await client.create({**POD, "metadata": {"generateName": "p-", "namespace": "x"}}, Deadline.after(60))
    assert wire.methods == "POST"


@in_virtual_time
async def test_a_replace_is_of_the_version_that_was_read():
    read = {**POD, "metadata": {**POD["metadata"], "resourceVersion": "4"}}
    client, wire = cluster([answer(200, POD), refusal(409, "Conflict", 'cannot be fulfilled on pods "p"')])
    await client.replace(read, Deadline.after(5))
    assert (wire.methods, wire.asked[0].body["metadata"]["resourceVersion"]) == ("PUT", "4")
    with pytest.raises(ApiError):
        await client.replace(read, Deadline.after(5))


@in_virtual_time
async def test_the_callers_deadline_also_ends_a_look():
    client, _ = cluster(lambda request: 1.0 if request.method == "GET" else lost())
    with pytest.raises(DeadlinePassed):
        await client.create(POD, Deadline.after(5), mine=mine)
    assert clock() == pytest.approx(5)


@in_virtual_time
async def test_a_refused_delete_is_an_error():
    client, _ = cluster([refusal(403, "Forbidden", 'pods "p" is forbidden: User "hub" cannot delete resource "pods"')])
    with pytest.raises(ApiError):
        await client.delete(kinds.POD, "x", "p", uid="u", deadline=Deadline.after(5))
