"""Covers that a refusal is no failure to JupyterHub 5, which counts every exception, also while other people's starts succeed.

The hub's counting is played here, call for call as its handler does it; the hub itself is in tests/integration/test_hub_budgets.py.
"""

import asyncio
from types import SimpleNamespace

import pytest

from tenantspawner import hub
from tenantspawner.errors import Denied, Misconfigured

LIMIT = 5


class Counting:
    """The part of JupyterHub 5.5's handler that counts failures: `spawn_single_user`, the callbacks at its end."""

    def __init__(self):
        self.settings = {}
        self.ended = False

    def begin(self, start):
        spawner = SimpleNamespace(handler=self, consecutive_failure_limit=LIMIT, _spawn_future=None)
        spawner._spawn_future = asyncio.ensure_future(start(spawner))

        def count(done):
            if done.cancelled() or done.exception() is None:
                self.settings["failure_count"] = 0
                return
            self.settings["failure_count"] = self.settings.get("failure_count", 0) + 1
            limit = spawner.consecutive_failure_limit
            self.ended = self.ended or bool(limit and self.settings["failure_count"] >= limit)

        spawner._spawn_future.add_done_callback(count)
        return spawner


async def over(spawner):
    """A start that is refused; the hub calls `stop` before it counts, which takes a while."""
    error = hub.told(Denied("You may use 2 GPUs, and this one asks for 3."), spawner)
    await asyncio.sleep(0.02)
    raise error


async def broken(spawner):
    raise hub.told(Misconfigured("There is no such ConfigMap."), spawner)


async def well(spawner):
    await asyncio.sleep(0.01)


async def done(*spawners):
    await asyncio.wait([spawner._spawn_future for spawner in spawners])
    await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def hub5(monkeypatch):
    monkeypatch.setattr(hub, "_SpawnException", None)


async def test_a_start_that_succeeds_meanwhile_makes_no_refusal_count():
    counting = Counting()
    for _ in range(3):
        await done(*(counting.begin(start) for start in (over, well, over, over)))
    assert counting.settings["failure_count"] == 0
    assert not counting.ended


async def test_refusals_neither_end_the_hub_nor_hide_its_failures():
    counting = Counting()
    for number in range(1, LIMIT):
        await done(counting.begin(broken))
        await done(*(counting.begin(over) for _ in range(20)))
        assert counting.settings["failure_count"] == number
    assert not counting.ended
    await done(counting.begin(broken))
    assert counting.ended


async def test_the_same_server_counts_again_at_its_next_start():
    counting = Counting()
    spawner = counting.begin(over)
    await done(spawner)
    assert spawner.consecutive_failure_limit == LIMIT


async def test_a_start_that_is_cancelled_after_all_is_not_taken_back():
    counting = Counting()
    counting.settings["failure_count"] = 2
    spawner = counting.begin(over)
    await asyncio.sleep(0.01)
    spawner._spawn_future.cancel()
    await done(spawner)
    assert counting.settings["failure_count"] == 0, "the hub takes it for a success, as any cancelled start"
    assert spawner.consecutive_failure_limit == LIMIT
