"""Covers a demo that is ended while one of its threads works: what the thread makes is not left behind.

The moment is made wide here by slow threads; `test_demo.py` sends real signals at real moments.
"""

import asyncio
import time
from contextlib import suppress

import pytest

from tenantspawner.localcluster import LocalCluster, cluster
from tenantspawner.localcluster.demo import world

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def begun(task, seen):
    """Wait until a start has come to the slow thing, and end it then, as Ctrl-C does."""
    while not seen:
        await asyncio.sleep(0.01)
        assert not task.done(), task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_the_process_that_waits_for_the_end_ends_too(monkeypatch, tmp_path):
    seen = []

    class Slow(world.Mourner):
        def __init__(self):
            super().__init__()
            seen.append(self._child)
            time.sleep(0.3)

    monkeypatch.setattr(world, "Mourner", Slow)
    start = asyncio.create_task(world.World(world.WorldOptions(tenancy="")).__aenter__())
    await begun(start, seen)
    assert seen[0].poll() is not None


async def test_the_folder_of_certificates_stays_gone(monkeypatch, tmp_path):
    seen = []
    make = cluster.make_certificates

    def slow(directory):
        seen.append(directory)
        time.sleep(0.3)
        directory.mkdir(exist_ok=True)  # a file that is written while the folder is removed keeps it
        return make(directory)

    monkeypatch.setattr(cluster, "make_certificates", slow)
    await begun(asyncio.create_task(LocalCluster({}).start()), seen)
    await asyncio.sleep(0.6)
    assert not seen[0].exists()
