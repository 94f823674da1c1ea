"""Covers the protocol of grants and returns in all interleavings of its own step functions, in bounded worlds.

Bounds: two hubs, at most three namespaces, three servers, one sweep, one person; budget 1 or 2. Promises, in every state: a
quota allows at most its entry in the ledger; the ledger grants at most the budget; stored pods use at most the budget. Which things may
happen in between is told in `world`. The worlds of `WORLDS` have more than 700,000 states together; run with ``-s`` to see how
many each has.

Then every step is left out, and every two neighbours are swapped: each time a promise breaks, or nothing gets done any
more, or the table says why that is harmless.
"""

from dataclasses import replace

import pytest

from tests.model.world import Process, Setting, explore

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def serve(hub, namespace, size=1):
    return Process("serve", hub, namespace, size)


def sweep(hub, namespace, spawn):
    return Process("sweep", hub, namespace, 1, spawn)


def tidy(hub, namespace):
    return Process("tidy", hub, namespace)


def person(namespace, size=1):
    return Process("person", "kubectl", namespace, size)


ELSEWHERE = Setting(1, (serve("A", 0), serve("B", 1), sweep("B", 0, "s0")), 2)
SHARED = Setting(1, (serve("A", 0), serve("B", 0), sweep("B", 0, "s0")), 1)
TWO_FIT = Setting(2, (serve("A", 0), serve("B", 0)), 1)
ALONE = Setting(1, (serve("A", 0), serve("B", 1)), 2)
ABSENT = Setting(1, (serve("A", 0), serve("B", 0)), 1, missing=frozenset({0}))
KUBECTL = Setting(1, (serve("A", 0), serve("B", 1), person(0)), 2, instant=True)
KUBECTL_SHARED = Setting(1, (serve("A", 0), serve("B", 0), person(0)), 1, instant=True)

WORLDS = {
    "three namespaces, budget 1, a sweep that may be wrong": Setting(
        1, (serve("A", 0), serve("B", 1), serve("A", 2), sweep("B", 0, "s0")), 3
    ),
    "three namespaces, budget 2, sizes 1 and 2": Setting(2, (serve("A", 0), serve("B", 1, 2), serve("A", 2)), 3),
    "two namespaces, a sweep that may be wrong": ELSEWHERE,
    "one namespace for both hubs, a sweep that may be wrong": SHARED,
    "one namespace for both hubs, budget 2": TWO_FIT,
    "quotas that are not there yet": replace(ELSEWHERE, missing=frozenset({0, 1})),
    "a ledger that is deleted again and again": replace(TWO_FIT, budget=1, ledger_may_vanish=True),
    "a return of what nobody uses, at any time": Setting(1, (serve("A", 0), serve("B", 0), tidy("B", 0)), 1),
    "a person with kubectl beside a server": KUBECTL,
    "a person with kubectl in a namespace of both hubs": Setting(
        2, (serve("A", 0), serve("B", 0), person(0, 2)), 1, instant=True
    ),
}


def test_no_order_of_steps_breaks_a_promise():
    states = 0
    for name, setting in WORLDS.items():
        found = explore(setting)
        print(f"{found.states:>9,} states: {name}", flush=True)
        assert found.breach is None, "\n".join([name, found.breach, *found.path])
        assert found.started, f"{name}: not every server can start"
        assert found.settled, f"{name}: what was granted does not come back"
        states += found.states
    print(f"{states:>9,} states in all")
    assert states >= 700_000


def test_a_person_whose_pods_are_stored_late_breaks_no_grant_but_may_use_one_that_was_returned():
    """Why people may not create pods with leased resources, unless a tenant is given that: what they use is booked late."""
    late = replace(KUBECTL, instant=False)
    assert explore(replace(late, promises=2)).breach is None
    assert explore(replace(replace(KUBECTL_SHARED, instant=False), promises=2)).breach is None
    assert explore(late).breach == "pods use more than the budget"


def test_a_create_that_is_sent_long_after_its_quota_was_seen_may_use_another_s_grant():
    """Why the deadline of a spawn is shorter than the time between two passes of the sweep."""
    slow = Setting(
        1, (serve("A", 0), serve("B", 0), sweep("B", 0, "s0"), serve("B", 1)), 2, slow_creates=True, pods_may_end=False
    )
    assert explore(slow).breach == "pods use more than the budget"
    assert explore(replace(SHARED, slow_creates=True)).breach is None  # without anybody else to get what was returned


BROKEN = "breaks a promise"
STUCK = "nothing is started, or nothing comes back"
HARMLESS = "changes nothing that is promised"

LEFT_OUT = [
    # what is left out, where it shows, what comes of it
    ("grant: write the quota blindly", ELSEWHERE, BROKEN),  # ReadQuota: there is no version to lose by
    ("grant: swap blindly", ELSEWHERE, BROKEN),  # ReadLedger, likewise
    ("grant: no CreateQuota", ABSENT, STUCK),
    ("grant: no SwapLedger", ELSEWHERE, BROKEN),
    ("grant: no RaiseQuota", ELSEWHERE, STUCK),
    # What a hub creates is covered by its grant, whether the wall stands or not. The wait keeps the pod from being refused for
    # nothing, by the limit that was in force before: the next test.
    ("grant: no WaitHard", ELSEWHERE, HARMLESS),
    ("grant: no CreatePod", ELSEWHERE, STUCK),
    # A second look, for what the API server lets in beside the quota (it was seen to admit 3 pods under 2); no step relies on it.
    ("grant: no CountPods", KUBECTL_SHARED, HARMLESS),
    ("grant: look again instead of swapping again", ELSEWHERE, BROKEN),
    ("return: swap blindly", ELSEWHERE, BROKEN),  # ReadLedger
    # The first count only says how far to lower. Too far makes somebody's start fail; the second count keeps what is used.
    ("return: no first CountPods", KUBECTL_SHARED, HARMLESS),
    ("return: write the quota blindly", ELSEWHERE, BROKEN),  # ReadQuota
    ("return: no LowerQuota", ELSEWHERE, BROKEN),
    ("return: no nonce", TWO_FIT, BROKEN),
    ("return: swap again without looking", TWO_FIT, BROKEN),
    ("return: no WaitHard", KUBECTL, BROKEN),
    ("return: no second CountPods", KUBECTL, BROKEN),
    ("return: no SwapLedger", ELSEWHERE, STUCK),
    ("sweep: no fence", ELSEWHERE, BROKEN),
]

SWAPPED = [
    # Both are read before the swap. A return that begins after the ledger was read loses its own swap to ours, whenever we read the quota.
    ("grant: ReadQuota, ReadLedger", "grant: ledger before quota", ELSEWHERE, HARMLESS),
    ("grant: ReadLedger, SwapLedger", "grant: swap blindly", ELSEWHERE, BROKEN),
    ("grant: SwapLedger, RaiseQuota", "grant: raise before swap", ELSEWHERE, BROKEN),
    # Waiting for what was there before: as if left out, and so are the two after it.
    ("grant: RaiseQuota, WaitHard", "grant: no WaitHard", ELSEWHERE, HARMLESS),
    ("grant: WaitHard, CreatePod", "grant: no WaitHard", ELSEWHERE, HARMLESS),
    ("grant: CreatePod, CountPods", "grant: no CountPods", KUBECTL_SHARED, HARMLESS),
    # The first count is a hint: see above. The quota may be read at any time before it is lowered, by its version.
    ("return: ReadLedger, CountPods", "return: count before ledger", KUBECTL_SHARED, HARMLESS),
    ("return: CountPods, ReadQuota", "return: quota before count", KUBECTL_SHARED, HARMLESS),
    ("return: ReadQuota, LowerQuota", "return: write the quota blindly", ELSEWHERE, BROKEN),
    ("return: LowerQuota, WaitHard", "return: no WaitHard", KUBECTL, BROKEN),
    ("return: WaitHard, CountPods", "return: count before the wait", KUBECTL, BROKEN),
    ("return: CountPods, SwapLedger", "return: no second CountPods", KUBECTL, BROKEN),
]


def outcome(setting):
    found = explore(setting)
    if found.breach is not None:
        return BROKEN
    return HARMLESS if found.started and found.settled else STUCK


@pytest.mark.parametrize(("twist", "setting", "expected"), LEFT_OUT, ids=[row[0] for row in LEFT_OUT])
def test_a_step_that_is_left_out_shows(twist, setting, expected):
    assert outcome(replace(setting, twist=twist)) == expected


@pytest.mark.parametrize(("pair", "twist", "setting", "expected"), SWAPPED, ids=[row[0] for row in SWAPPED])
def test_two_neighbours_swapped_show(pair, twist, setting, expected):
    assert outcome(replace(setting, twist=twist)) == expected


def test_a_pod_is_refused_for_nothing_only_without_the_wait():
    once = replace(ALONE, pods_may_end=False)
    assert not explore(once).refused
    assert explore(replace(once, twist="grant: no WaitHard")).refused
