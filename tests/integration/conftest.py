"""One suite, two clusters: `cluster` is one of each kind in turn. Whatever is started here has ended when the tests have; and a test
that fails shows what its hub said."""

import pytest

from tests.support.clusters import IDENTITIES, either_cluster
from tests.support.controlplane.fixture import running_control_plane
from tests.support.controlplane.identities import Identity
from tests.support.leftovers import watched
from tests.support.places import CLUSTERS

__all__ = ["watched"]

HUBS = ("paused", "burst", "one", "two", "first", "twin", "stranger", "narrow", "shared", "lone", "queued")


def a_hub_account(namespace):
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return Identity(f"system:serviceaccount:{namespace}:hub", groups)


@pytest.fixture(scope="session")
def plane(nothing_is_left):
    """The real control plane of these tests; each has namespaces of its own in it, and leaves the plane as it was."""
    with running_control_plane([*IDENTITIES, *(a_hub_account(name) for name in HUBS)]) as running:
        yield running


@pytest.fixture(params=CLUSTERS)
async def cluster(request):
    """A cluster without a hub, first the embedded and then the real one."""
    async with either_cluster(request.param, lambda: request.getfixturevalue("plane")) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and world is not None:
        report.sections.append(("the hub's log", world.hub.hub.tail(60)))
    return report
