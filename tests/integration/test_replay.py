"""Covers the replay that other tests trust: each way in which a budget may not hold is found, and a right order is not."""

import pytest

from tenantspawner.budget import Amounts, Grant, Ledger, Nonce, SpawnId
from tenantspawner.kube import labels
from tests.support.budgets import GPU, broken
from tests.support.served import Version


def ledger(number, **granted):
    grants = [
        Grant(name, SpawnId(f"s-{name}"), name, Nonce("n"), Amounts({GPU: size})) for name, size in granted.items()
    ]
    text = Ledger(tuple(grants)).text()
    metadata = {"namespace": "hub", "name": "tenantspawner-budget-physics", "annotations": {labels.LEDGER: text}}
    return Version(number, "Lease", {"metadata": metadata}, gone=False)


def quota(number, namespace, size, *, key=GPU):
    metadata = {"namespace": namespace, "name": "tenantspawner"}
    return Version(number, "ResourceQuota", {"metadata": metadata, "spec": {"hard": {key: str(size)}}}, gone=False)


def pod(number, namespace, size, *, name="jupyter", gone=False):
    metadata = {"namespace": namespace, "name": name, "labels": {labels.HUB: "hub"}}
    spec = {"containers": [{"name": "notebook", "resources": {"limits": {"nvidia.com/gpu": str(size)}}}]}
    return Version(number, "Pod", {"metadata": metadata, "spec": spec}, gone)


def test_a_grant_and_its_return_in_the_right_order_are_in_order_however_they_are_told():
    told = [
        quota(1, "a", 0),
        ledger(2, a=2),
        quota(3, "a", 2),
        pod(4, "a", 2),
        pod(5, "a", 2, gone=True),
        quota(6, "a", 0),
        ledger(7),
    ]
    assert broken(told, 2) == []
    assert broken(reversed(told), 2) == []


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([quota(1, "a", 1), ledger(2, a=1)], 1),  # raised before it was granted
        ([ledger(1, a=1), quota(2, "a", 1), ledger(3, b=1), quota(4, "a", 0)], 1),  # ended before it was lowered
        ([ledger(1, a=1), quota(2, "a", 5, key="requests.cpu")], 1),  # what is not named is not limited
        ([ledger(1, a=2, b=1)], 1),  # more granted than there is
        (
            [ledger(1, a=2), quota(2, "a", 2), pod(3, "a", 2), pod(4, "a", 1, name="other")],
            1,
        ),  # more used than there is
    ],
)
def test_what_does_not_hold_for_one_version_is_found(told, found):
    assert len(broken(told, 2)) == found, broken(told, 2)
