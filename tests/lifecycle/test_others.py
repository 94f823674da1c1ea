"""Covers what others have put into a namespace of ours: a quota or a limit range that is not the hub's counts, is named with its
numbers before a pod is asked for, and stays as it is.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tenantspawner.cluster import Deadline
from tenantspawner.errors import Denied, OverOwnQuota
from tenantspawner.kube import kinds, labels
from tests.plan.drawing import drawn, tenant
from tests.support.starts import a_lab, a_plan, timed

pytestmark = pytest.mark.integration


def theirs(kind, plan, spec):
    metadata = {"name": "theirs", "namespace": plan.namespace}
    return {"apiVersion": "v1", "kind": kind.kind, "metadata": metadata, "spec": spec}


def limits(plan, **item):
    return theirs(kinds.LIMIT_RANGE, plan, {"limits": [{"type": "Container", **item}]})


def quota(plan, **spec):
    return theirs(kinds.RESOURCE_QUOTA, plan, spec)


def by_kubectl(plan, name, cpu, **metadata):
    container = {"name": "c", "image": "light", "resources": {"limits": {"cpu": cpu, "memory": "1Gi"}}}
    place = {"name": name, "namespace": plan.namespace, **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": {"containers": [container]}}


@asynccontextmanager
async def a_namespace(*further, node=False, keys=None):
    """A person's namespace as an earlier start left it, and what others have put there since."""
    async with a_lab(node=node) as lab:
        plan = a_plan(**(keys or {}))
        lab.furnish(plan)
        yield lab, plan, [lab.make(build(plan)) for build in further]


def untouched(lab, made):
    return all(
        lab.get(kinds.kind_of(one), one["metadata"]["namespace"], "theirs")["spec"] == one["spec"]
        and not [row for row in lab.local.requests if row.name == "theirs" and row.user == "admin-of-tests"]
        for one in made
    )


IMPOSSIBLE = [
    ({"max": {"cpu": "500m"}}, "maximum cpu usage per Container is 500m, but limit is 1 (LimitRange theirs)"),
    ({"min": {"memory": "4Gi"}}, "minimum memory usage per Container is 4Gi, but request is 2Gi (LimitRange theirs)"),
    ({"maxLimitRequestRatio": {"nvidia.com/gpu": "1"}}, "nvidia.com/gpu max limit to request ratio per Container is 1, but no request is specified or request is 0 (LimitRange theirs)"),
    ({"type": "Pod", "max": {"memory": "1Gi"}}, "maximum memory usage per Pod is 1Gi, but limit is 2Gi (LimitRange theirs)"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "rule"), IMPOSSIBLE)
async def test_a_limit_range_that_makes_the_pod_impossible_is_told_before_it_is_asked_for(item, rule):
    async with a_namespace(lambda plan: limits(plan, **item)) as (lab, plan, made):
        _, refusal = await timed(lab.start(replace(plan, contact="help@example.edu")))
        assert isinstance(refusal, Denied), refusal
        assert refusal.sentence == (
            f"The limits here do not allow this server: {rule}. Choose a smaller one. Ask help@example.edu."
        )
        assert lab.asked("create", "pods") == lab.asked("create", "persistentvolumeclaims") == []
        assert untouched(lab, made)


def test_whom_to_ask_is_what_the_document_says():
    assert drawn({**tenant(), "contact": "help@example.edu"}, "ada").contact == "help@example.edu"


async def test_a_limit_range_that_lets_the_pod_pass_hinders_nothing():
    async with a_namespace(lambda plan: limits(plan, max={"cpu": "2"}, min={"cpu": "10m"}), node=True) as (
        lab,
        plan,
        made,
    ):
        assert (await lab.start(plan)).address
        assert untouched(lab, made)


async def test_a_quota_of_others_counts_and_is_told_with_who_uses_it_before_the_pod_is_asked_for():
    def a_server(plan):
        notes = {labels.OWNER: "ada", labels.SERVER: "big", labels.SPAWN: "s"}
        return by_kubectl(plan, "jupyter-ada--big", "1", labels={labels.HUB: "hub1"}, annotations=notes)

    hard = {"limits.cpu": "3", "requests.memory": "64Gi"}
    further = (lambda plan: quota(plan, hard=hard), a_server, lambda plan: by_kubectl(plan, "worker", "1500m"))
    async with a_namespace(*further) as (lab, plan, made):
        await counted(lab, plan, "2500m")
        _, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, OverOwnQuota), refusal
        assert refusal.sentence == (
            "Another quota here (theirs), which is not this hub's, does not leave enough (cpu: 2500m of 3 in use (pod worker 1500m, "
            "your server *big* 1), this server asks for 1). Choose a smaller server, stop what you do not need there, or ask the "
            "administrator of this hub."
        )
        assert lab.asked("create", "pods") == lab.asked("create", "persistentvolumeclaims") == []
        assert untouched(lab, made[:1])


async def counted(lab, plan, cpu):
    where = (kinds.RESOURCE_QUOTA, plan.namespace, "theirs")
    async with asyncio.timeout(20):
        while ((lab.get(*where).get("status") or {}).get("used") or {}).get("limits.cpu") != cpu:
            await asyncio.sleep(0.02)


async def test_what_a_pod_of_a_moment_ago_had_is_waited_for():
    further = (lambda plan: quota(plan, hard={"limits.cpu": "1"}), lambda plan: by_kubectl(plan, "worker", "1"))
    async with a_namespace(*further, node=True) as (lab, plan, _):
        await counted(lab, plan, "1")
        start = asyncio.create_task(lab.start(plan))
        async with asyncio.timeout(20):
            while not lab.asked("list", "resourcequotas", plan.namespace):
                await asyncio.sleep(0.01)
        uid = lab.get(kinds.POD, plan.namespace, "worker")["metadata"]["uid"]
        await lab.cluster.delete(
            kinds.POD, plan.namespace, "worker", uid=uid, deadline=Deadline.after(5), grace_seconds=0
        )
        assert (await start).address


async def test_ones_own_earlier_server_is_no_reason_to_refuse_its_next_start():
    async with a_namespace(lambda plan: quota(plan, hard={"limits.cpu": "1"}), node=True) as (lab, plan, _):
        await lab.start(plan)
        await counted(lab, plan, "1")
        again = a_plan(spawn_id="spawn-2")
        assert (await lab.start(again, within=60)).address
        assert lab.pod_of(again)["metadata"]["annotations"][labels.SPAWN] == "spawn-2"


async def test_a_quota_that_counts_only_some_pods_is_left_to_the_api_server():
    scoped = {"hard": {"pods": "0"}, "scopes": ["BestEffort"]}
    async with a_namespace(lambda plan: quota(plan, **scoped), node=True) as (lab, plan, _):
        assert (await lab.start(plan)).address


@pytest.mark.parametrize(
    "build", [lambda plan: limits(plan, max={"cpu": "500m"}), lambda plan: quota(plan, hard={"limits.cpu": "500m"})]
)
async def test_without_the_right_to_look_the_api_servers_own_refusal_is_told_as_well(build):
    async with a_namespace(build) as (lab, plan, _):
        for resource in ("limitranges", "resourcequotas"):
            words = f'{resource} is forbidden: User "hub" cannot list resource "{resource}" in API group ""'
            lab.local.faults.answer(403, "Forbidden", words, verb="list", resource=resource, times=None)
        _, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, Denied | OverOwnQuota), refusal
        assert "is 500m, but limit is 1" in refusal.sentence or "cpu: 0 of 500m in use" in refusal.sentence
        assert len(lab.asked("create", "pods")) == 1


async def test_our_own_quota_is_told_with_who_uses_it_when_the_api_server_refuses():
    further = (lambda plan: by_kubectl(plan, "worker", "3500m"),)
    async with a_namespace(*further) as (lab, plan, _):
        _, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, OverOwnQuota), refusal
        assert refusal.sentence == (
            "The quota here does not leave enough (cpu: 3500m of 4 in use (pod worker 3500m), this server asks for 1). "
            "Choose a smaller server, or stop another one first."
        )
