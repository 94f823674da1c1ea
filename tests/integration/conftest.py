"""Whatever is started here has ended when the tests have; and a test that fails shows what its hub said."""

import pytest

from tests.support.leftovers import watched

__all__ = ["watched"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and world is not None:
        report.sections.append(("the hub's log", world.hub.hub.tail(60)))
    return report
