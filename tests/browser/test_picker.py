"""The form inside the hub's own page, measured in Chromium without JavaScript, light and dark, wide and narrow."""

import pytest

from tests.browser.document import ARABIC, EVIL, LONG
from tests.browser.measure import announced, colours, contrast, groups, sizes, tab_stops

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PEOPLE = ("ann", "mallory", "omar", "len", "solo", "nobody")
PICK = "input[name=server][value='{}']"


async def theme(page, name):
    await page.evaluate("name => document.documentElement.setAttribute('data-bs-theme', name)", name)


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("width", [320, 900])
async def test_nothing_scrolls_sideways(window, name, width):
    page = await window(name, width=width)
    assert await page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [320, 900])
async def test_targets_are_at_least_24_pixels(window, width):
    page = await window("ann", width=width)
    await page.check(PICK.format("physics/gpu"))
    for name, across, high in await sizes(page):
        assert min(across, high) >= 24, name


async def test_the_whole_card_is_the_target(window):
    page = await window("ann")
    card = page.locator(".ts-card", has=page.locator(PICK.format("physics/third")))
    box = await card.bounding_box()
    await page.mouse.click(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    assert await page.locator(PICK.format("physics/third")).is_checked()


@pytest.mark.parametrize("name", ["light", "dark"])
async def test_edges_stand_out_3_to_1(window, name):
    page = await window("ann")
    await page.check(PICK.format("physics/gpu"))
    await theme(page, name)
    edges = await colours(page, "label.ts-name, .ts-form select, .ts-text > input")
    assert len(edges) >= 6
    for one in edges:
        assert contrast(one["edge"], one["outside"]) >= 3, one
        assert contrast(one["edge"], one["within"]) >= 3, one


@pytest.mark.parametrize("person", ["ann", "nobody"])
@pytest.mark.parametrize("name", ["light", "dark"])
async def test_texts_stand_out_4_and_a_half_to_1(window, name, person):
    page = await window(person)
    await theme(page, name)
    texts = await colours(page, ".ts-form p, .ts-form label, .ts-form legend, .ts-form h2, .ts-form select")
    assert texts
    for one in texts:
        assert contrast(one["text"], one["within"]) >= 4.5, one


@pytest.mark.parametrize("name", PEOPLE)
async def test_no_two_controls_are_announced_alike(window, name):
    page = await window(name)
    for pick in [*await page.locator("input[name=server]:enabled:not([type=hidden])").all(), None]:
        if pick is not None:
            await pick.check()
        names = await announced(page)
        assert len(set(names)) == len(names)


async def test_teams_and_their_profiles_are_named_groups(window):
    page = await window("ann")
    named = await groups(page)
    assert {"Choose a server", "Physics", "Chemistry"} <= set(named)
    assert await page.locator("h1").all_inner_texts() == ["Server Options"]
    assert await page.locator(".ts-form h2").all_inner_texts() == ["Physics", "Chemistry"]


async def test_only_the_chosen_profiles_controls_are_tab_stops(window):
    page = await window("ann")
    assert await tab_stops(page) == ["server", "image@physics/small", "Start"]
    await page.check(PICK.format("physics/gpu"))
    assert await tab_stops(page) == ["server", "image@physics/gpu", "devices@physics/gpu", "Start"]


async def test_the_fifth_profile_with_2_gpus_is_fewer_than_18_keys_away(window):
    page = await window("ann")
    await page.locator("input[name=server]:checked").focus()
    keys = ["ArrowDown"] * 4 + ["Tab"] * 2 + ["ArrowDown"] + ["Tab"]
    for key in keys:
        await page.keyboard.press(key)
    assert await page.locator(PICK.format("physics/gpu")).is_checked()
    assert await page.locator("select[name='devices@physics/gpu']").input_value() == "2"
    assert len([*keys, "Enter"]) < 18


@pytest.mark.parametrize(
    "text", [".ts-team-name", "label.ts-name >> nth=0", ".ts-about p >> nth=0", ".ts-item span >> nth=0"]
)
async def test_texts_that_people_wrote_find_their_own_direction(window, text):
    page = await window("omar")
    right, left = page.locator(text).first, (await window("ann")).locator(text).first
    assert ARABIC in await right.inner_text()
    assert await right.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert await left.evaluate("one => getComputedStyle(one).direction") == "ltr"


async def test_a_page_from_right_to_left_mirrors_by_itself(window):
    page = await window("ann")
    await page.evaluate("document.documentElement.dir = 'rtl'")
    pick, card = page.locator(".ts-pick").first, page.locator(".ts-card").first
    box, around = await pick.bounding_box(), await card.bounding_box()
    assert box["x"] > around["x"] + around["width"] / 2


@pytest.mark.parametrize("script", [False, True])
async def test_script_in_any_text_is_text(window, script):
    page = await window("mallory", script=script)
    shown = await page.locator(".ts-form").inner_text()
    assert shown.count(EVIL) >= 6
    assert await page.locator(".ts-form :is(img, script)").count() == 0
    assert await page.evaluate("window.broken") is None


async def test_long_names_wrap_inside_their_card(window):
    page = await window("len", width=320)
    card = await page.locator(".ts-card").first.bounding_box()
    for one in await page.locator(".ts-card >> nth=0 >> label, .ts-card >> nth=0 >> p").all():
        box = await one.bounding_box()
        if box and await one.is_visible():
            assert box["x"] + box["width"] <= card["x"] + card["width"] + 1
    assert LONG in await page.locator(".ts-form").inner_text()


async def test_one_profile_is_one_button(window):
    page = await window("solo")
    assert await page.locator(".ts-form input:not([type=hidden])").count() == 0
    assert [name for name in await announced(page) if name.startswith("button") and "Start" in name] == [
        "button: Start"
    ]


async def test_somebody_without_anything_to_start_is_told_who_to_ask(window):
    page = await window("nobody")
    assert "help@example.edu" in await page.locator(".ts-nothing").inner_text()
    assert not await page.get_by_role("button", name="Start").is_visible()


async def test_what_cannot_be_had_is_shown_with_the_reason(window):
    page = await window("ann")
    assert await page.locator(PICK.format("physics/huge")).is_disabled()
    assert "You may use 4 CPUs" in await page.locator(".ts-card", has_text="Huge").inner_text()
    await page.check(PICK.format("physics/gpu"))
    assert await page.locator("select[name='devices@physics/gpu'] option[disabled]").all_inner_texts() == [
        "4 (you may use 2)"
    ]


async def test_the_form_brings_no_script_and_no_inline_style(window):
    page = await window("ann")
    assert await page.locator(".ts-form script, .ts-form style, .ts-form [style], .ts-form [onclick]").count() == 0
