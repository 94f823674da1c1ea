"""Covers the house's walls: who may import whom (pyproject.toml, import-linter), types, and style.

Each is the very command a developer runs, so that `make test` and `make lint` cannot disagree.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command",
    [["lint-imports"], ["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["import contracts", "ruff check", "ruff format", "mypy strict"],
)
def test_the_house_is_in_order(command):
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_forbidden_import_is_found(tmp_path):
    """The contracts can fail: a copy of the package with one wrong import does."""
    (tmp_path / "tenantspawner").mkdir()
    for source in (ROOT / "tenantspawner").rglob("*.py"):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text())
    quantities = tmp_path / "tenantspawner/kube/quantities.py"
    quantities.write_text(quantities.read_text() + "\nimport asyncio\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    done = subprocess.run([BIN / "lint-imports"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "tenantspawner.kube.quantities -> asyncio" in done.stdout
