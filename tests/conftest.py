"""What every test may use.

Golden files are written anew by ``pytest --update-goldens`` (look at the difference then); examples of properties are the same at each run.
"""

from pathlib import Path

import pytest
from hypothesis import settings
from traitlets.config import Application

from tests.support.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]

# The same examples each time: a run that fails fails again. `--hypothesis-profile=search` looks for new ones.
settings.register_profile("repeatable", derandomize=True, max_examples=30, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture
def golden(request):
    """Compare a text with the file of that name in `goldens` beside the test, or write it."""
    folder = Path(request.path).parent / "goldens"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-goldens"):
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(autouse=True)
def _each_test_its_own_command_line():
    """traitlets keeps one application a process; a command's must not be in the way of the next test's."""
    yield
    running = Application._instance
    if running is not None and type(running).__module__.startswith("tenantspawner."):
        type(running).clear_instance()
