"""Covers the gate: no pod before the quota controller has filled ``status.hard``, however long that takes."""

import asyncio

import pytest

from tenantspawner.errors import QuotaNotEnforced
from tenantspawner.kube import kinds
from tenantspawner.localcluster.settings import ClusterSettings
from tests.support.hubs import in_force
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
