"""Covers every object of a start times every answer: never a pod after an earlier failure, nothing foreign touched.

One faulty answer is outlived where the cluster may mend itself; an answer that stays ends the start with a sentence.
Every person has a namespace of their own, so that the whole table is carried out at once on one cluster.
"""

import asyncio
from dataclasses import dataclass

import pytest

from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube import kinds
from tests.support.starts import a_lab, a_plan, timed

pytestmark = pytest.mark.integration

CODES = (400, 403, 404, 409, 422, 429, 500, 503)
PASSING = (429, 500, 503, "reset", "timeout")  # the cluster may mend itself
CANARY = "canary-token"


@dataclass(frozen=True)
class Row:
    """One cell of the table: which object of the plan, and what is answered to its write."""

    place: int
    kind: str
    fault: object
    lasting: bool

    @property
    def person(self):
        return f"p{self.place}-{self.fault}-{'lasting' if self.lasting else 'once'}"


def strike(lab, row, plan):
    """Script the fault for the write of one object in one namespace."""
    wanted = plan.objects()[row.place]
    plural = next(kind.plural for kind in kinds.ALL if kind.kind == wanted["kind"])
    name = wanted["metadata"]["name"]

    def matches(asked):
        mine = asked.namespace == plan.namespace and asked.name in {"", name}
        return asked.verb in {"create", "patch"} and asked.resource == plural and mine

    times = None if row.lasting else 1
    faults = lab.local.faults
    if row.fault == "reset":
        faults.reset(where=matches, times=times)
    elif row.fault == "timeout":
        faults.delay(3.0, where=matches, times=times)
    else:
        faults.answer(row.fault, where=matches, times=times)


def rows():
    plan = a_plan()
    for place, obj in enumerate(plan.objects()):
        yield from (Row(place, obj["kind"], fault, lasting=True) for fault in (*CODES, "reset", "timeout"))
        yield from (Row(place, obj["kind"], fault, lasting=False) for fault in PASSING)


FOREIGN = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "somebody-elses"}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "somebody-elses"}},
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tenantspawner", "namespace": "somebody-elses"},
        "spec": {"hard": {"pods": "1"}},
    },
]


def versions(lab, namespace):
    return {
        (kind.kind, item["metadata"]["name"]): item["metadata"]["resourceVersion"]
        for kind in kinds.ALL
        if kind.namespaced
        for item in lab.local.store.list(kind, namespace)
    }


async def carried_out(lab, row):
    plan = a_plan(row.person)
    strike(lab, row, plan)
    _, result = await timed(lab.start(plan, within=25, grace=8, events=False))
    return row, plan, result


async def test_a_failure_never_leaves_a_pod_behind_and_touches_nothing_foreign():
    table = [row for row in rows() if row.kind != "Namespace"]
    assert {"ResourceQuota", "NetworkPolicy", "Pod", "Secret", "PersistentVolumeClaim"} <= {row.kind for row in table}
    async with a_lab() as lab:
        for manifest in FOREIGN:
            lab.make(manifest)
        await asyncio.sleep(0.3)
        before = versions(lab, "somebody-elses")
        wrong = []
        for some in range(0, len(table), 25):
            outcomes = await asyncio.gather(*(carried_out(lab, row) for row in table[some : some + 25]))
            wrong += [f"{row}: {what}" for row, plan, result in outcomes if (what := problem(lab, row, plan, result))]
        assert wrong == [], "\n".join(wrong)
        assert versions(lab, "somebody-elses") == before


async def test_a_namespace_that_cannot_be_made_ends_the_start_before_anything_else():
    wrong = []
    async with a_lab() as lab:
        for row in [row for row in rows() if row.kind == "Namespace"]:
            plan = a_plan(row.person)
            fault = {"verb": "create", "resource": "namespaces", "times": None if row.lasting else 1}
            if row.fault == "reset":
                lab.local.faults.reset(**fault)
            elif row.fault == "timeout":
                lab.local.faults.delay(3.0, **fault)
            else:
                lab.local.faults.answer(row.fault, **fault)
            _, result = await timed(lab.start(plan, within=6, grace=8, events=False))
            lab.local.faults.clear()
            if what := problem(lab, row, plan, result):
                wrong.append(f"{row}: {what}")
    assert wrong == []


def problem(lab, row, plan, result):
    """What is wrong with an outcome; empty when it is as it must be."""
    pods = lab.ever(kinds.POD, plan.namespace)
    if isinstance(result, BaseException):
        return wrong_failure(lab, row, plan, result, pods)
    if row.lasting and row.fault != "timeout":
        return "it started in spite of the fault"
    return "" if len(pods) == 1 else f"{len(pods)} pods were made"


def wrong_failure(lab, row, plan, failure, pods):
    if not isinstance(failure, TenantSpawnerError):
        return f"{failure!r} is no error of ours"
    left = lab.pod_of(plan)
    pod_place = next(place for place, obj in enumerate(plan.objects()) if obj["kind"] == "Pod")
    checks = {
        f"given up after one answer: {failure.detail}": not row.lasting,
        f"the sentence holds what it must not: {failure.sentence}": CANARY in failure.sentence + failure.detail
        or "{" in failure.sentence,
        "a pod is left": left is not None and "deletionTimestamp" not in left["metadata"],
        "there was a pod after an earlier failure": pods and row.place < pod_place,
    }
    return "; ".join(what for what, is_so in checks.items() if is_so)
