"""Covers the ledger: strict reading, one way of writing, sums by namespace; and the arithmetic of amounts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.budget import FOUND, NOTHING, Amounts, Grant, Ledger, Nonce, SpawnId, lease_name

GPU, CPU = "requests.nvidia.com/gpu", "limits.cpu"


def grant(namespace="a", spawn="s", gpu=1, cpu=0, holder="ada"):
    return Grant(namespace, SpawnId(spawn), holder, Nonce("n"), Amounts({GPU: gpu, CPU: cpu}))


GRANTS = st.builds(
    grant,
    st.sampled_from("abc"),
    st.text("xyz", max_size=2),
    st.integers(0, 8),
    st.decimals(0, 99, places=3),
    st.text(max_size=5),
)


@given(st.lists(GRANTS, unique_by=lambda item: (item.namespace, item.spawn), max_size=6))
def test_what_is_written_reads_back_and_equal_ledgers_are_written_alike(grants):
    ledger = Ledger.of(grants, Nonce("1"))
    assert Ledger.parse(ledger.text()) == ledger
    assert Ledger.of(reversed(grants), Nonce("1")).text() == ledger.text()


def rewritten(change):
    content = json.loads(Ledger.of([grant()], Nonce("1")).text())
    change(content)
    return json.dumps(content, separators=(",", ":"))


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '{"version":2}', "[" * 5_000, "x" * 300_000,
        rewritten(lambda c: c.update(more=1)),
        rewritten(lambda c: c.update(version="1")),
        rewritten(lambda c: c["grants"][0].append("more")),
        rewritten(lambda c: c["grants"].append(c["grants"][0])),
        rewritten(lambda c: c["grants"][0].__setitem__(4, ["-1"])),
        rewritten(lambda c: c["grants"][0].__setitem__(4, ["01"])),
        rewritten(lambda c: c["grants"][0].__setitem__(4, [1])),
        rewritten(lambda c: c["grants"][0].__setitem__(4, ["NaN"])),
        rewritten(lambda c: c["grants"][0].__setitem__(2, None)),
        rewritten(lambda c: c["grants"][0].__setitem__(0, "a" * 2_000)),
        rewritten(lambda c: c.update(keys=[GPU, GPU])),
    ],
)  # fmt: skip
def test_anything_else_is_not_a_ledger(text):
    with pytest.raises(ValueError):
        Ledger.parse(text)


def test_a_namespace_s_entry_is_the_sum_of_its_grants():
    ledger = Ledger.of([grant("a", "1", 1), grant("a", "2", 2, 4), grant("b", FOUND, 4)], Nonce("1"))
    assert ledger.entry("a") == Amounts({GPU: 3, CPU: 4})
    assert ledger.entry("c") == NOTHING
    assert ledger.granted == Amounts({GPU: 7, CPU: 4})
    assert ledger.with_grant(grant("a", "1", 5)).entry("a")[GPU] == 7
    assert ledger.with_namespace("a", [], Nonce("2")) == Ledger.of([grant("b", FOUND, 4)], Nonce("2"))


def test_two_thousand_servers_fit_into_the_annotation():
    grants = [grant(f"hub-physics--someone-{number}", f"{number:016x}") for number in range(2_000)]
    assert len(Ledger.of(grants, Nonce("1")).text()) < 200_000


def test_amounts_have_no_zeros_and_never_go_below():
    assert Amounts({GPU: 0}) == NOTHING
    assert Amounts({GPU: 1}) - Amounts({GPU: 3, CPU: 1}) == NOTHING
    assert (Amounts({GPU: 1}) | Amounts({CPU: 2})) == Amounts({GPU: 1, CPU: 2})
    assert (Amounts({GPU: 1}) & Amounts({GPU: 2, CPU: 2})) == Amounts({GPU: 1})
    assert not Amounts({GPU: 1}).within(Amounts({CPU: 1}))


def test_a_lease_s_name_is_valid_for_any_tenant():
    assert lease_name("physics") == "tenantspawner-budget-physics"
    long = lease_name("a" * 63)
    assert len(long) <= 63
    assert long != lease_name("a" * 62 + "b")
