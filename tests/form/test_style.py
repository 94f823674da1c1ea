"""The style sheet: contrasts computed for both themes, targets large enough, nothing fetched from elsewhere."""

import re
from importlib.resources import files

import pytest

from tenantspawner.form import STATIC_FILE

CSS = re.sub(
    r"/\*.*?\*/",
    "",
    (files("tenantspawner.form") / "static" / STATIC_FILE).read_text(encoding="utf-8"),
    flags=re.DOTALL,
)
PAGE = {"light": "#ffffff", "dark": "#212529"}  # body of Bootstrap 5.3.8
START = {"light": r"^\.ts-form \{([^}]*)\}", "dark": r'^\[data-bs-theme="dark"\] \.ts-form \{([^}]*)\}'}


def colours(theme):
    (block,) = re.findall(START[theme], CSS, re.MULTILINE)
    return dict(re.findall(r"--ts-([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "least"), [("text", 4.5), ("quiet", 4.5), ("error", 4.5), ("edge", 3), ("accent", 3)]
)
@pytest.mark.parametrize("ground", ["ground", "chosen-ground", "page"])
def test_contrast(theme, colour, least, ground):
    known = {**colours(theme), "page": PAGE[theme]}
    assert contrast(known[colour], known[ground]) >= least


def test_every_colour_is_one_of_those():
    outside = re.sub("|".join(START.values()), "", CSS, flags=re.MULTILINE)
    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb", outside)


def test_nothing_is_fetched():
    assert "url(" not in CSS
    assert "@import" not in CSS


@pytest.mark.parametrize(
    ("selector", "size"),
    [(r"\.ts-text > input", 38), (r"\.ts-item > label", 26), (r'\.ts-form input\[type="radio"\]', 24)],
)
def test_targets_are_at_least_24_pixels_high(selector, size):
    (height,) = re.findall(rf"^{selector} \{{[^}}]*(?:min-)?block-size: ([0-9.]+)rem;", CSS, re.MULTILINE)
    assert float(height) * 16 == size >= 24


def test_only_the_chosen_profiles_controls_are_there():
    assert re.search(r"\.ts-pick:not\(:checked\) ~ \.ts-controls \{\s*display: none;", CSS)
