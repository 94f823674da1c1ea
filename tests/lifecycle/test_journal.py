"""The journal of one start: told once to everybody who looks, early or late, and it ends."""

import asyncio

from tenantspawner.lifecycle.journal import Journal, Step


async def told(journal):
    return [step async for step in journal.follow()]


async def test_who_comes_late_sees_all():
    journal = Journal()
    journal.say("Making your namespace.", 10)
    early = asyncio.create_task(told(journal))
    await asyncio.sleep(0)
    journal.say("Trouble.", alarming=True)
    journal.say("Ready.", 95)
    late = asyncio.create_task(told(journal))
    await asyncio.sleep(0)
    journal.close()
    steps = [Step(10, "Making your namespace."), Step(10, "Trouble.", alarming=True), Step(95, "Ready.")]
    assert await early == await late == await told(journal) == steps


async def test_percentages_only_grow_and_a_line_is_said_once():
    journal = Journal()
    for text, percent in (("a", 50), ("b", 10), ("b", 60), ("c", None), ("a", 70)):
        journal.say(text, percent)
    assert [(step.text, step.percent) for step in journal.steps] == [("a", 50), ("b", 50), ("c", 50), ("a", 70)]


async def test_a_closed_journal_says_no_more_and_ends_at_once():
    journal = Journal()
    journal.close()
    journal.say("too late", 100)
    assert await told(journal) == []


async def test_a_pod_that_crashes_for_an_hour_does_not_fill_the_memory():
    journal = Journal()
    for number in range(10_000):
        journal.say(str(number))
    assert len(journal.steps) == 500


async def test_who_leaves_disturbs_nobody():
    journal = Journal()
    gone, there = (asyncio.create_task(told(journal)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    journal.say("on it goes")
    journal.close()
    assert [step.text for step in await there] == ["on it goes"]
