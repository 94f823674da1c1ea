"""Covers what pods use beyond the grants of their namespace, and which of them would have to go for it to be no more than that."""

import pytest

from tenantspawner.budget import FOUND, Amounts, Grant, Ledger, Nonce, PodFound, SpawnId, beyond, overdue

GPU, CPU = "requests.nvidia.com/gpu", "limits.cpu"
KEYS = frozenset({GPU, CPU})


def ledger(*grants):
    return Ledger.of(
        (Grant("n", SpawnId(spawn), "ada", Nonce("x"), Amounts({GPU: gpus})) for spawn, gpus in grants), Nonce("y")
    )


def pod(name, gpus=1, *, age=0, ours=False, spawn="", going=False, cpu=0):
    """A pod as the API server says it; a larger age is an older pod."""
    metadata = {
        "name": name,
        "namespace": "n",
        "uid": name,
        "creationTimestamp": f"2026-11-24T10:{59 - age:02}:00Z",
        "labels": {"tenantspawner.io/hub": "h"} if ours else {},
        "annotations": {"tenantspawner.io/spawn": spawn} if spawn else {},
        **({"deletionTimestamp": "2026-11-24T11:00:00Z"} if going else {}),
    }
    limits = {"cpu": cpu, "nvidia.com/gpu": gpus}
    return PodFound.read(
        {"metadata": metadata, "spec": {"containers": [{"name": "c", "resources": {"limits": limits}}]}}, KEYS
    )


SERVER = pod("server", ours=True, spawn="s")
GRANTED = ledger(("s", 1))
CASES = {
    "nothing": (GRANTED, [], 0, []),
    "the server itself": (GRANTED, [SERVER], 0, []),
    "one more": (GRANTED, [SERVER, pod("a")], 1, ["a"]),
    "the youngest is enough": (ledger(("s", 2)), [SERVER, pod("old", age=5), pod("young", age=1)], 1, ["young"]),
    "as many as it takes": (GRANTED, [SERVER, pod("old", age=5), pod("young", age=1)], 2, ["young", "old"]),
    "a big one is enough": (GRANTED, [SERVER, pod("old", age=5), pod("big", 2, age=1)], 3, ["big", "old"]),
    "what is booked was never granted": (ledger(("s", 1), (FOUND, 1)), [SERVER, pod("a")], 1, ["a"]),
    "a grant whose pod is not there yet": (GRANTED, [pod("a")], 0, []),
    "never the hub's": (ledger(), [SERVER, pod("forged", ours=True)], 2, []),
    "the hub's is the youngest": (ledger(), [pod("server", ours=True), pod("old", age=9)], 2, ["old"]),
    "one that goes already": (GRANTED, [SERVER, pod("a", going=True)], 1, []),
    "one that goes, and one that must": (GRANTED, [SERVER, pod("a", going=True), pod("b", age=9)], 2, ["b"]),
    "one without a device": (GRANTED, [SERVER, pod("a", age=9), pod("none", 0)], 1, ["a"]),
    "the spawn of another": (GRANTED, [SERVER, pod("a", spawn="s")], 1, ["a"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_beyond_and_who_must_go(case):
    seen, pods, gpus, names = CASES[case]
    found = beyond(seen, pods)
    assert [(one.namespace, one.amounts) for one in found] == ([("n", Amounts({GPU: gpus}))] if gpus else [])
    assert [one.name for each in found for one in each.pods] == names


def test_one_resource_is_not_freed_by_another():
    (found,) = beyond(ledger(), [pod("cpu", 0, cpu=2, age=9), pod("gpu", 1)])
    assert [one.name for one in found.pods] == ["gpu", "cpu"]
    (found,) = beyond(ledger(("s", 1)), [pod("cpu", 0, cpu=2, age=9), pod("gpu", 1)])
    assert [one.name for one in found.pods] == ["cpu"]


def test_what_is_used_and_not_booked_is_overdue():
    pods = [SERVER.seen, pod("a").seen]
    (found,) = overdue(GRANTED, [], pods, orphans=(), fenced=(), keys=KEYS)
    assert (found.namespace, found.drifted) == ("n", True)
    assert overdue(ledger(("s", 1), (FOUND, 1)), [], pods, orphans=(), fenced=(), keys=KEYS) == ()
