"""Covers watches: order, resuming, selections, bookmarks, 410, clean ends."""

import asyncio

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


async def collect(watch, count):
    events = []
    async for event in watch:
        events.append(event)
        if len(events) == count:
            break
    return [(event["type"], event["object"]["metadata"].get("name")) for event in events]


async def test_a_watch_without_a_version_begins_with_what_is_there(http, config_map):
    await http("POST", MAPS, config_map("a", labels={"ours": "1"}))
    watch = asyncio.create_task(collect(http.watch(MAPS, labelSelector="ours"), 3))
    await asyncio.sleep(0.1)
    await http("POST", MAPS, config_map("b", labels={"ours": "1"}))
    await http("DELETE", f"{MAPS}/a")
    assert await watch == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


async def test_a_watch_resumes_after_the_version_of_a_list(http, config_map):
    _, before = await http("GET", MAPS)
    await http("POST", MAPS, config_map("a"))
    await http("PATCH", f"{MAPS}/a", {"data": {"a": "2"}}, kind="application/merge-patch+json")
    version = before["metadata"]["resourceVersion"]
    only = {"fieldSelector": "metadata.name=a"}
    assert await collect(http.watch(MAPS, resourceVersion=version, **only), 2) == [("ADDED", "a"), ("MODIFIED", "a")]


async def test_a_deletion_has_a_version_of_its_own(http, config_map):
    _, made = await http("POST", MAPS, config_map("a"))
    version = made["metadata"]["resourceVersion"]
    await http("DELETE", f"{MAPS}/a")
    async for event in http.watch(MAPS, resourceVersion=version, fieldSelector="metadata.name=a"):
        assert event["type"] == "DELETED"
        assert int(event["object"]["metadata"]["resourceVersion"]) > int(version)
        break


async def test_a_version_that_is_too_old_is_an_error_event_with_410(http, config_map):
    _, before = await http("GET", MAPS)
    await http("POST", MAPS, config_map("a"))
    http.cluster.store.compact()
    events = [event async for event in http.watch(MAPS, resourceVersion=before["metadata"]["resourceVersion"])]
    assert [event["type"] for event in events] == ["ERROR"]
    assert (events[0]["object"]["code"], events[0]["object"]["reason"]) == (410, "Expired")


async def test_what_comes_into_a_selection_is_added_and_what_leaves_it_deleted(http, config_map):
    merge = "application/merge-patch+json"
    await http("POST", MAPS, config_map("a"))
    _, before = await http("GET", MAPS)
    await http("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"l": "1"}}}, kind=merge)
    await http("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, kind=merge)
    await http("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"l": None}}}, kind=merge)
    version = before["metadata"]["resourceVersion"]
    seen = await collect(http.watch(MAPS, resourceVersion=version, labelSelector="l=1"), 3)
    assert [kind for kind, _ in seen] == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_watch_ends_cleanly_at_its_time(http):
    assert [event async for event in http.watch(MAPS, timeoutSeconds=1, resourceVersion=1)][:1] != ["ERROR"]


async def test_bookmarks_tell_how_far_a_quiet_watch_has_come(http, config_map):
    http.cluster.api.bookmark_every = 0.1
    _, made = await http("POST", "/api/v1/namespaces/kube-system/configmaps", config_map("elsewhere"))
    version = made["metadata"]["resourceVersion"]
    async for event in http.watch(
        MAPS, resourceVersion=version, allowWatchBookmarks="true", fieldSelector="metadata.name=none"
    ):
        assert event["type"] == "BOOKMARK"
        assert int(event["object"]["metadata"]["resourceVersion"]) >= int(version)
        break


async def test_initial_events_end_with_a_marked_bookmark(http, config_map):
    await http("POST", MAPS, config_map("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async for event in http.watch(MAPS, **query):
        if event["type"] == "BOOKMARK":
            assert event["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
            break
        assert event["object"]["metadata"]["name"] in {"a", "kube-root-ca.crt"}


@pytest.mark.parametrize("how", ["cut", "close"])
async def test_a_cut_watch_ends_without_half_a_line(http, how):
    async def read():
        return [event async for event in http.watch(MAPS)]

    watch = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    if how == "cut":
        assert http.cluster.api.cut_watches() == 1
    else:
        await http.cluster.close()
    events = await asyncio.wait_for(watch, 3)
    assert all(event["type"] == "ADDED" for event in events)


async def test_thousands_of_changes_reach_a_hundred_watches(http, config_map):
    watches = [asyncio.create_task(collect(http.watch(MAPS, labelSelector="many"), 50)) for _ in range(100)]
    await asyncio.sleep(0.5)
    for number in range(50):
        await http("POST", MAPS, config_map(f"m{number}", labels={"many": "1"}))
    async with asyncio.timeout(20):
        results = await asyncio.gather(*watches)
    assert all(len(result) == 50 for result in results)
