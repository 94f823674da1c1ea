"""What a form is like for the eye, the hand, the keyboard and the ear: measured in the page, told as plain values."""

from playwright.async_api import Page

CONTROLS = ".ts-form input:not([type=hidden]), .ts-form select"

# A colour as the browser computes it, on the first ground behind it that is not transparent.
_COLOURS = """
(selector) => {
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll(selector)]
    .filter((one) => one.getClientRects().length)
    .map((one) => ({
      what: one.tagName + " " + one.className + " " + (one.name || ""),
      text: getComputedStyle(one).color,
      edge: getComputedStyle(one, one.matches("label.ts-name, h3.ts-name") ? "::after" : null).borderTopColor,
      within: ground(one),
      outside: ground(one.closest(".ts-card")?.parentElement || one.parentElement),
      beside: ground(one.parentElement),
    }));
}
"""
_SIZES = """
(selector) => [...document.querySelectorAll(selector)]
  .map((one) => [one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.height)
  .map(([name, box]) => [name, box.width, box.height])
"""


async def colours(page: Page, selector: str) -> list[dict[str, str]]:
    """Colours of what is visible: text, edge, the ground within, beside and outside the card."""
    found: list[dict[str, str]] = await page.evaluate(_COLOURS, selector)
    return found


async def sizes(page: Page) -> list[tuple[str, float, float]]:
    """Name, width and height of every visible control."""
    return [tuple(one) for one in await page.evaluate(_SIZES, CONTROLS)]


async def announced(page: Page) -> list[str]:
    """What a screen reader is told of each control: role and name, as Chromium's accessibility tree has them."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    roles = {"radio", "combobox", "textbox", "button", "checkbox"}
    return [
        f"{node['role']['value']}: {node['name']['value']}"
        for node in tree["nodes"]
        if not node.get("ignored") and node.get("role", {}).get("value") in roles and "name" in node
    ]


async def groups(page: Page) -> list[str]:
    """The names of the named groups."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    return [
        node["name"]["value"]
        for node in tree["nodes"]
        if node.get("role", {}).get("value") == "group" and node.get("name", {}).get("value")
    ]


async def focused(page: Page) -> str:
    """What has the focus: the name of a control, or its words."""
    return str(await page.evaluate("document.activeElement.name || document.activeElement.innerText || ''")).strip()


async def tab_stops(page: Page, last: str = "Start") -> list[str]:
    """From the form's first control on: what Tab reaches, up to the Start button."""
    await page.locator("input[name=server]:checked").focus()
    stops = [await focused(page)]
    while stops[-1] != last and len(stops) < 50:
        await page.keyboard.press("Tab")
        stops.append(await focused(page))
    return stops


def contrast(one: str, other: str) -> float:
    """The ratio of two colours by WCAG 2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
