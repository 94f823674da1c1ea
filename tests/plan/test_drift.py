"""Covers what counts as a difference between a plan's object and what the API server shows of it, and the patches that mend it."""

import pytest

from tenantspawner.kube import labels
from tenantspawner.plan import Inventory, closed_quota, differences, namespace_change, other_hands, quota_change

MARKS = {"name": "x", "namespace": "n", "labels": {labels.HUB: "hub"}, "annotations": {labels.OWNER: "ada"}}


def quota(**hard):
    spec = {"hard": {key.replace("_", "."): value for key, value in hard.items()}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": MARKS, "spec": spec}


def limits(**item):
    return {"kind": "LimitRange", "metadata": MARKS, "spec": {"limits": [{"type": "Container", **item}]}}


def policy(ingress, **more):
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress, **more}
    return {"kind": "NetworkPolicy", "metadata": MARKS, "spec": spec}


PORT = [{"ports": [{"port": 8888}]}]
EQUAL = {
    "itself": (quota(cpu="1"), quota(cpu="1")),
    "amounts in other words": (quota(cpu="1500m", memory="1Gi"), quota(cpu="1.5", memory="1024Mi")),
    "others' labels": (quota(), quota() | {"metadata": MARKS | {"labels": {labels.HUB: "hub", "team": "x"}}}),
    "a limit range as stored": (
        limits(default={"cpu": "1"}, max={"cpu": "4", "memory": "1Gi"}, min={"memory": "1Mi", "storage": "1"}),
        limits(
            default={"cpu": "1", "memory": "1Gi"},
            defaultRequest={"cpu": "1", "memory": "1Gi", "storage": "1"},
            max={"cpu": "4", "memory": "1Gi"},
            min={"memory": "1Mi", "storage": "1"},
        ),
    ),
    "an empty limit range": ({**limits(), "spec": {"limits": []}}, {**limits(), "spec": {}}),
    "a port as stored": (policy(PORT), policy([{"ports": [{"port": 8888, "protocol": "TCP"}]}])),
    "an empty list left out": (policy([{"from": []}]), policy([{}])),
}
DIFFERENT = {
    "an amount": (quota(cpu="1"), quota(cpu="2"), "spec.hard.cpu"),
    "a key less": (quota(cpu="1"), quota(), "spec.hard.cpu"),
    "a key more": (quota(), quota(pods="1"), "spec.hard.pods"),
    "our label": (quota(), quota() | {"metadata": MARKS | {"labels": {}}}, f"metadata.labels[{labels.HUB}]"),
    "another maximum": (limits(), limits(max={"cpu": "9"}), "spec.limits[0].max"),
    "a peer more": (policy(PORT), policy([*PORT, {}]), "spec.ingress"),
    "no pods": (policy([{}]), policy([{}], podSelector={"matchLabels": {"a": "b"}}), "spec.podSelector.matchLabels"),
    "nothing there": (policy(PORT), {"metadata": MARKS}, "spec"),
}


@pytest.mark.parametrize("case", EQUAL)
def test_no_difference(case):
    wanted, seen = EQUAL[case]
    assert differences(wanted, seen) == ()


@pytest.mark.parametrize("case", DIFFERENT)
def test_a_difference_is_named(case):
    wanted, seen, where = DIFFERENT[case]
    assert differences(wanted, seen) == (where,)


def test_leased_keys_are_neither_compared_nor_written():
    leased = frozenset({"gpu"})
    assert differences(quota(cpu="1", gpu="0"), quota(cpu="1", gpu="4"), leased) == ()
    change = quota_change(quota(cpu="1", gpu="0"), quota(cpu="2", gpu="4", pods="1"), leased)
    assert change["spec"]["hard"] == {"cpu": "1", "pods": None}
    assert quota_change(quota(cpu="1"), quota(cpu="1000m")) == {}


def test_a_closed_quota_counts_everything_as_zero_and_pods_too():
    space = {"metadata": MARKS | {"name": "n", "labels": {labels.HUB: "hub", "cost": "1"}}}
    closed = closed_quota("tenantspawner", space, quota(cpu="4", gpu="2"))
    assert closed["spec"]["hard"] == {"cpu": "0", "gpu": "0", "pods": "0"}
    assert closed["metadata"]["labels"] == {labels.HUB: "hub"}
    assert closed_quota("tenantspawner", space, None)["spec"]["hard"] == {"pods": "0"}


def test_a_label_that_the_document_dropped_is_taken_away_and_nobody_elses():
    noted = {labels.OWNER: "ada", labels.INVENTORY: f"labels:old,labels:{labels.HUB},annotations:note,v1/Secret/s"}
    seen = {
        "metadata": {"labels": {labels.HUB: "hub", "old": "1", "theirs": "1"}, "annotations": {**noted, "note": "x"}}
    }
    space = {"metadata": {"labels": {labels.HUB: "hub", "new": "2"}, "annotations": {labels.OWNER: "ada"}}}
    assert namespace_change(space, seen) == {"labels": {"new": "2", "old": None}, "annotations": {"note": None}}


@pytest.mark.parametrize(
    "text", ["", ",", "rubbish", "a/b", "v1/Pod/x", "v1/PersistentVolumeClaim/home", "labels:", ":", "//"]
)
def test_an_inventory_that_somebody_wrote_deletes_nothing_of_importance(text):
    found = Inventory.noted({"metadata": {"annotations": {labels.INVENTORY: text}}})
    assert not {thing.kind for thing in found.things} & {"Pod", "PersistentVolumeClaim"}


def test_who_wrote_last_is_neither_we_nor_kubernetes():
    entries = [
        {"manager": "tenantspawner", "time": "2026-01-03"},
        {"manager": "kube-controller-manager", "time": "2026-01-04"},
        {"manager": "kubectl-edit", "time": "2026-01-02"},
        {"manager": "argocd", "time": "2026-01-01"},
    ]
    assert other_hands({"metadata": {"managedFields": entries}}) == "kubectl-edit at 2026-01-02"
    assert other_hands({"metadata": {}}) == ""
