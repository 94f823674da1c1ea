"""A running control plane for a fixture, or the reason why there is none.

Without Go and without binaries the tests are skipped and say so, as nobody should need 8 minutes to try a change. In
continuous integration (``CI=true``) that would hide that nothing was tested, so there they fail.

Where Go is, the first use may build for minutes: run ``python -m tests.support.controlplane.build`` before, or give the
tests a timeout (``pytest.mark.timeout(1800)``) that allows it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from tests.support.controlplane.build import BinariesMissingError, find_binaries
from tests.support.controlplane.identities import Identity
from tests.support.controlplane.plane import ControlPlane


@contextmanager
def running_control_plane(
    identities: Iterable[Identity] = (),
    *,
    flags: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[ControlPlane]:
    """Start a plane for a fixture's life; skips, or fails under ``CI=true``, where there are no binaries."""
    try:
        find_binaries()
    except BinariesMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with ControlPlane(identities, flags=flags) as plane:
        yield plane
