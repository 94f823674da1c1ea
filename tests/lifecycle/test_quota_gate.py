"""Covers the gate: no pod before the quota controller has filled ``status.hard``, however long that takes."""

import asyncio

import pytest

from tenantspawner.errors import AdminMustAct, QuotaNotEnforced
from tenantspawner.kube import kinds
from tenantspawner.localcluster.settings import ClusterSettings
from tests.support.hubs import eventually, in_force
from tests.support.starts import a_lab, a_plan, timed

pytestmark = pytest.mark.integration


async def started_with(delay):
    """Start under a quota controller of that delay; what became of it, and of the pod and the quota, in their order."""
    async with a_lab(settings=ClusterSettings(quota_delay=delay)) as lab:
        plan = a_plan()
        seconds, result = await timed(lab.start(plan, within=30))
        filled = [event.resource_version for event in lab.local.store.history_since(0) if in_force(event)]
        pods = [event.resource_version for event in lab.ever(kinds.POD, plan.namespace)]
        posts = lab.asked("create", "pods", plan.namespace)
        return seconds, result, filled, pods, posts


async def test_no_pod_is_created_before_the_quota_is_in_force():
    delays = (0.0, 0.2, 3.0, 9.0)
    outcomes = await asyncio.gather(*(started_with(delay) for delay in delays))
    for delay, (seconds, result, filled, pods, posts) in zip(delays, outcomes, strict=True):
        assert not isinstance(result, BaseException), f"{delay}: {result!r}"
        assert result.address.startswith("127.")
        assert len(pods) == len(posts) == 1
        assert filled[0] < pods[0], f"after {delay} s the pod stood before the quota was in force"
        assert delay <= seconds < delay + 5


async def test_a_quota_that_never_comes_into_force_refuses_the_start_within_eleven_seconds():
    seconds, result, filled, pods, posts = await started_with(None)
    assert isinstance(result, QuotaNotEnforced)
    assert seconds < 11
    assert (filled, pods, posts) == ([], [], [])
    assert result.sentence.startswith("The quota of hub1-everybody--ada is not in force after 10 seconds")
    assert "quota controller does not work" in result.sentence


UNCOUNTED = {"cpu": 4, "memory": "8Gi", "count/widgets.example.org": 5, "count/gadgets.example.org": 1}


async def test_keys_that_the_cluster_does_not_count_refuse_the_start_by_their_names():
    async with a_lab() as lab:
        plan = a_plan(quota={"user": UNCOUNTED})
        seconds, result = await timed(lab.start(plan, within=30))
        assert isinstance(result, AdminMustAct)
        assert result.sentence == (
            "The quota of hub1-everybody--ada bounds count/gadgets.example.org, count/widgets.example.org, which this cluster does "
            "not count, so it can never be in force. Nothing was started. Ask the administrator of this hub."
        )
        assert "Correct or remove it under quota in the tenancy document" in result.detail
        assert seconds < 10
        assert lab.asked("create", "pods", plan.namespace) == []


async def test_a_key_that_is_counted_a_moment_later_is_waited_for():
    """The controller writes what it bounds and what it has counted at once; were it otherwise, a moment is no refusal."""
    async with a_lab(settings=ClusterSettings(quota_delay=None)) as lab:
        plan = a_plan()
        start = asyncio.create_task(lab.start(plan, within=30))
        where = (kinds.RESOURCE_QUOTA, plan.namespace, "tenantspawner")
        await eventually(lambda: lab.get(*where) is not None, 10)
        hard = lab.get(*where)["spec"]["hard"]
        lab.put_status(*where, {"hard": hard, "used": {"limits.cpu": "0"}})
        looked = len(lab.asked("get", "resourcequotas", plan.namespace))
        await eventually(lambda: len(lab.asked("get", "resourcequotas", plan.namespace)) > looked, 10)
        lab.put_status(*where, {"hard": hard, "used": dict.fromkeys(hard, "0")})
        assert (await start).address
