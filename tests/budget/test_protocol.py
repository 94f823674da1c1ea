"""Covers the protocol in small worlds, in a second; tests/model has the large ones. And what the sweep decides, and a rebuild makes."""

import pytest

from tenantspawner.budget import (
    FOUND,
    Amounts,
    Ending,
    Grant,
    Ledger,
    Nonce,
    PodSeen,
    QuotaSeen,
    Sighting,
    SpawnId,
    abandoned,
    overdue,
    rebuild_ledger,
)
from tests.model.world import Process, Setting, explore

GPU = "requests.nvidia.com/gpu"
KEYS = frozenset({GPU})
TWO = (Process("serve", "A", 0), Process("serve", "B", 1))


@pytest.mark.parametrize(
    "setting",
    [
        Setting(1, TWO, 2),
        Setting(1, (Process("serve", "A", 0), Process("serve", "B", 0)), 1),
        Setting(1, (*TWO, Process("person", "kubectl", 0)), 2, instant=True),
    ],
)
def test_small_worlds_keep_every_promise(setting):
    found = explore(setting)
    assert (found.breach, found.started, found.settled) == (None, True, True), found.path


def test_the_model_finds_a_protocol_that_is_wrong():
    assert explore(Setting(1, TWO, 2, twist="grant: swap blindly")).breach


def gpus(number):
    return Amounts({GPU: number})


def grant(namespace, spawn, amount=1, nonce="n"):
    return Grant(namespace, SpawnId(spawn), "ada", Nonce(nonce), gpus(amount))


def pod(namespace, spawn, amount=1):
    return PodSeen(namespace, SpawnId(spawn), gpus(amount), "ada")


def quota(namespace, hard):
    return QuotaSeen(namespace, "1", gpus(hard), True, Nonce("n"), "ada")


def test_a_grant_is_abandoned_when_nothing_speaks_for_it():
    ledger = Ledger.of([grant("a", "runs"), grant("b", "starts"), grant("c", "gone"), grant("d", FOUND)], Nonce("1"))
    found = abandoned(ledger, [pod("a", "runs"), pod("c", "another")], {SpawnId("starts")})
    assert found == {Sighting("c", SpawnId("gone"), Nonce("n"))}


def test_it_is_fenced_first_and_ended_later_unless_its_nonce_has_changed():
    ledger = Ledger.of([grant("a", "s")], Nonce("1"))
    orphans = abandoned(ledger, [], ())
    ending = frozenset({Ending(SpawnId("s"), Nonce("n"))})
    (first,) = overdue(ledger, [], [], orphans=orphans, fenced=(), keys=KEYS)
    assert (first.fence, first.over) == (ending, frozenset())
    (later,) = overdue(ledger, [], [], orphans=orphans, fenced=orphans, keys=KEYS)
    assert (later.fence, later.over) == (frozenset(), ending)
    changed = {Sighting("a", SpawnId("s"), Nonce("m"))}
    (again,) = overdue(ledger, [], [], orphans=orphans, fenced=changed, keys=KEYS)
    assert again.over == frozenset()


def test_what_is_booked_for_pods_that_are_gone_and_what_was_raised_by_hand_is_overdue():
    ledger = Ledger.of([grant("a", FOUND, 2), grant("b", FOUND, 1)], Nonce("1"))
    found = overdue(ledger, [quota("c", 3)], [pod("a", "", 1), pod("b", "", 1)], orphans=(), fenced=(), keys=KEYS)
    assert [(item.namespace, item.drifted) for item in found] == [("a", False), ("c", True)]


def test_a_rebuilt_ledger_has_what_quotas_allow_or_pods_use_whichever_is_more():
    ledger = rebuild_ledger(
        [quota("a", 3), quota("b", 1), quota("c", 0)], [pod("a", "s", 1), pod("b", "t", 2)], KEYS, Nonce("1")
    )
    assert {name: ledger.entry(name)[GPU] for name in "abc"} == {"a": 3, "b": 2, "c": 0}
    assert ledger.grant("a", SpawnId("rebuilt-1")).amounts == gpus(2)
