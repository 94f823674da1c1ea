"""Limit ranges: what containers get that say nothing, which bounds hold, and the words when they do not."""

import pytest

from tests.localcluster.worlds import World, claim, container, limit_range, pod

BOUNDS = {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "100m"}, "maxLimitRequestRatio": {"cpu": "4"}}
DEFAULTS = {"type": "Container", "default": {"cpu": "500m", "memory": "1Gi"}, "defaultRequest": {"cpu": "250m"}}


def world(*limits):
    made = World()
    made.create(limit_range(*limits))
    return made


def test_containers_that_say_nothing_get_the_defaults_and_an_annotation_says_so():
    asked = pod("p", container(), container("proxy", limits={"cpu": "1"}), initContainers=[container("first")])
    admitted = world(DEFAULTS).admit(asked)
    notebook, proxy = admitted["spec"]["containers"]
    assert notebook["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"cpu": "250m", "memory": "1Gi"},
    }
    assert proxy["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert admitted["spec"]["initContainers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi"}
    assert admitted["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container notebook; cpu, memory limit for container notebook; "
        "memory request for container proxy; memory limit for container proxy; "
        "cpu, memory request for init container first; cpu, memory limit for init container first"
    )


@pytest.mark.parametrize(
    ("limits", "requests", "words"),
    [
        ({"cpu": "4"}, None, "maximum cpu usage per Container is 2, but limit is 4"),
        ({"cpu": "2"}, {"cpu": "50m"}, ("[minimum cpu usage per Container is 100m, but request is 50m, "
         "cpu max limit to request ratio per Container is 4, but provided ratio is 40.000000]")),
        ({"cpu": "2"}, {"cpu": "400m"}, "cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000"),
        ({"cpu": "50m"}, None, "minimum cpu usage per Container is 100m, but request is 50m"),
        ({"cpu": "2"}, {"cpu": "0"}, ("[minimum cpu usage per Container is 100m, but request is 0, "
         "cpu max limit to request ratio per Container is 4, but no request is specified or request is 0]")),
    ],
)  # fmt: skip
def test_a_container_out_of_bounds_is_refused(limits, requests, words):
    assert world(BOUNDS).why(pod("p", container(limits=limits, requests=requests))) == words


def test_a_bound_needs_a_value_to_hold_against():
    bounds = {"type": "Pod", "max": {"gpu": "1"}, "min": {"disk": "1"}, "maxLimitRequestRatio": {"memory": "2"}}
    assert world(bounds).why(pod("p", container(requests={"memory": "1Gi"}))) == (
        "[minimum disk usage per Pod is 1.  No request is specified, "
        "maximum gpu usage per Pod is 1.  No limit is specified, "
        "memory max limit to request ratio per Pod is 2, but no limit is specified or limit is 0]"
    )


def test_a_pod_is_bounded_as_a_whole():
    bounds = world({"type": "Pod", "max": {"cpu": "3"}})
    two = [container("a", limits={"cpu": "2"}), container("b", limits={"cpu": "2"})]
    assert bounds.why(pod("p", *two)) == "maximum cpu usage per Pod is 3, but limit is 4"
    bounds.admit(pod("p", two[0]))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("10Gi", "maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi"),
        ("100Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Mi"),
    ],
)
def test_claims_are_bounded(size, words):
    bounds = world({"type": "PersistentVolumeClaim", "max": {"storage": "5Gi"}, "min": {"storage": "1Gi"}})
    assert bounds.why(claim(storage=size)) == words
    bounds.admit(claim(storage="2Gi"))


def test_the_name_of_the_pod_is_in_the_refusal_also_when_it_is_still_to_be_generated():
    bounds = world({"type": "Pod", "max": {"cpu": "1"}})
    asked = {**pod("", container(limits={"cpu": "2"})), "metadata": {"generateName": "run-"}}
    assert bounds.refusal(asked).message.startswith('pods "run-" is forbidden: maximum cpu')


def test_what_is_going_away_is_left_alone():
    bounds = world({"type": "PersistentVolumeClaim", "max": {"storage": "5Gi"}})
    old = bounds.create(claim(storage="2Gi"))
    going = {**old, "metadata": {**old["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    grown = {**going, "spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    bounds.update(grown, going)
    with pytest.raises(Exception, match="maximum storage"):
        bounds.update({**old, "spec": grown["spec"]}, old)
