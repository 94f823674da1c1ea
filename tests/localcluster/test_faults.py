"""Covers the fault script: every kind of fault, each in one line, and what the API's own log says of it."""

import asyncio
import json
import time

import aiohttp
import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


def logged(cluster, verb):
    return [row.code for row in cluster.requests if row.verb == verb and row.plural == "configmaps"]


async def test_an_answer_is_given_as_often_as_was_said(http, config_map):
    http.cluster.faults.answer(503, verb="create", resource="configmaps", times=2)
    codes = [(await http("POST", MAPS, config_map("a")))[0] for _ in range(3)]
    assert codes == [503, 503, 201]
    assert logged(http.cluster, "create") == [503, 503, 201]


async def test_too_many_requests_says_when_to_come_back(http):
    http.cluster.faults.answer(429, verb="list", retry_after=2)
    headers = {"Authorization": f"Bearer {http.token}"}
    async with http.session.get(http.cluster.url + MAPS, headers=headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "2")
        assert (await response.json())["details"] == {"retryAfterSeconds": 2}


async def test_a_lost_answer_was_executed(http, config_map):
    http.cluster.faults.lose_answer(verb="create", name="")
    with pytest.raises(aiohttp.ClientConnectionError):
        await http("POST", MAPS, config_map("a"))
    assert (await http("GET", f"{MAPS}/a"))[0] == 200
    assert logged(http.cluster, "create") == [0]


async def test_a_reset_was_not_executed(http, config_map):
    http.cluster.faults.reset(verb="create", resource="configmaps")
    with pytest.raises(aiohttp.ClientConnectionError):
        await http("POST", MAPS, config_map("a"))
    assert (await http("GET", f"{MAPS}/a"))[0] == 404


async def test_an_answer_can_come_late(http):
    http.cluster.faults.delay(0.2, verb="list", namespace="default")
    started = time.monotonic()
    await http("GET", MAPS)
    assert time.monotonic() - started >= 0.2


async def test_raw_bytes_arrive_as_they_are(http):
    http.cluster.faults.raw(b"<html>down</html>", status=503, content_type="text/html", verb="get")
    assert await http("GET", f"{MAPS}/a") == (503, "<html>down</html>")


async def test_gone_reaches_a_watch_as_an_event(http):
    http.cluster.faults.gone(verb="watch")
    headers = {"Authorization": f"Bearer {http.token}"}
    async with http.session.get(f"{http.cluster.url}{MAPS}?watch=1&resourceVersion=1", headers=headers) as response:
        assert response.status == 200
        assert json.loads(await response.read())["object"]["code"] == 410


async def test_any_bytes_can_be_put_into_an_open_watch(http):
    lines: list[bytes] = []

    async def read():
        headers = {"Authorization": f"Bearer {http.token}"}
        async with http.session.get(f"{http.cluster.url}{MAPS}?watch=1&resourceVersion=1", headers=headers) as response:
            while chunk := await response.content.readany():
                lines.append(chunk)

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    assert http.cluster.api.send_to_watches(b'{"type": "MODIF\n') == 1
    http.cluster.api.cut_watches()
    await asyncio.wait_for(reading, 3)
    assert b'{"type": "MODIF\n' in b"".join(lines)


async def test_a_function_may_choose_the_request(http):
    http.cluster.faults.answer(
        500, where=lambda asked: asked.name.startswith("x") and asked.user == "admin", times=None
    )
    assert (await http("GET", f"{MAPS}/xa"))[0] == 500
    assert (await http("GET", f"{MAPS}/a"))[0] == 404
    http.cluster.faults.clear()
    assert (await http("GET", f"{MAPS}/xa"))[0] == 404


async def test_after_so_many_calls_nothing_is_answered_any_more(http, config_map):
    stop = http.cluster.faults.stop_after(2, user="admin")
    assert (await http("POST", MAPS, config_map("a")))[0] == 201
    assert (await http("POST", MAPS, config_map("b")))[0] == 201
    for _ in range(2):
        with pytest.raises(aiohttp.ClientConnectionError):
            await http("POST", MAPS, config_map("c"))
    assert stop.hits >= 2
    http.cluster.faults.clear()
    assert (await http("GET", f"{MAPS}/c"))[0] == 404


async def test_an_answer_may_never_come(http, config_map):
    http.cluster.faults.hang(verb="create")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await http("POST", MAPS, config_map("a"))
    assert (await http("GET", f"{MAPS}/a"))[0] == 404
