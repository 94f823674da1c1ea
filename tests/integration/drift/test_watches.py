"""Covers what the life of a pod looks like to those who watch: the same events in the same order on both clusters.

The watches are open while it happens. A pod is made, bound, runs, changes its label, is deleted with grace, and goes when
its kubelet says so; each watch sees its part of that, and versions only grow.
"""

import asyncio

import pytest

from tests.integration.drift.ask import TABLE, Ask, delete, get, merge, post
from tests.integration.drift.clusters import with_both
from tests.integration.drift.deleting import condition, ran_in
from tests.integration.drift.objects import core, made, namespace, pod, thing

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

N = "drift-watching"
PODS = core(N, "pods")
P = core(N, "pods", "p")
LIFE: list[Ask] = [
    post(PODS, pod("p", meta={"labels": {"app": "a"}, "finalizers": ["example.org/hold"]})),
    post(f"{P}/binding", thing("Binding", "p", target={"kind": "Node", "name": "n1"})),
    get(P),
    ran_in(N, "p", "Running", running={"startedAt": "2026-01-01T00:00:00Z"}),
    ran_in(N, "p", "Running", running={"startedAt": "2026-01-01T00:00:00Z"}),
    condition(N, "p", "Ready"),
    merge(P, {"metadata": {"labels": {"app": "b"}}}),
    delete(P),
    delete(P),
    delete(P, {"gracePeriodSeconds": 0}),
    merge(P, {"metadata": {"finalizers": None}}),
    post(PODS, pod("p", meta={"labels": {"app": "a"}})),
    delete(P),
]
WATCHES = {
    "all": "",
    "those with a label": "&labelSelector=app=a",
    "those of another label": "&labelSelector=app=b",
    "those of a node": "&fieldSelector=spec.nodeName=n1",
    "those that run": "&fieldSelector=status.phase=Running",
    "one by name": "&fieldSelector=metadata.name=p",
    "first what is there, then the end of it": "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
}


async def live(to):
    """Open the watches, let the pod live, and return what each saw."""
    await to.all(made(namespace(N)))
    seconds = 4
    asks = [get(f"{PODS}?watch=1&timeoutSeconds={seconds}{query}") for query in WATCHES.values()]
    asks.append(get(f"{PODS}?watch=1&timeoutSeconds={seconds}", headers={"Accept": TABLE}))
    watching = [asyncio.create_task(to.one(ask)) for ask in asks]
    await asyncio.sleep(1)
    answers = await to.all(LIFE)
    return answers, dict(zip([*WATCHES, "as tables"], await asyncio.gather(*watching), strict=True))


@pytest.fixture(scope="module")
def lives(plane):
    return asyncio.run(with_both(plane, live))


def events(answer):
    return answer.body if isinstance(answer.body, list) else [answer.body]


@pytest.mark.parametrize("number", range(len(LIFE)))
def test_each_step_is_answered_alike(lives, number):
    real, ours = (answers[number] for answers, _ in lives)
    assert ours.comparable == real.comparable


@pytest.mark.parametrize("name", [*WATCHES, "as tables"])
def test_a_watch_sees_the_same_of_it(lives, name):
    real, ours = (seen[name] for _, seen in lives)
    # The last bookmark comes some time before the end, in one with the clock and in the other with the next event.
    real, ours = (
        [e for e in events(one) if e["type"] != "BOOKMARK" or "annotations" in str(e)] for one in (real, ours)
    )
    assert [event["type"] for event in ours] == [event["type"] for event in real]
    assert ours == real


def test_versions_only_grow(lives):
    for _, seen in lives:
        first = [e["object"]["metadata"] for e in events(seen["all"])][:7]
        ranks = [int(metadata["resourceVersion"].removeprefix("v")) for metadata in first]
        assert ranks == sorted(set(ranks))
        assert len(ranks) == 7
