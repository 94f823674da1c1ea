"""Covers lists: selectors, pages at one version, the token after the history is gone, tables, representations."""

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def ten(http, config_map):
    for number in range(10):
        await http("POST", MAPS, config_map(f"m{number}", labels={"even": str(number % 2 == 0).lower()}))


def names(answer):
    return [item["metadata"]["name"] for item in answer["items"]]


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("even=true", 5),
        ("even!=true", 5),
        ("even in (true,false)", 10),
        ("even notin (true)", 5),
        ("even", 10),
        ("!even", 0),
    ],
)
async def test_labels_select(http, ten, selector, count):
    _, answer = await http("GET", f"{MAPS}?labelSelector={selector}")
    assert len([name for name in names(answer) if name.startswith("m")]) == count


async def test_pages_show_the_state_of_the_first_page(http, ten, config_map):
    _, first = await http("GET", f"{MAPS}?limit=4")
    assert first["metadata"]["remainingItemCount"] >= 6
    await http("DELETE", f"{MAPS}/m7")
    await http("POST", MAPS, config_map("m99"))
    await http("PATCH", f"{MAPS}/m8", {"data": {"a": "changed"}}, kind="application/merge-patch+json")
    _, second = await http("GET", f"{MAPS}?limit=500&continue={first['metadata']['continue']}")
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in second["metadata"]
    assert {"m7", "m8", "m9"} <= set(names(second))
    assert "m99" not in names(second)
    assert next(item["data"] for item in second["items"] if item["metadata"]["name"] == "m8") == {"a": "1"}


async def test_a_token_that_is_too_old_is_410_with_one_for_the_present(http, ten):
    _, first = await http("GET", f"{MAPS}?limit=4")
    await http("DELETE", f"{MAPS}/m9")
    http.cluster.store.compact()
    code, refusal = await http("GET", f"{MAPS}?limit=4&continue={first['metadata']['continue']}")
    assert (code, refusal["reason"]) == (410, "Expired")
    _, rest = await http("GET", f"{MAPS}?continue={refusal['metadata']['continue']}")
    assert "m9" not in names(rest)
    assert "m8" in names(rest)


async def test_a_list_of_one_kind_has_its_items_without_their_kind(http, ten):
    _, answer = await http("GET", MAPS)
    assert answer["kind"] == "ConfigMapList"
    assert "kind" not in answer["items"][0]


async def test_a_version_to_come_is_504(http):
    code, refusal = await http("GET", f"{MAPS}?resourceVersion=999999")
    assert (code, refusal["reason"]) == (504, "Timeout")


async def test_a_table_has_a_row_an_object(http, ten):
    headers = {
        "Authorization": f"Bearer {http.token}",
        "Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    }
    async with http.session.get(http.cluster.url + MAPS, headers=headers) as response:
        table = await response.json()
    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert table["rows"][-1]["cells"][:2] == ["m9", 1]
