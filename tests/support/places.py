"""Where a hub's tests run: on the embedded cluster with each JupyterHub, and on a real control plane with the newer one.

The older JupyterHub stays on the embedded cluster: what a cluster does does not depend on the hub's version. A world on
Kubernetes has a control plane of its own, since all worlds have the same namespaces; `a_world` starts and ends it.
"""

from collections.abc import Callable
from typing import Any

import pytest

VERSIONS = ("6.1", "5.5")
ON_KUBERNETES = "6.1 on Kubernetes"
KUBERNETES = pytest.param(ON_KUBERNETES, marks=[pytest.mark.realcluster, pytest.mark.timeout(600)])
PLACES = (*VERSIONS, KUBERNETES)
NEWEST = ("6.1", KUBERNETES)
"""For what does not depend on the hub's version either."""


def embedded_only(why: str, *, fixture: str = "world") -> Callable[[Any], Any]:
    """Run a test on the embedded cluster alone; `why` says what the real one has not, and what covers it there."""
    assert why.strip(), "say why it cannot run on the real cluster"
    return pytest.mark.parametrize(fixture, VERSIONS, indirect=True)
