"""Covers quotas of others in a namespace of ours: which of them count, and what they leave."""

from decimal import Decimal

import pytest

from tenantspawner.budget import Excess, excess, others_among

NEED = {"limits.cpu": Decimal(2), "requests.nvidia.com/gpu": Decimal(1), "pods": Decimal(1)}


def quota(name="theirs", used=None, spec=None, **hard):
    status = {"hard": hard, "used": used or {}}
    return {"metadata": {"name": name, "namespace": "n"}, "spec": spec or {"hard": hard}, "status": status}


def found(*quotas):
    return excess(others_among(quotas, "tenantspawner"), NEED)


@pytest.mark.parametrize(
    "quotas",
    [
        [],
        [quota(pods="1")],
        [quota(**{"limits.cpu": "4"}, used={"limits.cpu": "2"})],
        [quota("tenantspawner", pods="0")],  # our own has its own words
        [quota(spec={"scopes": ["Terminating"]}, pods="0")],
        [quota(spec={"scopeSelector": {"matchExpressions": []}, "hard": {"pods": "0"}})],
        [quota(**{"count/secrets": "0"})],  # a pod has none
        [{"metadata": {"name": "fresh", "namespace": "n"}, "spec": {"hard": {"pods": "0"}}}],  # not in force yet
    ],
)  # fmt: skip
def test_what_leaves_enough(quotas):
    assert found(*quotas) is None


def test_what_does_not_leave_enough_is_told_by_key():
    wanting = quota("b", {"limits.cpu": "3"}, **{"limits.cpu": "4", "requests.nvidia.com/gpu": "0", "pods": "9"})
    assert found(quota("a", pods="9"), wanting) == Excess(
        "b",
        {
            "limits.cpu": (Decimal(2), Decimal(3), Decimal(4)),
            "requests.nvidia.com/gpu": (Decimal(1), Decimal(0), Decimal(0)),
        },
    )
