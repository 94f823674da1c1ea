"""The status of a pod as a function of what is known of its containers."""

from dataclasses import replace

import pytest

from tenantspawner.localcluster.node.status import (
    ContainerView,
    PodView,
    Running,
    Terminated,
    Waiting,
    phase,
    pod_status,
    remembered,
)

NEW = ContainerView("c", "image:1")
UP = replace(NEW, state=Running("t1"), ready=True)
GOOD = replace(NEW, state=Terminated(0, "Completed", "t1", "t2"), final=True)
BAD = replace(NEW, state=Terminated(1, "Error", "t1", "t2"), final=True)
AGAIN = replace(NEW, state=Waiting("CrashLoopBackOff"), last=BAD.state, restarts=1)


@pytest.mark.parametrize(
    ("containers", "init", "expected"),
    [
        ((NEW,), (), "Pending"),
        ((UP,), (), "Running"),
        ((UP, NEW), (), "Running"),
        ((AGAIN,), (), "Running"),
        ((replace(BAD, final=False),), (), "Running"),
        ((UP, BAD), (), "Running"),
        ((GOOD, GOOD), (), "Succeeded"),
        ((GOOD, BAD), (), "Failed"),
        ((NEW,), (UP,), "Pending"),
        ((NEW,), (BAD,), "Failed"),
        ((NEW,), (GOOD,), "Pending"),
        ((UP,), (GOOD,), "Running"),
    ],
)
def test_the_phase_follows_from_the_containers(containers, init, expected):
    assert phase(PodView(containers, init)) == expected


def test_a_sidecar_that_runs_lets_the_others_start():
    side = replace(UP, name="side")
    assert phase(PodView((UP,), (side,), frozenset({"side"}))) == "Running"
    assert phase(PodView((GOOD,), (side,), frozenset({"side"}))) == "Succeeded"


def conditions(view, pod=None, now="t9"):
    status = pod_status(pod or {"status": {}}, view, now)
    return {one["type"]: one for one in status["conditions"]}


def test_a_condition_keeps_its_time_until_it_changes():
    first = pod_status({}, PodView((NEW,)), "t1")
    second = conditions(PodView((UP,), address="127.1.1.1"), {"status": first}, "t2")
    assert second["PodScheduled"]["lastTransitionTime"] == "t1"
    assert second["Ready"]["lastTransitionTime"] == "t2"


def test_conditions_of_others_are_kept():
    gate = {"type": "example.org/gate", "status": "True"}
    assert conditions(PodView((UP,)), {"status": {"conditions": [gate]}})["example.org/gate"] == gate


def test_unready_containers_are_named():
    ready = conditions(PodView((UP, replace(NEW, name="slow"))))["Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [slow]"


def test_a_pod_that_ended_is_completed():
    assert conditions(PodView((GOOD,)))["Ready"]["reason"] == "PodCompleted"


def test_states_are_written_as_the_api_has_them():
    status = pod_status({}, PodView((AGAIN, UP, BAD), address="127.1.1.1", started_at="t0"), "t9")
    first, second, third = status["containerStatuses"]
    assert first["state"] == {"waiting": {"reason": "CrashLoopBackOff"}}
    assert first["lastState"]["terminated"]["exitCode"] == 1
    assert second["state"] == {"running": {"startedAt": "t1"}}
    assert third["state"]["terminated"] == {"exitCode": 1, "reason": "Error", "startedAt": "t1", "finishedAt": "t2"}
    assert (status["podIP"], status["podIPs"]) == ("127.1.1.1", [{"ip": "127.1.1.1"}])


@pytest.mark.parametrize(
    ("status", "state", "restarts"),
    [
        (None, Waiting(), 0),
        ({"state": {"waiting": {"reason": "x"}}, "restartCount": 2}, Waiting(), 2),
        (
            {"state": {"running": {"startedAt": "t1"}}, "restartCount": 1, "containerID": "local://a"},
            Terminated(
                137, "ContainerStatusUnknown", "t1", "t9", "The node that ran this container ended.", "local://a"
            ),
            1,
        ),
        (
            {"state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "t2"}}},
            Terminated(0, "Completed", None, "t2"),
            0,
        ),
    ],
)
def test_an_earlier_life_of_the_node_is_remembered(status, state, restarts):
    view = remembered({"name": "c", "image": "i"}, status, "t9")
    assert (view.state, view.restarts) == (state, restarts)
