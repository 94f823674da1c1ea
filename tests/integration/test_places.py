"""Covers that each test of this folder runs on both clusters, or says why it does not; `pytest -s` of this file lists those with their reasons.

What runs where is not read but collected. A reason that points at another test names it as ``file.py::test_name``, from here or
from `tests`, and that test exists.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.collected import collected_in

HERE = Path(__file__).parent
TESTS = HERE.parent

NO_CLUSTER = {
    "test_places.py": "it looks at the tests themselves",
    "test_replay.py": "the replay is a function of versions that are written down there",
    "test_budget_command.py::test_without_a_cluster_it_says_so": "there is no cluster at all in it",
}
"""What looks at neither."""

BOTH_AT_ONCE = {"drift/": "each row goes to both clusters in the same moment, and the two answers are compared"}

EMBEDDED_ONLY = {
    "test_demo.py": "the demo as a process is its own embedded cluster; with a kubeconfig it is "
    "real/test_demo_real.py::test_the_tour_passes_with_the_hubs_rights_and_under_the_policies",
    "test_demo_interrupted.py": "what is interrupted is the start of the embedded cluster in the demo's own process",
    "test_queue.py": "the same line with a mode's rights and under the policies is "
    "real/test_queue_real.py::test_two_hundred_who_wait_ask_nothing_and_are_served_in_order",
    "test_hub_killed.py::test_a_hub_killed_after_any_call_of_a_start_loses_and_leaks_nothing": "the kill strikes between "
    "a call and its answer, which only an API server inside the test can time; hubs without a process die so on both: "
    "test_budgets.py::test_a_hub_that_is_killed_after_any_request_leaves_the_budget_exact_after_two_passes",
}
"""Besides those that say it where they are, by `embedded_only`."""

RIGHTS = "rights are counted in the API server's audit log, beside admission policies, which the embedded cluster keeps but does not ask"
REAL_ONLY = {
    "real/test_budgets_real.py::test_a_crowd_gets_exactly_the_budget_time_after_time": "the embedded half is "
    "test_budgets.py::test_a_crowd_gets_exactly_the_budget_time_after_time",
    "real/test_budgets_real.py::test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget": "the embedded half is "
    "test_budgets.py::test_two_hubs_of_one_id_and_sizes_that_differ_never_pass_the_budget",
    "real/test_burst.py": "a hundred accounts that come late are Kubernetes' own; fifty people through a hub, on both, are "
    "test_hub_first_spawns.py::test_fifty_people_start_at_once_and_each_has_a_server_behind_a_quota",
    "real/test_compaction.py": "only etcd throws versions away; the embedded API says 410 when it is told to, as in "
    "test_cluster_client.py::test_a_watch_sees_every_change_once_through_an_error_page_and_410",
    "real/test_controllers_paused.py": "only a controller manager that is a process can stand still; one that is slow is in "
    "test_hub_killed.py::test_a_start_that_is_cancelled_leaves_nothing_and_the_next_one_works",
    "real/test_demo_real.py": "it is about a kubeconfig of somebody's cluster; without one the demo is "
    "test_demo.py::test_the_tour_shows_every_step_and_ends_well",
    "real/test_queue_real.py": "a mode's rights and the policies are in force; without these it is "
    "test_queue.py::test_two_hundred_who_wait_ask_nothing_and_are_served_in_order",
    "real/test_refusal_words.py": "the words are Kubernetes' own, and half of them policies' and webhooks'; that the embedded "
    "cluster says the others alike is drift/test_drift.py::test_the_embedded_cluster_answers_as_the_real_one",
    "real/test_two_hubs.py": "who wrote what is read in the API server's own audit log; whose an object is is decided in "
    "lifecycle/test_ownership.py::test_what_is_not_ours_is_refused_without_naming_its_owner",
    "real/test_whole_hub.py::test_a_killed_api_server_costs_none_of_fifty_servers": "an API server dies that is a process; one that "
    "answers nobody is in test_hub_killed.py::test_a_restart_while_the_api_is_away_stops_nobody",
    "real/test_whole_hub.py": RIGHTS,
    "real/test_whole_hub_modes.py": RIGHTS,
}
"""What the embedded cluster has not, and what there is instead."""

POINTER = re.compile(r"([\w/]+\.py)(?:::(\w+))?")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Each test by file and name: on which clusters it runs (real or not), and what it says about that."""
    found = defaultdict(lambda: (set(), set()))
    for row in collected_in("tests/integration", tmp_path_factory.mktemp("collected")):
        clusters, reasons = found[row.file.removeprefix("tests/integration/"), row.name]
        clusters.add(row.is_real)
        reasons.add(row.why)
    return found


@pytest.fixture(scope="module")
def alone(places):
    """Which tests run on one cluster only, and where: on the real one or not."""
    return {test: clusters == {True} for test, (clusters, _) in places.items() if len(clusters) == 1}


def written(table, test):
    """What a table says of a test: itself, its file, its folder."""
    file, name = test
    return next((table[key] for key in (f"{file}::{name}", file, f"{file.partition('/')[0]}/") if key in table), "")


WHERE = (
    ("on none", NO_CLUSTER),
    ("embedded only", EMBEDDED_ONLY),
    ("on both at once", BOTH_AT_ONCE),
    ("real only", REAL_ONLY),
)


def explained(places, test, is_real):
    """Where a test runs, and why."""
    if own := next((why for why in places[test][1] if why), ""):
        return "embedded only", own
    tables = WHERE[2:] if is_real else WHERE[:2]
    return next(((where, why) for where, table in tables if (why := written(table, test))), ("on one cluster", ""))


def test_each_test_runs_on_both_clusters_or_says_why_not(places, alone):
    silent = []
    for test, is_real in sorted(alone.items(), key=lambda item: (item[1], item[0])):
        where, why = explained(places, test, is_real)
        print(f"{where}: {'::'.join(test)}: {why}")
        if len(why.split()) < 5:
            silent.append("::".join(test))
    print(f"on both clusters: {len(places) - len(alone)} of {len(places)}")
    assert silent == [], "these run on one cluster only and do not say why"
    assert len(alone) < len(places) / 2


def test_a_reason_that_points_at_a_test_points_at_one(places, alone):
    reasons = {explained(places, test, is_real)[1] for test, is_real in alone.items()}
    pointers = {(why, *found) for why in reasons for found in POINTER.findall(why)}
    assert len(pointers) >= 8
    wrong = [(f"{file}::{name}", why) for why, file, name in pointers if name not in names_in(file)]
    assert wrong == [], "there is no such test"


def names_in(file):
    """The names of a file's tests; from here, or from `tests`."""
    path = next((path for path in (HERE / file, TESTS / file) if path.is_file()), None)
    nodes = ast.walk(ast.parse(path.read_text())) if path else ()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_no_reason_is_of_a_test_that_runs_on_both_or_is_gone(alone):
    for table, real in ((NO_CLUSTER, False), (EMBEDDED_ONLY, False), (BOTH_AT_ONCE, True), (REAL_ONLY, True)):
        of_place = [test for test, is_real in alone.items() if is_real is real]
        for key in table:
            assert any(written({key: "here"}, test) for test in of_place), key
