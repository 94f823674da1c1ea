"""Covers the quota gate on a real control plane whose controller manager stands still: a quota that nobody counts limits nothing."""

import asyncio
import time

import pytest

from tenantspawner.errors import QuotaNotEnforced
from tests.support.hubs import eventually
from tests.support.lifehubs import a_hub, envelope

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


async def test_no_pod_before_the_quota_counts_and_none_is_left_behind(plane, home, node, look):
    kubeconfig = await asyncio.to_thread(home, "paused")
    async with a_hub(kubeconfig, envelope("paused")) as hub:
        namespace = hub.namespace_of("ada")
        plane.pause("kube-controller-manager")
        try:
            began = time.monotonic()
            with pytest.raises(QuotaNotEnforced) as refusal:
                await hub.start("ada", within=100)
            took = time.monotonic() - began
            assert look(f"/api/v1/namespaces/{namespace}/pods") == []
            quotas = look(f"/api/v1/namespaces/{namespace}/resourcequotas")
            assert [quota.get("status", {}) for quota in quotas] == [{}], "the quota stands and counts nothing"
        finally:
            plane.resume("kube-controller-manager")
        assert took < 11
        assert "quota controller does not work" in refusal.value.sentence
        assert namespace in refusal.value.sentence

        started = await hub.start("ada")

        assert [pod["metadata"]["uid"] for pod in look(f"/api/v1/namespaces/{namespace}/pods")] == [started.made.uid]
        assert await hub.stop("ada")
        assert look(f"/api/v1/namespaces/{namespace}/pods") == []
        await eventually(lambda: not look(f"/api/v1/namespaces/{namespace}/secrets"), 60, "the token outlives its pod")
        rows = await asyncio.to_thread(plane.audit, user=hub.user)
        pods = [(row.verb, row.code) for row in rows if row.resource == "pods" and row.verb in {"create", "delete"}]
        assert pods == [("create", 201), ("delete", 200)]
