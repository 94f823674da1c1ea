"""Covers `lifecycle.line` in virtual time: order, no starvation, cancelling, limits, claims, edits, and what is said."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from tenantspawner.budget import Amounts, Ask, Grant, Ledger, Nonce, SpawnId, Speech
from tenantspawner.cluster import Deadline
from tenantspawner.errors import BudgetExhausted, DeadlinePassed, OverOwnQuota, TooManyWaiting
from tenantspawner.lifecycle import Queueing, Team
from tenantspawner.lifecycle.budgets.line import Lines
from tests.support.virtualtime import clock, in_virtual_time

GPU = "requests.nvidia.com/gpu"
CPU = "limits.cpu"
KEYS = frozenset({GPU})
SPEECH = Speech("Physics", "nvidia.com/gpu", "help@example.edu")


def team(budget):
    return Team("physics", "hub", KEYS, Amounts({GPU: budget}), SPEECH, Queueing(1800, 50))


class Office:
    """A team's ledger, read and seen as it is, and people who ask for some of it."""

    def __init__(self, budget=4, queueing=None):
        self.team, self.ledger = team(budget), Ledger()
        self.queueing = queueing or Queueing(1800, 50)
        self.reads, self.said, self.turns, self.order = 0, {}, {}, []
        self.trouble = None
        self.lines = Lines(lambda: {"physics": self.team}, lambda _: self.ledger, self.read)

    async def read(self, _team, _deadline):
        self.reads += 1
        await asyncio.sleep(0.001)
        if self.trouble is not None:
            raise self.trouble
        return self.ledger

    def ask(self, name, size, **more):
        need = Amounts(size if isinstance(size, dict) else {GPU: size})
        return Ask(f"ns-{name}", SpawnId(name), name, need, self.team.total, self.team.keys, **more)

    async def come(self, name, size=1, *, most=None, grant=True, **more):
        """Wait, then take the grant as a spawn does."""
        ask = self.ask(name, size, **more)

        def say(text, _percent):
            self.said.setdefault(name, []).append(text)

        def room():
            return most is None or sum(self.lines.waiting.values()) < most

        turn = self.turns[name] = await self.lines.wait(self.team, ask, self.queueing, say, room=room)
        self.order.append(name)
        if grant:
            self.give(turn)
        return turn

    def give(self, turn):
        ask = turn.place.ask
        self.ledger = self.ledger.with_grant(Grant(ask.namespace, ask.spawn, ask.holder, Nonce("n"), ask.need))
        assert self.ledger.granted.within(self.team.total)
        turn.leave()
        self.lines.wake()

    def back(self, name):
        """A pod has ended: its grant is no more in the ledger, and the watch says so."""
        self.ledger = self.ledger.with_namespace(f"ns-{name}", (), Nonce("m"))
        self.lines.wake("tenantspawner-budget-physics")

    def comes(self, name, size=1, **more):
        return asyncio.create_task(self.come(name, size, **more))


async def settle():
    await asyncio.sleep(0.1)


@in_virtual_time
async def test_first_come_first_served():
    office = Office(1)
    await office.come("ada")
    waiting = [office.comes(f"p{number}") for number in range(10)]
    await settle()
    assert office.order == ["ada"]
    for name in ["ada", *(f"p{number}" for number in range(9))]:
        office.back(name)
        await settle()
    await asyncio.gather(*waiting)
    assert office.order == ["ada", *(f"p{number}" for number in range(10))]


@in_virtual_time
async def test_a_large_request_at_the_head_is_not_starved_by_small_ones():
    office = Office(4)
    for name in ("a", "b", "c"):
        await office.come(name)
    big = office.comes("big", 4)
    await settle()
    small = [office.comes("s1"), office.comes("s2")]  # there is enough for one of them
    await settle()
    assert office.order == ["a", "b", "c"]
    assert office.said["s1"] == [
        "You are number 2 in line for the budget of Physics. Whoever came before you is first."
    ]
    for name in ("a", "b"):
        office.back(name)
        await settle()
    assert not big.done()
    office.back("c")
    await big
    await settle()
    assert office.order[3:] == ["big"]
    office.back("big")
    await asyncio.gather(*small)
    assert office.order[4:] == ["s1", "s2"]


@in_virtual_time
async def test_who_needs_nothing_of_what_the_others_wait_for_passes_them():
    """And takes nothing that those before will need: of 10 CPUs 4 are for the one who waits for a GPU."""
    office = Office()
    office.team = replace(office.team, keys=KEYS | {CPU}, total=Amounts({GPU: 1, CPU: 10}))
    await office.come("ada", {GPU: 1, CPU: 2})
    waits = office.comes("waits", {GPU: 1, CPU: 4})
    await settle()
    await office.come("none", {})
    await office.come("little", {CPU: 4})
    too_much = office.comes("too much", {CPU: 3})
    await settle()
    assert office.said["too much"] == [
        "You are number 2 in line for the budget of Physics. Whoever came before you is first."
    ]
    office.back("ada")
    await waits
    assert office.order == ["ada", "none", "little", "waits"]
    await settle()
    assert not too_much.done()
    office.back("little")
    await too_much
    assert clock() < 2


@in_virtual_time
async def test_a_cancelled_start_leaves_the_line_and_the_next_one_moves_up():
    office = Office(1)
    await office.come("ada")
    first, second = office.comes("first"), office.comes("second")
    await settle()
    assert office.said["second"][-1].startswith("You are number 2 in line for the budget of Physics.")
    first.cancel()
    await settle()
    assert first.cancelled()
    assert office.said["second"][-1] == (
        "You are number 1 in line for the budget of Physics. You wait for 1 GPU; 0 of 1 GPU are free. In use: ada 1."
    )
    office.back("ada")
    await second
    assert office.order == ["ada", "second"]
    assert office.lines.waiting == {"physics": 0}


@in_virtual_time
async def test_waiting_ends_in_words_and_costs_no_requests_meanwhile():
    office = Office(1, Queueing(1800, 50))
    await office.come("ada")
    reads, begun = office.reads, clock()
    with pytest.raises(BudgetExhausted) as refused:
        await office.come("bob")
    assert refused.value.sentence == (
        "You waited 30 minutes in line for the budget of Physics. Physics has 0 of 1 GPU free. In use: ada 1. "
        "Ask help@example.edu, choose fewer, or try again later."
    )
    assert 1800 <= clock() - begun < 1801
    assert office.reads == reads + 1


@in_virtual_time
async def test_a_full_line_is_told_at_once_but_a_crowd_that_fits_is_let_in():
    office = Office(30, Queueing(1800, 3))
    await asyncio.gather(*(office.come(f"p{number}") for number in range(30)))
    waiting = [office.comes(f"w{number}") for number in range(3)]
    await settle()
    with pytest.raises(TooManyWaiting) as refused:
        await office.come("late")
    assert "3 others wait in line for the budget of Physics already" in refused.value.sentence
    for task in waiting:
        task.cancel()


@in_virtual_time
async def test_no_more_wait_than_the_hub_bears():
    office = Office(1)
    await office.come("ada", most=2)
    waiting = [office.comes(f"w{number}", most=2) for number in range(4)]
    await settle()
    refused = [task.exception() for task in waiting if task.done()]
    assert [type(error) for error in refused] == [TooManyWaiting, TooManyWaiting]
    assert office.lines.waiting == {"physics": 2}
    for task in waiting:
        task.cancel()


@in_virtual_time
async def test_who_has_passed_is_counted_before_their_grant_is_in_the_ledger():
    office = Office(2)
    first = await office.come("first", 2, grant=False)
    second = office.comes("second", 1)
    await settle()
    assert not second.done()
    first.leave()  # nothing came of it
    await second
    assert office.order == ["first", "second"]


@in_virtual_time
async def test_who_loses_to_another_hub_goes_back_to_their_old_place():
    office = Office(1)
    loser = await office.come("loser", grant=False)
    behind = office.comes("behind")
    await settle()
    office.ledger = Ledger.of([Grant("elsewhere", SpawnId("x"), "eve", Nonce("n"), Amounts({GPU: 1}))], Nonce("n"))
    back = asyncio.create_task(office.lines.again(loser, Deadline.after(60), lambda *_: None))
    await settle()
    office.ledger = Ledger()
    office.lines.wake()
    await back
    await settle()
    assert not behind.done()
    office.give(loser)
    office.back("loser")
    await behind


@in_virtual_time
async def test_what_can_never_be_had_is_refused_at_once_and_blocks_nobody():
    office = Office(2)
    with pytest.raises(BudgetExhausted):
        await office.come("huge", 3)
    with pytest.raises(OverOwnQuota):
        await office.come("own", 2, ceilings=((GPU, Decimal(1)),))
    await office.come("ada", 2)
    assert clock() < 1


@in_virtual_time
async def test_an_edit_of_the_budget_reaches_who_waits():
    office = Office(1)
    await office.come("ada")
    bob = office.comes("bob")
    await settle()
    office.team = team(2)
    office.lines.wake()
    turn = await bob
    assert turn.place.ask.budget == Amounts({GPU: 2})
    assert 0 < turn.waited < 1


@in_virtual_time
async def test_who_waits_outlasts_trouble_with_the_cluster_and_a_new_start_is_told_of_it():
    office = Office(1)
    await office.come("ada")
    bob = office.comes("bob")
    await settle()
    office.trouble = DeadlinePassed("no time")
    office.back("ada")
    await settle()
    assert not bob.done()
    office.trouble = None
    await bob

    office.trouble = DeadlinePassed("no time")
    with pytest.raises(DeadlinePassed):
        await office.come("eve")
    assert office.lines.waiting == {"physics": 0}
