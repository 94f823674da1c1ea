"""Covers the retry table and the waiting of one start: what is tried again, adopted, replaced, refused, or given up."""

import asyncio

import pytest

from tenantspawner.cluster import Deadline, Store
from tenantspawner.errors import Denied, NotOurs, OverOwnQuota, PodFailed
from tenantspawner.kube import kinds, labels
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle import Journal
from tenantspawner.lifecycle.servers import provision
from tenantspawner.lifecycle.servers.launch import create_pod
from tenantspawner.localcluster.settings import ClusterSettings
from tests.support.hubs import eventually
from tests.support.mishaps import creation_refused
from tests.support.starts import a_lab, a_plan, timed

pytestmark = pytest.mark.integration


# -- the name is taken ---------------------------------------------------------------------------------------------


def blind():
    """A complete view that has nothing in it: what a watch shows that is a moment late."""
    store = Store[Pod]()
    store.replace([])
    return store


def another_pod(plan, *, phase="Running", **marks):
    """A pod of that name; `marks` replace annotations (by their constants' names), or None for none at all."""
    metadata = {**plan.pod["metadata"], "annotations": {**plan.pod["metadata"]["annotations"], **marks}}
    return {**plan.pod, "metadata": metadata, "status": {"phase": phase}}


async def create_over(lab, plan, existing):
    """Create a plan's pod where another one is; the uid before, and what the create came to."""
    lab.furnish(plan)
    before = lab.make(existing)["metadata"]["uid"]
    (result,) = await asyncio.gather(
        create_pod(lab.cluster, blind(), plan, Deadline.after(10), Journal()), return_exceptions=True
    )
    return before, result


async def test_a_pod_of_this_very_spawn_is_adopted():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        before, made = await create_over(lab, plan, another_pod(plan))
        assert made.uid == before
        assert lab.asked("delete", "pods") == []
        assert len(lab.asked("create", "pods")) == 1


async def test_a_finished_pod_of_the_same_server_is_replaced_by_uid():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        before, made = await create_over(lab, plan, another_pod(plan, phase="Succeeded", **{labels.SPAWN: "spawn-0"}))
        assert made.uid != before
        assert lab.pod_of(plan)["metadata"]["uid"] == made.uid
        assert len(lab.asked("delete", "pods")) == 1


async def test_a_running_pod_of_an_older_spawn_is_stopped_gracefully_and_replaced():
    async with a_lab() as lab:
        old, new = a_plan(spawn_id="spawn-0"), a_plan(spawn_id="spawn-1")
        first = await lab.start(old)
        second = await lab.start(new)
        assert second.made.uid != first.made.uid
        gone = [event.object["metadata"] for event in lab.ever(kinds.POD, new.namespace, "MODIFIED")]
        graces = {item.get("deletionGracePeriodSeconds") for item in gone if item["uid"] == first.made.uid}
        assert graces - {None, 0}, "it was given no time to end"


@pytest.mark.parametrize(
    "marks",
    [{labels.OWNER: "somebody-else"}, {labels.SERVER: "another"}, {labels.OWNER: "", labels.SERVER: ""}],
    ids=["another person's", "another server's", "nobody's"],
)
async def test_a_pod_that_is_not_this_servers_is_left_alone(marks):
    async with a_lab(node=False) as lab:
        plan = a_plan()
        before, refusal = await create_over(lab, plan, another_pod(plan, **{labels.SPAWN: "spawn-0", **marks}))
        assert isinstance(refusal, NotOurs)
        assert refusal.sentence.startswith(
            "A pod named jupyter-ada runs in hub1-everybody--ada and is not this server's"
        )
        assert lab.pod_of(plan)["metadata"]["uid"] == before
        assert lab.asked("delete", "pods") == []


async def test_a_namespace_that_is_not_ours_is_left_alone():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        before = lab.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plan.namespace}})
        _, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, NotOurs)
        assert "in use by somebody else" in refusal.sentence
        assert lab.get(kinds.NAMESPACE, None, plan.namespace) == before
        assert lab.get(kinds.RESOURCE_QUOTA, plan.namespace, "tenantspawner") is None


# -- answers that are lost, late or passing ------------------------------------------------------------------------


async def test_a_pod_whose_answer_was_lost_is_found_by_its_spawn():
    async with a_lab() as lab:
        plan = a_plan()
        lab.local.faults.lose_answer(verb="create", resource="pods")
        started = await lab.start(plan)
        assert lab.pod_of(plan)["metadata"]["uid"] == started.made.uid
        assert len(lab.asked("create", "pods")) == 1
        assert lab.asked("delete", "pods") == []


async def test_a_quota_that_changes_meanwhile_is_no_reason_to_delete_anything():
    async with a_lab() as lab:
        plan = a_plan()
        words = 'Operation cannot be fulfilled on resourcequotas "tenantspawner": the object has been modified'
        lab.local.faults.answer(409, "Conflict", words, verb="create", resource="pods", times=3)
        await lab.start(plan)
        assert [row.code for row in lab.asked("create", "pods")] == [409, 409, 409, 201]
        assert lab.asked("delete", "pods") == []


async def test_a_right_that_was_granted_a_moment_ago_is_waited_for():
    async with a_lab() as lab:
        plan = a_plan()
        words = 'pods is forbidden: User "admin-of-tests" cannot create resource "pods" in API group ""'
        lab.local.faults.answer(403, "Forbidden", words, verb="create", resource="pods", times=2)
        await lab.start(plan)
        assert [row.code for row in lab.asked("create", "pods")] == [403, 403, 201]


EXCEEDED = (
    'pods "jupyter-ada" is forbidden: exceeded quota: tenantspawner, requested: requests.nvidia.com/gpu=1, '
    "used: requests.nvidia.com/gpu=2, limited: requests.nvidia.com/gpu=2"
)


async def test_a_quota_that_has_not_seen_yet_that_a_pod_is_gone_is_asked_again_for_what_was_counted():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        lab.furnish(plan)
        with creation_refused(lab.cluster, "pods", EXCEEDED, times=2):
            counted = {"requests.nvidia.com/gpu", "limits.cpu"}
            made = await create_pod(lab.cluster, blind(), plan, Deadline.after(10), Journal(), counted=counted)
        assert lab.pod_of(plan)["metadata"]["uid"] == made.uid


async def test_a_quota_is_believed_in_what_was_not_counted():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        lab.furnish(plan)
        with creation_refused(lab.cluster, "pods", EXCEEDED), pytest.raises(OverOwnQuota):
            await create_pod(lab.cluster, blind(), plan, Deadline.after(10), Journal(), counted={"limits.cpu"})


async def test_an_admission_denial_is_told_and_not_tried_again():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        words = 'admission webhook "pods.example.org" denied the request: no servers on Tuesdays'
        lab.local.faults.answer(403, "Forbidden", words, verb="create", resource="pods", times=None)
        _, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, Denied)
        assert "no servers on Tuesdays" in refusal.sentence
        assert "pods.example.org" in refusal.detail
        assert len(lab.asked("create", "pods")) == 1
        assert lab.pod_of(plan) is None


async def test_a_server_starts_where_events_are_forbidden():
    async with a_lab() as lab:
        words = 'events is forbidden: User "admin-of-tests" cannot list resource "events" in API group ""'
        lab.local.faults.answer(403, "Forbidden", words, resource="events", user="admin-of-tests", times=None)
        journal = Journal()
        started = await lab.start(a_plan(), journal=journal)
        assert started.address
        assert [step.text for step in journal.steps][-1] == "The server is running."
        assert [step.percent for step in journal.steps] == sorted(step.percent for step in journal.steps)


# -- a namespace that goes away ------------------------------------------------------------------------------------


async def going(lab, plan):
    lab.furnish(plan)
    uid = lab.get(kinds.NAMESPACE, None, plan.namespace)["metadata"]["uid"]
    await lab.cluster.delete(kinds.NAMESPACE, None, plan.namespace, uid=uid, deadline=Deadline.after(5))
    assert lab.get(kinds.NAMESPACE, None, plan.namespace)["metadata"]["deletionTimestamp"]
    return uid


async def test_a_namespace_that_goes_away_is_outwaited_and_made_again():
    async with a_lab(settings=ClusterSettings(namespace_delay=2.0)) as lab:
        plan = a_plan()
        uid = await going(lab, plan)
        journal = Journal()
        seconds, started = await timed(lab.start(plan, journal=journal))
        assert started.address
        assert 1 < seconds < 6
        assert lab.get(kinds.NAMESPACE, None, plan.namespace)["metadata"]["uid"] != uid
        assert "Waiting until the earlier namespace is gone." in [step.text for step in journal.steps]


async def test_a_namespace_that_never_goes_away_is_told_with_its_finalizers(monkeypatch):
    monkeypatch.setattr(provision, "TERMINATING_PATIENCE", 2.0)
    async with a_lab(node=False) as lab:
        plan = a_plan()
        lab.furnish(plan)
        stuck = {"name": "stuck", "namespace": plan.namespace, "finalizers": ["example.org/never"]}
        lab.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": stuck})
        await going(lab, plan)
        seconds, refusal = await timed(lab.start(plan))
        assert isinstance(refusal, NotOurs)
        assert "is being deleted and does not go away" in refusal.sentence
        assert "example.org/never" in refusal.detail
        assert seconds < 4
        assert lab.ever(kinds.POD, plan.namespace) == []


async def test_a_namespace_that_is_deleted_in_the_middle_of_a_start_is_made_once_more():
    async with a_lab() as lab:
        plan = a_plan()
        lab.local.faults.delay(0.7, verb="create", resource="persistentvolumeclaims")
        start = asyncio.create_task(lab.start(plan))
        there = await eventually(lambda: lab.get(kinds.SERVICE_ACCOUNT, plan.namespace, "notebook"), 5)
        namespace = lab.get(kinds.NAMESPACE, None, there["metadata"]["namespace"])
        uid = namespace["metadata"]["uid"]
        await lab.cluster.delete(kinds.NAMESPACE, None, plan.namespace, uid=uid, deadline=Deadline.after(5))
        started = await start
        assert started.address
        assert lab.get(kinds.NAMESPACE, None, plan.namespace)["metadata"]["uid"] != uid


# -- pods that do not become ready ---------------------------------------------------------------------------------


async def test_a_pod_that_no_node_takes_is_deleted_after_the_timeout_and_the_schedulers_reason_told():
    async with a_lab() as lab:
        plan = a_plan(config={"node_selector": {"no": "where"}})
        seconds, failure = await timed(lab.start(plan, within=2, grace=60))
        assert isinstance(failure, PodFailed)
        assert seconds < 2 + 10
        assert "was not ready in time" in failure.sentence
        assert "didn't match Pod's node affinity/selector" in failure.sentence
        assert lab.pod_of(plan) is None


async def test_a_pod_that_no_node_takes_is_given_up_after_the_grace():
    async with a_lab() as lab:
        plan = a_plan(config={"node_selector": {"no": "where"}})
        seconds, failure = await timed(lab.start(plan, grace=0.5))
        assert isinstance(failure, PodFailed)
        assert failure.sentence.startswith("No node can take this server")
        assert seconds < 4
        assert lab.pod_of(plan) is None


async def test_a_failed_pod_without_container_statuses_is_seen_within_two_seconds():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        start = asyncio.create_task(lab.start(plan, grace=60))
        await eventually(lambda: lab.made, 5)
        evicted = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
        lab.put_status(kinds.POD, plan.namespace, plan.pod_name, evicted)
        seconds, failure = await timed(start)
        assert isinstance(failure, PodFailed)
        assert seconds < 2
        assert failure.sentence.startswith("The server ended: The node was low on resource: memory.")
        assert lab.pod_of(plan) is None


async def test_an_image_that_cannot_be_pulled_is_named_within_the_grace_and_five_seconds():
    async with a_lab() as lab:
        plan = a_plan(images=["quay.io/physics/absent:1"])
        seconds, failure = await timed(lab.start(plan, grace=1.0))
        assert isinstance(failure, PodFailed)
        assert seconds < 1 + 5
        assert "The image quay.io/physics/absent:1 cannot be pulled" in failure.sentence
        await eventually(lambda: lab.pod_of(plan) is None, 3)


async def test_a_pod_that_somebody_deletes_is_told_at_once():
    async with a_lab(node=False) as lab:
        plan = a_plan()
        start = asyncio.create_task(lab.start(plan, grace=60))
        await eventually(lambda: lab.made, 5)
        await lab.cluster.delete(
            kinds.POD, plan.namespace, plan.pod_name, uid=lab.made[0].uid, deadline=Deadline.after(5), grace_seconds=0
        )
        seconds, failure = await timed(start)
        assert isinstance(failure, PodFailed)
        assert seconds < 2
