"""Bad documents: each gives exactly the expected problem at the expected line and column, in the expected words.

The table is in bad.py. Every row is a good document with one change; the place of the problem is marked with «.
"""

from datetime import date

import pytest

from tenantspawner.tenancy import Envelope, Source, read
from tests.tenancy.bad import BASE, ERRORS, WARNINGS

ENVELOPE = Envelope(hubNamespace="hub-home")
TODAY = date(2026, 11, 1)


def reading(text: str):
    return read([Source("t.yaml", text)], ENVELOPE, hub_profiles=["large"], today=TODAY)


def changed(old: str, new: str) -> tuple[str, tuple[int, int] | None]:
    assert old in BASE
    text = BASE.replace(old, new, 1)
    if "«" not in text:
        return text, None
    before = text[: text.index("«")]
    return text.replace("«", ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_the_document_that_is_changed_below_is_clean():
    result = reading(BASE)
    assert not result.problems
    assert not result.warnings
    assert result.tenancy is not None


@pytest.mark.parametrize(("old", "new", "words"), ERRORS)
def test_an_error_has_its_line_and_its_words(old, new, words):
    text, place = changed(old, new)
    result = reading(text)
    assert result.tenancy is None
    found = [problem for problem in result.problems if words in problem.message]
    assert found, "\n".join(map(str, result.problems))
    if place is not None:
        assert (found[0].line, found[0].column) == place, str(found[0])
    others = [problem for problem in result.problems if words not in problem.message]
    assert len(others) <= 1, "one mistake is one problem, or a misspelt key and the missing one"


@pytest.mark.parametrize(("old", "new", "words"), WARNINGS)
def test_a_warning_hinders_nothing(old, new, words):
    text, place = changed(old, new)
    result = reading(text)
    assert result.tenancy is not None, "\n".join(map(str, result.problems))
    found = [problem for problem in result.warnings if words in problem.message]
    assert found, "\n".join(map(str, result.warnings))
    assert "warning: " in str(found[0])
    if place is not None:
        assert (found[0].line, found[0].column) == place, str(found[0])


def test_all_problems_come_at_once_in_the_order_of_the_document():
    text = (
        BASE.replace("memory: 2Gi", "memroy: 2Gi")
        .replace("[scipy, torch]", "[scypi, no]")
        .replace("gpu: 2}", "gpu: x}")
    )
    result = reading(text + "contct: me\n")
    assert [problem.line for problem in result.problems] == [9, 17, 17, 20, 22]


def test_what_follows_from_a_problem_is_not_reported_again():
    text = BASE.replace("    image: quay.io/jupyter/scipy-notebook:2026-10-20\n", "    image: 5\n")
    assert [str(problem) for problem in reading(text).problems] == [
        't.yaml:4:12: images.scipy.image: must be text; it is a number: quote this value if text is meant: "5"'
    ]


def test_the_path_names_the_item_that_was_written_also_behind_one_left_out():
    result = reading(BASE.replace("groups: [physics]", "groups: [no, a, 5]"))
    assert [problem.path for problem in result.problems] == [
        "tenants.physics.members[0].groups[0]",
        "tenants.physics.members[0].groups[2]",
    ]
