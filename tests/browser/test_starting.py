"""From the login page to a running server, and what happens to a choice on the way: in Chromium, without JavaScript."""

import pytest

from tenantspawner.kube import kinds
from tests.support.hubs import eventually, namespace_of, objects, pods

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PICK = "input[name=server][value='{}']"


def images(world, username, tenant):
    return [pod["spec"]["containers"][0]["image"] for pod in pods(world, namespace_of(username, tenant))]


async def test_choose_submit_and_end_up_at_the_running_server(window, world):
    page = await window("ann")
    await page.check(PICK.format("physics/gpu"))
    await page.get_by_label("Another as Image of With GPUs").check()
    await page.get_by_label("GPUs of With GPUs").select_option("2")
    await page.get_by_role("button", name="Start").click()

    async def arrived():
        await page.goto("/user/ann/")
        return "answers GET /user/ann/" in await page.content()

    await eventually(arrived, 30)
    (pod,) = pods(world, namespace_of("ann"))
    container = pod["spec"]["containers"][0]
    assert container["image"] == "localhost/light-other:1"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"

    # The choice is kept for the next time.
    await stopped(page, world, "ann")
    await page.goto("/hub/spawn/ann")
    assert await page.locator(PICK.format("physics/gpu")).is_checked()
    assert await page.get_by_label("Another as Image of With GPUs").is_checked()
    assert await page.get_by_label("GPUs of With GPUs").input_value() == "2"


async def test_one_button_starts_the_one_thing_there_is(window, world):
    page = await window("solo")
    await page.get_by_role("button", name="Start").click()
    await eventually(lambda: images(world, "solo", "solo") == ["localhost/light:1"], 30)
    await stopped(page, world, "solo")


async def test_a_refused_text_stays_and_the_sentence_is_tied_to_its_field(window, world):
    page = await window("ann")
    await page.check(PICK.format("physics/second"))
    await page.get_by_label("Another image as Image of Second").check()
    field = page.get_by_label("Other image for Image, Second")
    await field.fill("registry.example.org/miner:1")
    await page.get_by_role("button", name="Start").click()

    field = page.get_by_label("Other image for Image, Second")
    assert await field.input_value() == "registry.example.org/miner:1"
    assert await field.get_attribute("aria-invalid") == "true"
    tied = (await field.get_attribute("aria-describedby")).split()
    sentences = [await page.locator(f"[id='{one}']").inner_text() for one in tied]
    assert "registry.example.org/miner:1 is not among Physics' images." in sentences
    assert "Allowed: localhost/light-free/*" in sentences
    assert "is not among Physics' images." in await page.locator(".spawn-error-msg").inner_text()
    assert await page.locator(PICK.format("physics/second")).is_checked()
    assert "registry.example.org/miner:1" not in images(world, "ann", "physics")


async def test_a_refused_option_says_so_at_its_field(window):
    page = await window("ann")
    await page.check(PICK.format("chemistry/hub:classic"))
    await page.get_by_label("Note of From the hub").select_option(label="Other...")
    await page.get_by_label("Your note for Note, From the hub").fill("NOT SMALL")
    await page.get_by_role("button", name="Start").click()
    field = page.get_by_label("Your note for Note, From the hub")
    assert await field.input_value() == "NOT SMALL"
    assert await field.get_attribute("aria-invalid") == "true"


async def test_a_link_fills_in_and_never_starts(window, world):
    page = await window("ann", path="/hub/spawn/ann?tenant=physics&profile=gpu&image=other&devices=2")
    assert await page.locator(PICK.format("physics/gpu")).is_checked()
    assert await page.get_by_label("Another as Image of With GPUs").is_checked()
    assert await page.get_by_label("GPUs of With GPUs").input_value() == "2"
    assert pods(world, namespace_of("ann")) == []


async def test_a_link_to_what_one_may_not_have_says_so(window):
    page = await window("ann", path="/hub/spawn/ann?tenant=physics&profile=secret")
    notice = await page.locator(".ts-notice").inner_text()
    assert notice.startswith("Not all of this link holds for you.")


async def stopped(page, world, name):
    cookies = {one["name"]: one["value"] for one in await page.context.cookies()}
    answer = await page.request.delete(
        f"/hub/api/users/{name}/server",
        headers={"X-XSRFToken": cookies["_xsrf"], "Referer": f"{world.hub.url}/hub/home"},
    )
    assert answer.status in {202, 204}, await answer.text()
    await eventually(lambda: not [one for one in objects(world, kinds.POD) if name in one["metadata"]["name"]], 20)
