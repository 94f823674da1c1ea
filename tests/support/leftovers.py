"""Nothing that a test has started outlives the session: no process, no directory, no open port.

The session has a temporary directory of its own. What is started in it knows that directory from its environment, so
that a process that lost its parent is found too, and other sessions on this machine are not mistaken for ours.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SETTLE = 10.0  # seconds


@pytest.fixture(scope="session")
def nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    here = tmp_path_factory.mktemp("run")
    before = _children() | _ports()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(here))
        patch.setenv("TMPDIR", str(here))
        yield
    limit = time.monotonic() + SETTLE
    while (left := _left(here, before)) and time.monotonic() < limit:
        time.sleep(0.2)  # what was told to end may need a moment on a busy machine
    assert not left, "left over: " + "; ".join(sorted(left))


@pytest.fixture(autouse=True)
def watched(nothing_is_left: None) -> None:
    """For a folder's conftest: every test of it counts. One fixture a session looks, so that it is the last to end."""


def _left(here: Path, before: set[str]) -> set[str]:
    folders = {f"directory {path}" for path in here.glob("tenant*")}
    return (_children() | _ports()) - before | _started_in(here) | folders


def _children() -> set[str]:
    return {_named(child) for child in psutil.Process().children(recursive=True)}


def _ports() -> set[str]:
    found = psutil.Process().net_connections()
    return {f"port {item.laddr.port}" for item in found if item.status == psutil.CONN_LISTEN}


def _started_in(here: Path) -> set[str]:
    found = set()
    for process in psutil.process_iter():
        try:
            mine = process.pid != os.getpid() and process.environ().get("TMPDIR", "").startswith(str(here))
        except psutil.Error:
            continue
        if mine:
            found.add(_named(process))
    return found


def _named(process: psutil.Process) -> str:
    try:
        return f"process {process.pid}: {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"process {process.pid}"
