"""When a quota is in force: status and spec say what is wanted, and everything is counted."""

import pytest

from tenantspawner.lifecycle.gate import in_force

WANTED = {"limits.cpu": "16", "requests.nvidia.com/gpu": "2"}
USED = dict.fromkeys(WANTED, "0")


def quota(spec=WANTED, hard=WANTED, used=USED):
    return {"spec": {"hard": spec}, "status": {"hard": hard, "used": used}}


CASES = {
    "in force": (quota(), True),
    "absent": (None, False),
    "empty": ({}, False),
    "without status": ({"spec": {"hard": WANTED}}, False),
    "null everywhere": ({"spec": {"hard": None}, "status": {"hard": None, "used": None}}, False),
    "not counted": (quota(used={}), False),
    "one key not counted": (quota(used={"limits.cpu": "0"}), False),
    "more is counted": (quota(used={**USED, "pods": "3"}), True),
    "status of an earlier version": (quota(hard={**WANTED, "limits.cpu": "8"}), False),
    "status lacks a key": (quota(hard={"limits.cpu": "16"}), False),
    "status has a key more": (quota(hard={**WANTED, "pods": "1"}), False),
    "somebody has changed the spec": (quota(spec={**WANTED, "limits.cpu": "99"}), False),
    "somebody has added to the spec": (quota(spec={**WANTED, "pods": "1"}, hard={**WANTED, "pods": "1"}), False),
    "equal in another notation": (quota(spec={**WANTED, "limits.cpu": "16000m"}, hard={**WANTED, "limits.cpu": "1.6e1"}), True),
    "a number instead of a text": (quota(hard={**WANTED, "limits.cpu": 16}), True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_quota_is_in_force_when_all_of_it_is_counted(case):
    seen, expected = CASES[case]
    assert in_force(seen, WANTED) is expected


def test_a_quota_that_bounds_nothing_is_in_force_at_once():
    assert in_force({"spec": {}, "status": {}}, {})
