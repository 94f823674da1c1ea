"""Where an object differs from the plan: what the API server fills in is no difference, what anybody changes is one."""

import copy

import pytest

from tenantspawner.kube.labels import FIELD_MANAGER
from tenantspawner.plan.drift import differences, other_hands
from tests.plan.documents import AROUND, NETWORK, WHOLE
from tests.plan.drawing import drawn, tenant

LIMITS = {
    "default": {"cpu": 1},
    "defaultRequest": {"memory": "1Gi"},
    "min": {"cpu": "100m"},
    "max": {"cpu": 16, "memory": "2Gi"},
}
PLAN = drawn(tenant(WHOLE, limits=LIMITS, network=NETWORK), "ada", "physics", around=AROUND)
OBJECTS = {f"{obj['kind']} {obj['metadata']['name']}": obj for obj in PLAN.provisions.objects()}
QUOTA, RANGE = OBJECTS["ResourceQuota tenantspawner"], OBJECTS["LimitRange tenantspawner"]
INGRESS, BINDING = (
    OBJECTS["NetworkPolicy tenantspawner-ingress"],
    OBJECTS["RoleBinding notebook-tenantspawner-notebook"],
)


def changed(obj, *path, to):
    made = copy.deepcopy(obj)
    place = made
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return made


@pytest.mark.parametrize("name", set(OBJECTS) - {"LimitRange tenantspawner", "NetworkPolicy tenantspawner-ingress"})
def test_an_object_that_has_no_defaults_does_not_differ_from_itself(name):
    assert differences(OBJECTS[name], OBJECTS[name]) == ()


FILLED_IN = {
    "another notation": (QUOTA, changed(QUOTA, "spec", "hard", "limits.cpu", to="8000m")),
    "others' labels": (QUOTA, changed(QUOTA, "metadata", "labels", "theirs", to="x")),
    "a status": (QUOTA, changed(QUOTA, "status", to={"hard": {}})),
    "default limits and requests": (
        RANGE,
        changed(
            changed(RANGE, "spec", "limits", 0, "default", to={"cpu": "1", "memory": "2Gi"}),
            "spec", "limits", 0, "defaultRequest", to={"cpu": "1", "memory": "1Gi"},
        ),
    ),
    "a protocol": (INGRESS, changed(INGRESS, "spec", "ingress", 1, "ports", to=[{"port": 8786, "protocol": "TCP"}])),
}  # fmt: skip


@pytest.mark.parametrize("case", FILLED_IN)
def test_what_the_api_server_fills_in_is_no_difference(case):
    assert differences(*FILLED_IN[case]) == ()


def test_bounds_of_whole_pods_have_no_defaults_and_nothing_is_as_good_as_an_empty_list():
    of_pods = {**RANGE, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}, "min": {}}]}}
    assert differences(of_pods, {**of_pods, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}}) == ()
    empty = {**RANGE, "spec": {"limits": []}}
    assert differences(empty, {**empty, "spec": {}}) == ()
    bare = {**RANGE, "spec": {"limits": [{"type": "Container"}]}}
    assert differences(bare, bare) == ()


EDITED = {
    "an amount": (QUOTA, changed(QUOTA, "spec", "hard", "limits.cpu", to="99"), "spec.hard.limits.cpu"),
    "an amount that is none": (QUOTA, changed(QUOTA, "spec", "hard", "limits.cpu", to="lots"), "spec.hard.limits.cpu"),
    "a key less": (QUOTA, changed(QUOTA, "spec", "hard", "limits.cpu", to=None), "spec.hard.limits.cpu"),
    "a key more": (QUOTA, changed(QUOTA, "spec", "hard", "pods", to="1"), "spec.hard.pods"),
    "no spec": (QUOTA, {"metadata": QUOTA["metadata"]}, "spec.hard.limits.cpu"),
    "a label": (QUOTA, changed(QUOTA, "metadata", "labels", "tenantspawner.io/hub", to="x"), "metadata.labels[tenantspawner.io/hub]"),
    "no metadata": (INGRESS, {**INGRESS, "metadata": None}, "metadata.labels[tenantspawner.io/hub]"),
    "one peer more": (INGRESS, changed(INGRESS, "spec", "ingress", 0, "from", to=[{"podSelector": {}}]), "spec.ingress[0].from"),
    "a port": (INGRESS, changed(INGRESS, "spec", "ingress", 1, "ports", 0, "port", to=1), "spec.ingress[1].ports[0].port"),
    "a subject": (BINDING, changed(BINDING, "subjects", 0, "name", to="bob"), "subjects[0].name"),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITED)
def test_what_somebody_changed_is_named(case):
    wanted, seen, field = EDITED[case]
    assert field in differences(wanted, seen)


def test_what_is_leased_is_the_grants_affair():
    leased = frozenset({"requests.nvidia.com/gpu"})
    assert differences(QUOTA, changed(QUOTA, "spec", "hard", "requests.nvidia.com/gpu", to="0"), leased) == ()
    assert differences(QUOTA, changed(QUOTA, "spec", "hard", "requests.nvidia.com/gpu", to="0")) != ()


def test_who_has_changed_an_object_last_is_told():
    entries = [
        {"manager": FIELD_MANAGER, "time": "2026-11-24T12:00:00Z"},
        {"manager": "kubectl-edit", "time": "2026-11-24T11:00:00Z"},
        {"manager": "argocd", "time": "2026-11-24T10:00:00Z"},
        {"manager": "kube-controller-manager", "time": "2026-11-24T13:00:00Z"},
    ]
    assert other_hands({"metadata": {"managedFields": entries}}) == "kubectl-edit at 2026-11-24T11:00:00Z"
    assert other_hands({"metadata": {"managedFields": entries[:1]}}) == other_hands({}) == ""
    assert other_hands({"metadata": {"managedFields": [{"manager": "x"}]}}) == "x at an unknown time"
