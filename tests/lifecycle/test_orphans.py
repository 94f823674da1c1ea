"""What a sweep may delete, as a pure decision: seen twice, old enough, a tenth at most, this hub's own, never without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from tenantspawner.kube.objects import Pod, read
from tenantspawner.lifecycle.upkeep.sweep import Care, Server, orphans_among

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CARE = Care(age=600, share=0.1)


def pod(name, *, server="", age=601.0, hub="hub1", going=False, **notes):
    marks = {"tenantspawner.io/owner": name, "tenantspawner.io/server": server, "tenantspawner.io/spawn": "s"} | notes
    metadata = {
        "name": f"jupyter-{name}",
        "namespace": f"x-{name}",
        "uid": f"uid-{name}-{server}",
        "resourceVersion": "1",
        "creationTimestamp": (NOW - timedelta(seconds=age)).isoformat(),
        "labels": {"tenantspawner.io/hub": hub} if hub else {},
        "annotations": {key: value for key, value in marks.items() if value is not None},
    }
    return read(Pod, {"metadata": metadata | ({"deletionTimestamp": NOW.isoformat()} if going else {})})


def people(number):
    return [pod(f"p{index}") for index in range(number)], {Server(f"p{index}", "") for index in range(number)}


def swept(pods, known, earlier=None, care=CARE):
    before = frozenset(found.metadata.uid for found in pods) if earlier is None else earlier
    return orphans_among(pods, "hub1", known, before, now=NOW, care=care)


def names(found):
    return [found.metadata.name for found in found.doomed]


def test_what_no_server_knows_goes_at_the_second_sight():
    pods, known = people(20)
    lost = pod("lost")
    first = swept([*pods, lost], known, frozenset())
    assert (first.doomed, first.orphans) == ((), {"uid-lost-"})
    second = swept([*pods, lost], known, first.orphans)
    assert names(second) == ["jupyter-lost"]
    assert not second.braked


def test_a_named_server_is_another_server():
    known = {Server("ada", "train")}
    assert swept([pod("ada", server="train")], known).doomed == ()
    assert names(swept([pod("ada")], known)) == ["jupyter-ada"]


LEFT_ALONE = {
    "young": pod("x", age=599),
    "of another hub": pod("x", hub="hub2"),
    "of no hub": pod("x", hub=None),
    "already going": pod("x", going=True),
    "made by hand, label copied": pod("x", **{"tenantspawner.io/spawn": None}),
    "without a server's name": pod("x", **{"tenantspawner.io/server": None}),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_some_pods_are_left_alone(case):
    assert swept([LEFT_ALONE[case]], {Server("ada", "")}).doomed == ()


def test_an_object_without_a_date_is_young():
    nameless = read(Pod, {"metadata": {"name": "p", "resourceVersion": "1", "uid": "u", "labels": {"tenantspawner.io/hub": "hub1"}, "annotations": {f"tenantspawner.io/{key}": "x" for key in ("owner", "server", "spawn")}}})  # fmt: skip
    assert swept([nameless], {Server("ada", "")}).orphans == frozenset()


def test_an_empty_database_deletes_nothing():
    pods, _ = people(3)
    assert swept(pods, set()) == swept([], set())


@pytest.mark.parametrize(
    ("orphans", "all_", "doomed"),
    [(1, 1, 1), (1, 5, 1), (2, 20, 2), (2, 19, 0), (3, 20, 0), (40, 100, 0), (10, 100, 10)],
)
def test_more_than_a_tenth_at_once_is_nothing_at_all_though_one_always_may(orphans, all_, doomed):
    pods, known = people(all_)
    known = set(sorted(known)[orphans:]) or {Server("nobody", "")}
    found = swept(pods, known)
    assert len(found.doomed) == doomed
    assert found.braked is (doomed == 0)
    assert len(found.orphans) == orphans


def test_a_pod_that_two_watches_show_counts_once():
    pods, known = people(10)
    lost = pod("lost")
    assert names(swept([*pods, lost, lost], known)) == ["jupyter-lost"]
    foreign = [pod(f"f{index}", hub="hub2") for index in range(100)]
    assert swept([*pods, *foreign, lost, pod("too")], known).braked
