"""Covers refusals: when there is too little, and the sentences people read."""

from decimal import Decimal

import pytest

from tenantspawner.budget import (
    Amounts,
    Ask,
    Cause,
    Grant,
    Ledger,
    Nonce,
    Shortage,
    SpawnId,
    Speech,
    over_own,
    refusal,
    shortage,
)
from tenantspawner.errors import BudgetExhausted, OverOwnQuota

GPU, MIG, MEMORY = "requests.nvidia.com/gpu", "requests.nvidia.com/mig-1g.10gb", "limits.memory"
SPEECH = Speech("Physics", "nvidia.com/gpu", "help@example.edu")


def ledger(**held):
    return Ledger.of(
        (Grant(name, SpawnId("s"), name, Nonce("n"), Amounts({GPU: amount})) for name, amount in held.items()),
        Nonce("1"),
    )


def ask(need=1, namespace="carol", spawn="s", ceilings=()):
    return Ask(namespace, SpawnId(spawn), "carol", Amounts({GPU: need}), Amounts({GPU: 8}), frozenset({GPU}), ceilings)


def test_the_sentence_says_what_is_free_who_has_the_rest_and_what_to_do():
    error = refusal(shortage(ask(), ledger(bob=4, alice=4)), SPEECH)
    assert isinstance(error, BudgetExhausted)
    assert error.status == 409
    assert error.sentence == (
        "Physics has 0 of 8 GPUs free. In use: alice 4, bob 4. Ask help@example.edu, choose fewer, or try again later."
    )


def test_what_a_spawn_has_already_counts_for_itself():
    assert shortage(ask(8), ledger(carol=8)) is None
    assert shortage(ask(1, spawn="other"), ledger(carol=8)).free == 0


def test_the_person_s_own_ceiling_is_held_over_all_servers_of_the_namespace():
    over = shortage(ask(2, spawn="other", ceilings=((GPU, Decimal(2)),)), ledger(carol=1))
    assert (over.cause, over.asked, over.free, over.total) == (Cause.OWN, 2, 1, 2)
    error = over_own(over, [("train", Decimal(1))], SPEECH)
    assert isinstance(error, OverOwnQuota)
    assert error.sentence == "You may use 2 GPUs; your server *train* uses 1, and this one asks for 2."


@pytest.mark.parametrize(
    ("servers", "sentence"),
    [
        ([], "You may use 2 GPUs, and this server asks for 4."),
        ([("", Decimal(1))], "You may use 2 GPUs; your other server uses 1, and this one asks for 4."),
        (
            [("a", Decimal(1)), ("b", Decimal(1))],
            "You may use 2 GPUs; in use: your server *a* 1, your server *b* 1; and this one asks for 4.",
        ),
    ],
)
def test_own_servers_are_named(servers, sentence):
    assert over_own(Shortage(Cause.OWN, GPU, Decimal(4), Decimal(0), Decimal(2)), servers, SPEECH).sentence == sentence


@pytest.mark.parametrize(
    ("key", "free", "total", "words"),
    [
        (MIG, 1, 4, "Physics has 1 of 4 nvidia.com/mig-1g.10gb free. Ask help@example.edu, choose fewer,"),
        (MEMORY, 2**30, 2**34, "Physics has 1Gi of 16Gi of memory free. Ask help@example.edu, choose less,"),
        ("limits.cpu", 0, 1, "Physics has 0 of 1 CPU free."),
        ("pods", 0, 3, "Physics has 0 of 3 pods free."),
    ],
)
def test_each_resource_has_its_words(key, free, total, words):
    short = Shortage(Cause.BUDGET, key, Decimal(5), Decimal(free), Decimal(total))
    assert refusal(short, SPEECH).sentence.startswith(words)


def test_many_holders_are_summed_up():
    holders = tuple((f"p{number}", Decimal(1)) for number in range(12))
    short = Shortage(Cause.BUDGET, GPU, Decimal(1), Decimal(0), Decimal(12), holders)
    assert (
        "p9 1, 2 others 2. Ask the administrator of this hub"
        in refusal(short, Speech("Physics", "nvidia.com/gpu")).sentence
    )


@pytest.mark.parametrize("cause", [Cause.TAKEN, Cause.FULL])
def test_every_cause_has_a_sentence_that_says_what_to_do(cause):
    assert "help@example.edu" in refusal(Shortage(cause), SPEECH).sentence
