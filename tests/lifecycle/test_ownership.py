"""Only ours: what may be touched, whose pod it is, and which spawn made it."""

import pytest

from tenantspawner.errors import NotOurs
from tenantspawner.lifecycle.ownership import check_owner, same_server, spawned_by


def obj(hub="hub1", owner="ada", server="", *, kubespawner=None, **notes):
    marks = {"tenantspawner.io/owner": owner, "tenantspawner.io/server": server} if hub else {}
    if kubespawner is not None:
        names = zip(("hub.jupyter.org/username", "hub.jupyter.org/servername"), kubespawner, strict=True)
        marks |= {key: name for key, name in names if name}
    labels = {"tenantspawner.io/hub": hub} if hub else {}
    return {"kind": "Pod", "metadata": {"name": "p", "labels": labels, "annotations": {**marks, **notes}}}


BARE = {"metadata": {"name": "p"}}
NULLS = {"metadata": {"name": "p", "labels": None, "annotations": None}}
FOREIGN = {
    "another hub's": (obj("hub2"), "does not carry this hub's label"),
    "nobody's": (BARE, "does not carry this hub's label"),
    "nobody's, with nulls": (NULLS, "does not carry this hub's label"),
    "KubeSpawner's": (obj(None, kubespawner=("ada", "")), "does not carry this hub's label"),
    "another person's": (obj(owner="bob"), "belongs to another owner"),
    "the whole tenant's": (obj(owner="tenant:physics"), "belongs to another owner"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_not_ours_is_refused_without_naming_its_owner(case):
    existing, why = FOREIGN[case]
    with pytest.raises(NotOurs) as refused:
        check_owner(existing, obj())
    assert refused.value.sentence.startswith("The pod p is in use by somebody else")
    assert why in refused.value.detail
    assert "bob" not in refused.value.detail


def test_what_is_ours_passes():
    check_owner(obj(server="other"), obj())


SAME = {
    "the same": (obj(), obj(), True),
    "another named server": (obj(server="train"), obj(), False),
    "another person": (obj(owner="bob"), obj(), False),
    "another hub": (obj("hub2"), obj(), False),
    "KubeSpawner's, from before a switch": (obj(None, kubespawner=("ada", "")), obj(kubespawner=("ada", "")), True),
    "KubeSpawner's named one": (obj(None, kubespawner=("ada", "train")), obj(kubespawner=("ada", "")), False),
    "KubeSpawner's, of somebody else": (obj(None, kubespawner=("bob", "")), obj(kubespawner=("ada", "")), False),
    "nobody's": (BARE, obj(kubespawner=("ada", "")), False),
    "nobody's, and no tenancy": (NULLS, obj(None, kubespawner=("ada", "")), False),
    "without a tenancy": (obj(None, kubespawner=("ada", "")), obj(None, kubespawner=("ada", "")), True),
    "from when there was a tenancy": (obj(kubespawner=("ada", "")), obj(None, kubespawner=("ada", "")), True),
    "another hub's, our names": (obj("hub2", kubespawner=("ada", "")), obj(kubespawner=("ada", "")), False),
}


@pytest.mark.parametrize("case", SAME)
def test_an_earlier_pod_of_the_very_same_server_is_known(case):
    existing, wanted, expected = SAME[case]
    assert same_server(existing, wanted) is expected


def test_the_spawn_that_made_an_object_is_on_it():
    made = obj(**{"tenantspawner.io/spawn": "s-1"})
    assert spawned_by(made, "s-1")
    assert not spawned_by(made, "s-2")
    assert not spawned_by(BARE, "s-1")
