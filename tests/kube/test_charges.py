"""Covers what a pod is charged for, beyond the sums of policy's tests; a real API server confirms it in tests/integration."""

from decimal import Decimal

import pytest

from tenantspawner.kube.charges import charge, in_quota


def container(limits=None, requests=None, **more):
    return {"name": "c", "resources": {"limits": limits or {}, "requests": requests or {}}, **more}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container({"cpu": "1500u"})]}, {"cpu": "0.002"}),  # rounded up, container by container
        ({"containers": [container({"cpu": "2"}, {"cpu": "500m"})]}, {"cpu": "0.5"}),
        ({"containers": [container({"cpu": "1"})], "resources": {"requests": {"cpu": "3"}}}, {"cpu": "3"}),
        ({"containers": [container({"cpu": "1"})], "resources": {"limits": {"cpu": "3"}}}, {"cpu": "1"}),
        ({"containers": [container()], "resources": {"limits": {"cpu": "3"}}}, {"cpu": "3"}),
        ({"containers": [container({"a.io/b": "2"})], "resources": {"requests": {"a.io/b": "9"}}}, {"a.io/b": "2"}),
        (
            {
                "containers": [container({"cpu": "1"})],
                "initContainers": [container({"a.io/b": "4"}, restartPolicy="Always")],
            },
            {"cpu": "1", "a.io/b": "4"},
        ),
        ({"containers": [container()], "overhead": {"cpu": "250m"}}, {"cpu": "0.25"}),
    ],
)
def test_requests_are_defaulted_and_summed_as_kubernetes_does(spec, expected):
    requests = {
        key.removeprefix("requests."): value for key, value in charge(spec).items() if key.startswith("requests.")
    }
    assert requests == {key: Decimal(value) for key, value in expected.items()}


def test_overhead_counts_towards_limits_only_where_there_is_one():
    spec = {"containers": [container({"memory": "1Gi"})], "overhead": {"cpu": "250m", "memory": "1Gi"}}
    assert charge(spec)["limits.memory"] == 2 * 2**30
    assert "limits.cpu" not in charge(spec)


def test_limit_ranges_fill_what_is_open_after_the_api_server_s_own_defaults():
    bounds = {
        "spec": {
            "limits": [
                {"type": "Container", "max": {"cpu": "4"}, "min": {"memory": "64Mi"}, "default": {"memory": "1Gi"}}
            ]
        }
    }
    assert charge({"containers": [container()]}, [bounds]) == {
        "limits.cpu": 4, "requests.cpu": 4, "limits.memory": 2**30, "requests.memory": 2**30,
    }  # fmt: skip
    assert charge({"containers": [container({"cpu": "2"})]}, [bounds])["requests.cpu"] == 2


def test_a_quota_counts_devices_by_requests_and_ended_pods_only_as_objects():
    pod = {"spec": {"containers": [container({"nvidia.com/mig-1g.10gb": "1", "hugepages-2Mi": "2Mi", "cpu": "1"})]}}
    assert in_quota(pod) == {
        "count/pods": 1, "pods": 1, "cpu": 1, "requests.cpu": 1, "limits.cpu": 1,
        "requests.nvidia.com/mig-1g.10gb": 1, "hugepages-2Mi": 2**21, "requests.hugepages-2Mi": 2**21,
    }  # fmt: skip
    assert in_quota({**pod, "status": {"phase": "Failed"}}) == {"count/pods": 1}


def test_a_container_in_a_resize_counts_with_the_larger_size():
    spec = {"containers": [container({"cpu": "1"})]}
    status = {
        "containerStatuses": [
            {
                "name": "c",
                "resources": {"limits": {"cpu": "4"}, "requests": {"cpu": "2"}},
                "allocatedResources": {"cpu": "3"},
            }
        ]
    }
    counted = in_quota({"spec": spec, "status": status})
    assert (counted["limits.cpu"], counted["requests.cpu"]) == (4, 3)
