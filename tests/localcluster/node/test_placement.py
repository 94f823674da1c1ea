"""Where a pod may go: selectors, affinity, taints, sums; and the sentence when it may go nowhere."""

from decimal import Decimal

import pytest

from tenantspawner.localcluster.placement import (
    Candidate,
    UnschedulableError,
    matches,
    place,
    requests,
    tolerates,
    used_by,
)

LABELS = {"zone": "a", "size": "8", "kubernetes.io/hostname": "n"}


def node(name="n", *, labels=None, taints=(), ready="True", used=None, **capacity):
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "10"} | {
        key.replace("__", "/"): value for key, value in capacity.items()
    }
    return Candidate(
        {
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"taints": list(taints)},
            "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": ready}]},
        },
        {key: Decimal(value) for key, value in (used or {}).items()},
    )


def pod(*containers, **spec):
    return {"spec": {"containers": [{"resources": {"requests": one}} for one in containers] or [{}], **spec}}


def affinity(*expressions, kind="matchExpressions"):
    terms = {"nodeSelectorTerms": [{kind: list(expressions)}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


@pytest.mark.parametrize(
    ("key", "operator", "values", "expected"),
    [
        ("zone", "In", ["a", "b"], True),
        ("zone", "In", ["b"], False),
        ("none", "In", ["a"], False),
        ("zone", "NotIn", ["b"], True),
        ("zone", "NotIn", ["a"], False),
        ("none", "NotIn", ["a"], True),
        ("zone", "Exists", None, True),
        ("none", "Exists", None, False),
        ("none", "DoesNotExist", None, True),
        ("zone", "DoesNotExist", None, False),
        ("size", "Gt", ["7"], True),
        ("size", "Gt", ["8"], False),
        ("size", "Lt", ["9"], True),
        ("zone", "Gt", ["1"], False),
        ("size", "Gt", [], False),
        ("zone", "Whatever", ["a"], False),
    ],
)
def test_expressions(key, operator, values, expected):
    assert matches({"key": key, "operator": operator, "values": values}, LABELS) is expected


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "value": "yes", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_tolerations(toleration, expected):
    assert tolerates(toleration, {"key": "gpu", "value": "yes", "effect": "NoSchedule"}) is expected


def test_requests_are_summed_and_init_containers_count_where_they_are_more():
    wanted = pod({"cpu": "500m"}, {"cpu": "1", "memory": "1Gi"})
    wanted["spec"]["initContainers"] = [
        {"resources": {"requests": {"cpu": "100m"}}, "restartPolicy": "Always"},
        {"resources": {"requests": {"memory": "2Gi"}}},
    ]
    wanted["spec"]["overhead"] = {"memory": "1"}
    assert requests(wanted) == {"cpu": Decimal("1.6"), "memory": Decimal(2 * 2**30 + 1), "pods": 1}


def test_a_limit_is_a_request_where_there_is_no_other():
    wanted = {"spec": {"containers": [{"resources": {"limits": {"cpu": "2", "gpu": "1"}, "requests": {"cpu": "1"}}}]}}
    assert requests(wanted) == {"cpu": 1, "gpu": 1, "pods": 1}


def test_pods_that_ended_use_nothing():
    running, ended = pod({"cpu": "1"}), pod({"cpu": "1"}) | {"status": {"phase": "Succeeded"}}
    assert used_by([running, ended]) == {"cpu": 1, "pods": 1}


@pytest.mark.parametrize(
    ("wanted", "candidates", "sentence"),
    [
        (pod(), [], "no nodes available to schedule pods"),
        (pod({"nvidia.com/gpu": "1"}), [node()], "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."),
        (
            pod({"cpu": "3"}),
            [node("a", used={"cpu": "2"}), node("b", used={"cpu": "2", "pods": "10"})],
            "0/2 nodes are available: 1 Too many pods, 2 Insufficient cpu.",
        ),
        (
            pod(nodeSelector={"zone": "b"}),
            [node(labels=LABELS)],
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        ),
        (
            pod(),
            [node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])],
            "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.",
        ),
        (
            pod(),
            [node(ready="False")],
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
        ),
    ],
)
def test_a_pod_that_fits_nowhere_is_told_why(wanted, candidates, sentence):
    with pytest.raises(UnschedulableError) as raised:
        place(wanted, candidates)
    assert str(raised.value) == sentence


def test_a_node_that_was_cordoned_takes_nothing():
    cordoned = node()
    cordoned.node["spec"]["unschedulable"] = True
    with pytest.raises(UnschedulableError, match="unschedulable"):
        place(pod(), [cordoned])


def test_the_least_loaded_node_is_taken():
    assert place(pod({"cpu": "1"}), [node("a", used={"cpu": "2"}), node("b", used={"cpu": "1"})]) == "b"


def test_a_preferred_node_comes_first():
    preferred = [{"weight": 10, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}}]
    wish = {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}
    assert place(pod({"cpu": "1"}, **wish), [node("a"), node("b", labels=LABELS, used={"cpu": "3"})]) == "b"


def test_a_taint_that_only_prefers_keeps_nobody_away():
    assert place(pod(), [node(taints=[{"key": "x", "effect": "PreferNoSchedule"}])]) == "n"


@pytest.mark.parametrize(
    ("required", "fits"),
    [
        (affinity({"key": "zone", "operator": "In", "values": ["a"]}), True),
        (affinity({"key": "zone", "operator": "In", "values": ["b"]}), False),
        (affinity(), False),
        (affinity({"key": "metadata.name", "operator": "In", "values": ["n"]}, kind="matchFields"), True),
    ],
)
def test_required_affinity(required, fits):
    def chosen():
        return place(pod(**required), [node(labels=LABELS)])

    if fits:
        assert chosen() == "n"
    else:
        with pytest.raises(UnschedulableError):
            chosen()
