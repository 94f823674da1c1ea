"""The patches that bring a namespace and its quota in line, and what an edit takes away again."""

import copy

from tenantspawner.plan.changes import (
    Inventory,
    Mark,
    Reference,
    closed_quota,
    namespace_change,
    quota_change,
    with_nothing_leased,
)
from tests.plan.documents import AROUND, OBJECTS, WHOLE
from tests.plan.drawing import drawn, tenant

GPU = "requests.nvidia.com/gpu"
LEASED = frozenset({GPU})
WANTED = drawn(tenant(WHOLE, objects=OBJECTS), "ada", "physics", around=AROUND).provisions
LESS = drawn(tenant(WHOLE, roles=[], pullSecrets=[], namespace={}), "ada", "physics", around=AROUND).provisions


def patched(obj, patch):
    """What the API server makes of a merge patch."""
    made = copy.deepcopy(obj)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = patched(made.get(key) or {}, value) if isinstance(value, dict) else value
    return made


def with_inventory(space, inventory):
    return patched(space, {"metadata": {"annotations": {"tenantspawner.io/inventory": str(inventory)}}})


def test_an_inventory_is_what_a_later_edit_may_take_away():
    inventory = Inventory.of(WANTED)
    assert inventory.things == {
        Reference("rbac.authorization.k8s.io/v1", "RoleBinding", "notebook-tenantspawner-notebook"),
        Reference("v1", "Secret", "registry-example-edu"),
        Reference("v1", "ConfigMap", "about"),
    }
    assert inventory.marks == {Mark("labels", "cost-centre"), Mark("annotations", "example.edu/owner")}
    assert Inventory.noted(with_inventory(WANTED.space, inventory)) == inventory
    assert (inventory - Inventory.of(LESS)) | Inventory.of(LESS) == inventory
    assert not inventory - inventory
    assert inventory


def test_a_note_that_somebody_wrote_takes_away_nothing_that_is_kept():
    note = "v1/Namespace/x,v1/PersistentVolumeClaim/home,rubbish,labels:tenantspawner.io/hub,v1/Pod/p,labels:x,a:b/c/d"
    space = patched(WANTED.space, {"metadata": {"annotations": {"tenantspawner.io/inventory": note}}})
    assert str(Inventory.noted(space)) == "labels:x"
    assert not Inventory.noted({"metadata": {"annotations": None}})


def test_a_quota_in_line_is_not_written():
    assert quota_change(WANTED.quota, WANTED.quota) == {}
    granted = patched(WANTED.quota, {"spec": {"hard": {GPU: "1"}}})
    assert quota_change(WANTED.quota, granted, LEASED) == {}


def test_a_quota_is_brought_in_line_but_for_what_is_leased():
    seen = patched(WANTED.quota, {"spec": {"hard": {GPU: "1", "limits.cpu": "99", "pods": "5"}}})
    after = patched(seen, quota_change(WANTED.quota, seen, LEASED))
    assert after["spec"]["hard"] == {**WANTED.quota["spec"]["hard"], GPU: "1"}
    bare = {"metadata": {"name": "tenantspawner"}}
    assert patched(bare, quota_change(WANTED.quota, bare))["spec"] == WANTED.quota["spec"]


def test_what_is_leased_begins_with_nothing():
    assert with_nothing_leased(WANTED.quota, LEASED)["spec"]["hard"] == {**WANTED.quota["spec"]["hard"], GPU: "0"}


def test_a_closed_namespace_counts_everything_with_nought():
    closed = closed_quota("tenantspawner", WANTED.space, WANTED.quota)
    assert set(closed["spec"]["hard"]) == {*WANTED.quota["spec"]["hard"], "pods"}
    assert set(closed["spec"]["hard"].values()) == {"0"}
    assert closed["metadata"] == WANTED.quota["metadata"]
    assert closed_quota("q", WANTED.space, None)["spec"] == {"hard": {"pods": "0"}}


def test_a_namespace_gets_what_differs_and_loses_what_no_document_says_any_more():
    there = with_inventory(WANTED.space, Inventory.of(WANTED))
    there["metadata"]["labels"]["theirs"] = "stays"
    assert namespace_change(WANTED.space, there) == {}
    assert namespace_change(LESS.space, there) == {
        "labels": {"cost-centre": None},
        "annotations": {"example.edu/owner": None},
    }
    assert namespace_change(WANTED.space, {"metadata": {"labels": None}}) == {
        "labels": WANTED.space["metadata"]["labels"],
        "annotations": WANTED.space["metadata"]["annotations"],
    }
