"""One hub, one cluster and one Chromium for all tests in a browser; each test has a window of its own.

JavaScript is switched off unless a test asks for it: the form must be whole without. Chromium is the system's; nothing
is downloaded, and nothing but loopback is talked to.
"""

import os
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from tests.browser.document import HUB, TENANCY
from tests.support.hubs import PASSWORD, a_world
from tests.support.leftovers import watched

__all__ = ["watched"]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(nothing_is_left):
    async with a_world(tenancy=TENANCY, config=HUB) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(nothing_is_left):
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is not installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sessions(world, chromium):
    """Log in with the login page, once a person; the cookies are kept for later windows."""
    known = {}

    async def session(name: str):
        if name not in known:
            context = await chromium.new_context(java_script_enabled=False, base_url=world.hub.url)
            page = await context.new_page()
            await page.goto("/hub/login?next=%2Fhub%2Ftoken")
            await page.fill("#username_input", name)
            await page.fill("#password_input", PASSWORD)
            await page.press("#password_input", "Enter")
            await page.wait_for_url("**/hub/token")
            known[name] = await context.storage_state()
            await context.close()
        return known[name]

    return session


@pytest_asyncio.fixture(loop_scope="session")
async def window(world, chromium, sessions):
    """Open a window for somebody, at the form."""
    contexts = []

    async def opened(name: str, *, width: int = 900, script: bool = False, path: str = "") -> Page:
        context = await chromium.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            base_url=world.hub.url,
            storage_state=await sessions(name),
        )
        contexts.append(context)
        page = await context.new_page()
        await page.goto(path or f"/hub/spawn/{name}")
        return page

    yield opened
    for context in contexts:
        await context.close()
