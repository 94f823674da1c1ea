"""Covers what limit ranges refuse of a pod: each rule at its boundary, for containers, init containers and the whole pod, after the
defaults. What the API server would say of the same pod is held against it where there is one (tests/integration/real).
"""

import pytest

from tenantspawner.kube.breaches import breaches


def pod(*containers, **init):
    made = [{"name": f"c{number}", "resources": resources} for number, resources in enumerate(containers)]
    before = [{"name": name, "resources": resources} for name, resources in init.items()]
    return {"containers": made, "initContainers": before}


def limited(**amounts):
    return {"limits": amounts}


def limit_range(name="l", kind="Container", **item):
    return {"metadata": {"name": name}, "spec": {"limits": [{"type": kind, **item}]}}


CPU = "cpu max limit to request ratio per Container is 2"
CASES = [
    (pod(limited(cpu="2")), limit_range(max={"cpu": "2"}), []),
    (pod(limited(cpu="2001m")), limit_range(max={"cpu": "2"}), ["maximum cpu usage per Container is 2, but limit is 2001m"]),
    (pod({}), limit_range(max={"cpu": "2"}), []),  # the maximum is the default
    (pod({}), limit_range(kind="Pod", max={"cpu": "2"}), ["maximum cpu usage per Pod is 2, but no limit is specified"]),
    (pod(limited(memory="1Gi")), limit_range(min={"memory": "1Gi"}), []),
    (pod(limited(memory="1Gi")), limit_range(min={"memory": "1025Mi"}), ["minimum memory usage per Container is 1025Mi, but request is 1Gi"]),
    (pod({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}), limit_range(maxLimitRequestRatio={"cpu": "2"}), []),
    (pod({"requests": {"cpu": "1"}, "limits": {"cpu": "3"}}), limit_range(maxLimitRequestRatio={"cpu": "2"}), [f"{CPU}, but provided ratio is 3"]),
    (pod({"requests": {"cpu": "1"}}), limit_range(maxLimitRequestRatio={"cpu": "2"}), [f"{CPU}, but no limit is specified or limit is 0"]),
    (pod({"requests": {"cpu": "0"}}), limit_range(maxLimitRequestRatio={"cpu": "2"}), [f"{CPU}, but no request is specified or request is 0"]),
    (pod(limited(cpu="1"), limited(cpu="1")), limit_range(kind="Pod", max={"cpu": "2"}), []),
    (pod(limited(cpu="1"), limited(cpu="1100m")), limit_range(kind="Pod", max={"cpu": "2"}), ["maximum cpu usage per Pod is 2, but limit is 2100m"]),
    (pod(limited(cpu="1"), first=limited(cpu="3")), limit_range(max={"cpu": "2"}), ["maximum cpu usage per Container is 2, but limit is 3"]),
    (pod({"requests": {"cpu": "3"}}), limit_range(default={"cpu": "1"}), ["default cpu limit per Container is 1, but request is 3"]),
    (pod(limited(cpu="9"), limited(cpu="9")), limit_range(max={"cpu": "2"}), ["maximum cpu usage per Container is 2, but limit is 9"]),
    (pod(limited(cpu="9")), limit_range(kind="PersistentVolumeClaim", max={"storage": "1Gi"}), []),
    (pod(limited(cpu="9")), {"metadata": {"name": "l"}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "bounds", "expected"), CASES)
def test_a_rule_at_its_boundary(spec, bounds, expected):
    assert breaches(spec, [bounds]) == tuple(("l", rule) for rule in expected)


def test_every_limit_range_that_is_broken_is_named():
    found = breaches(
        pod(limited(cpu="9")),
        [limit_range("a", max={"cpu": "8"}), limit_range("b"), limit_range("c", max={"cpu": "7"})],
    )
    assert [name for name, _ in found] == ["a", "c"]
