"""Where tests run: on the embedded cluster and on a real control plane; those of a hub with each JupyterHub and with the newer one.

The older JupyterHub stays on the embedded cluster: what a cluster does does not depend on the hub's version. A world on
Kubernetes has a control plane of its own, since all worlds have the same namespaces; `a_world` starts and ends it. Tests without
a hub share one, in namespaces of their own; see `clusters`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

VERSIONS = ("6.1", "5.5")
ON_KUBERNETES = "6.1 on Kubernetes"
KUBERNETES = pytest.param(ON_KUBERNETES, marks=[pytest.mark.realcluster, pytest.mark.timeout(600)])
PLACES = (*VERSIONS, KUBERNETES)
NEWEST = ("6.1", KUBERNETES)
"""For what does not depend on the hub's version either."""
EMBEDDED = "embedded"
CLUSTERS = (EMBEDDED, pytest.param("Kubernetes", marks=[pytest.mark.realcluster, pytest.mark.timeout(1800)]))
"""For what needs no hub."""


def embedded_only(why: str, *, fixture: str = "world", versions: Sequence[str] = VERSIONS) -> Callable[[Any], Any]:
    """Run a test on the embedded cluster alone; `why` says what the real one has not, and what covers it there.

    `versions` are the JupyterHubs, where there is one. A test that covers it is named as ``real/test_file.py::test_name``, from `tests/integration` or from `tests`.
    """
    assert why.strip(), "say why it cannot run on the real cluster"
    places = (EMBEDDED,) if fixture == "cluster" else versions

    def decorate(test: Any) -> Any:
        test.embedded_only = why
        return pytest.mark.parametrize(fixture, places, indirect=True)(test)

    return decorate
