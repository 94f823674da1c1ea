"""Covers that each test of a hub runs on both clusters or says why not; `pytest -s` of this file lists those with their reasons."""

import ast
from pathlib import Path

HERE = Path(__file__).parent
WHOLE_FILES = {
    "test_hub_rights.py": "rights are shown on a real cluster by tests/rbac and real/test_whole_hub.py",
    "test_hub_upstream.py": "it shows that the embedded cluster is one, by a spawner that is not ours",
}
"""Files that stay on the embedded cluster, and why."""


def files():
    return sorted(HERE.glob("test_hub_*.py"))


def embedded_only(path):
    """The tests of a file that stay on the embedded cluster, with the reason that is written at them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "embedded_only":
                    yield node.name, ast.literal_eval(mark.args[0])


def test_each_file_runs_on_both_clusters_or_says_why_not():
    both = {path.name for path in files() if any(word in path.read_text() for word in ("PLACES", "NEWEST"))}
    assert both.isdisjoint(WHOLE_FILES)
    assert both | set(WHOLE_FILES) == {path.name for path in files()}
    assert len(both) >= 9


def test_what_stays_on_the_embedded_cluster_says_what_the_real_one_has_not():
    rows = {f"{path.name}: {name}": why for path in files() for name, why in embedded_only(path)}
    for name, why in {**rows, **WHOLE_FILES}.items():
        print(f"embedded only: {name}: {why}")
        assert len(why.split()) >= 5, f"{name} does not say why"
    assert rows
