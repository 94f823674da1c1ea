"""One control plane for the drift tests; its scheduler is paused, as the embedded cluster has none either here."""

import pytest

from tests.integration.drift.clusters import IDENTITIES
from tests.support.controlplane.fixture import running_control_plane


@pytest.fixture(scope="session")
def plane():
    with running_control_plane(IDENTITIES) as running:
        if running.has("kube-scheduler"):
            running.pause("kube-scheduler")
        yield running
