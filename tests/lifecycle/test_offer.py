"""Covers `lifecycle.availability`: what the form is told of the teams' budgets."""

from decimal import Decimal

import pytest

from tenantspawner.budget import Amounts, Grant, Ledger, Nonce, OtherQuota, SpawnId, Speech
from tenantspawner.form import Free
from tenantspawner.lifecycle import Team, availability, narrowed

GPU, CPU = "requests.nvidia.com/gpu", "limits.cpu"


def team(**amounts):
    total = Amounts({GPU: 6, CPU: 20} | amounts)
    return Team("physics", "hub", frozenset(total), total, Speech("Physics", "nvidia.com/gpu"))


def ledger(gpus):
    return Ledger.of([Grant("ns", SpawnId("s"), "ada", Nonce("n"), Amounts({GPU: gpus, CPU: 1}))], Nonce("n"))


@pytest.mark.parametrize(("granted", "free"), [(0, 6), (2, 4), (6, 0), (9, 0)])
def test_devices_are_told_and_nothing_else(granted, free):
    found = availability({"physics": team()}, lambda _: ledger(granted), ["physics"])
    assert found == {"physics": {"nvidia.com/gpu": Free(free, 6)}}


@pytest.mark.parametrize(
    ("teams", "seen"), [({"physics": team()}, None), ({}, Ledger())], ids=["unknown ledger", "no budget"]
)
def test_what_is_not_known_is_not_told(teams, seen):
    assert availability(teams, lambda _: seen, ["physics", "other"]) == {}


def other(hard, used=0, key=GPU):
    return OtherQuota("ns", "theirs", {key: Decimal(hard)}, {key: Decimal(used)})


TEAM = {"nvidia.com/gpu": Free(4, 6, waits=True)}


@pytest.mark.parametrize(
    ("known", "quotas", "told"),
    [
        (TEAM, [], TEAM),
        (TEAM, [other(9)], TEAM),
        (TEAM, [other(3, 1)], {"nvidia.com/gpu": Free(2, 6, by="theirs")}),
        (TEAM, [other(1), other(0)], {"nvidia.com/gpu": Free(0, 6, by="theirs")}),
        (TEAM, [other(1, key=CPU)], TEAM),
        ({}, [other(3, 1)], {"nvidia.com/gpu": Free(2, 3, by="theirs")}),
    ],
)
def test_a_quota_of_others_lowers_what_is_free_and_is_named(known, quotas, told):
    assert narrowed({"physics": known} if known else {}, {"physics": quotas}) == {"physics": told}
