"""``python -m tests.browser.picture [FILE]``: takes the picture of the picker that README shows.

The demo's own university, on the embedded cluster, as Dave sees it, who is in two departments.
"""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import async_playwright

from tenantspawner.localcluster.demo.command import rights
from tenantspawner.localcluster.demo.people import HUB_CONFIG, PASSWORD, university
from tenantspawner.localcluster.demo.world import World, WorldOptions
from tests.browser.conftest import CHROMIUM, FLAGS

FILE = Path(__file__).parents[2] / "docs" / "_static" / "picker.png"
PERSON = "dave"
SIZE = {"width": 820, "height": 400}


async def take(file: Path) -> None:
    options = WorldOptions(tenancy=university(), hub_config=HUB_CONFIG, manifests=await rights())
    async with World(options) as world, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await browser.new_page(viewport=SIZE, base_url=world.hub.url)
        await page.goto(f"/hub/login?next=/hub/spawn/{PERSON}")
        await page.fill("#username_input", PERSON)
        await page.fill("#password_input", PASSWORD)
        await page.press("#password_input", "Enter")
        await page.get_by_label("PyTorch with CUDA 12 as Image of Small, Institute of Biology").check()
        await page.mouse.move(1, 1)
        await page.screenshot(path=file, full_page=True)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE))
