"""Covers the reading of everybody from the hub's database: all of them, with their groups, without holding up the event loop."""

import asyncio
import time

import pytest
from jupyterhub import orm

from tenantspawner import hub

PEOPLE = 2_600


@pytest.fixture
def db():
    made = orm.new_session_factory("sqlite:///:memory:")()
    groups = [orm.Group(name=f"g{number}") for number in range(3)]
    for number in range(PEOPLE):
        user = orm.User(name=f"u{number}")
        user.groups = groups[: number % 4]
        made.add(user)
    made.commit()
    yield made
    made.close()
    made.bind.dispose()


async def test_everybody_is_read_with_their_groups_in_slices(db):
    longest, last = 0.0, time.perf_counter()
    reading = asyncio.create_task(hub.everybody(db))
    while not reading.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    people = reading.result()
    assert len(people) == PEOPLE
    assert people["u0"].groups == frozenset()
    assert people["u2599"].groups == {"g0", "g1", "g2"}
    assert people["u5"] == hub.person(db, "u5")
    assert longest < 0.5  # 20 ms where nothing else runs


def test_nobody_is_made_up(db):
    assert hub.person(db, "eve") is None
