"""The pages themselves: links lead somewhere, the reference is whole, the picture is small, Sphinx has no complaint."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from tenantspawner.spawner import TenantSpawner
from tenantspawner.tenancy import schema
from tests.docs.blocks import PAGES, ROOT

sys.path.append(str(ROOT / "docs" / "_ext"))
import commandline
import document
import failures
import settings
from meanings import MEANINGS, ORDER

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    relative = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in relative if not (page.parent / link).exists()] == []


def test_every_key_of_the_document_has_a_meaning():
    whole = schema()
    models = {"Tenancy": whole, **whole["$defs"]}
    assert {name: {"", *model["properties"]} for name, model in models.items()} == {
        name: set(keys) for name, keys in MEANINGS.items()
    }
    assert sorted(ORDER) == sorted(MEANINGS)


def test_every_setting_of_ours_and_of_kubespawner_has_words_and_a_topic():
    ours = {
        name: trait
        for name, trait in TenantSpawner.class_traits(config=True).items()
        if trait.this_class.__module__.startswith("tenantspawner.")
    }
    assert [name for name, trait in ours.items() if not trait.help] == []
    page = settings.page()
    assert [name for name in ours if not re.search(rf"`c\.\w+\.{name}`\n", page)] == []


def test_every_command_and_every_error_is_told():
    assert re.findall(r"^## (\w+)$", commandline.page(), re.MULTILINE) == [
        "budget",
        "check",
        "explain",
        "demo",
        "rbac",
        "schema",
    ]
    assert "`BudgetExhausted` | 409" in failures.page()
    assert "`tenants`" in document.page()


def test_the_picture_is_there_and_small():
    assert 10_000 < (ROOT / "docs" / "_static" / "picker.png").stat().st_size <= 100_000


def test_nothing_names_a_path_of_a_workplace():
    assert [str(page) for page in PAGES if "/work/" in page.read_text()] == []


def test_sphinx_builds_the_pages_without_a_warning(tmp_path):
    if importlib.util.find_spec("sphinx") is None:
        missing = "Sphinx is not installed here: pip install -e '.[docs]'"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    call = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "/picker.png" in (tmp_path / "index.html").read_text()
