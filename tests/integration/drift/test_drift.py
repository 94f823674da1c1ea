"""Covers that the embedded cluster answers as the real one: some 780 requests go to both, and the answers are the same.

Status code, reason, words, causes, warnings and the whole of every object are compared (see `plain` for what is not).
A difference that is listed with its reason must be there: one that has vanished fails, so that the list stays true.
"""

import asyncio
import json

import pytest

from tests.integration.drift.ask import Ask
from tests.integration.drift.clusters import with_both
from tests.integration.drift.table import PARTS, TABLE
from tests.integration.drift.talk import dig

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]


def title(part: str, ask: Ask) -> str:
    return f"{part}: {ask.who or 'nobody'} {ask.method} {ask.path}"[:160]


@pytest.fixture(scope="module")
def answers(plane):
    """Ask both everything; returns (real, embedded) for each row."""

    async def talk(to):
        """Parts side by side: each waits for controllers of its own namespaces."""
        together = [to.beside().all(rows) for rows in PARTS.values()]
        return [answer for answers in await asyncio.gather(*together) for answer in answers]

    real, ours = asyncio.run(with_both(plane, talk))
    return list(zip(real, ours, strict=True))


@pytest.mark.parametrize("number", range(len(TABLE)), ids=lambda n: f"{n} {title(*TABLE[n])}")
def test_the_embedded_cluster_answers_as_the_real_one(answers, number):
    ask = TABLE[number][1]
    real, ours = answers[number]
    if ask.until:
        path, value = ask.until
        for answer in (real, ours):
            assert (answer.code if path == "code" else dig(answer.body, path)) == value, "what it waits for never came"
    if ask.differs:
        assert real.comparable != ours.comparable, f"no difference any more; take it off the list: {ask.differs}"
    else:
        assert ours.comparable == real.comparable


def test_what_was_compared_is_told(answers, capsys):
    equal = sum(real.comparable == ours.comparable for real, ours in answers)
    listed = [(part, ask) for part, ask in TABLE if ask.differs]
    with capsys.disabled():
        print(f"\n{len(answers)} requests compared, {equal} answers equal, {len(listed)} differences listed:")
        for part, ask in listed:
            print(f"  {title(part, ask)}: {ask.differs}")
    assert len(answers) >= 150
    assert len({json.dumps([part, title(part, ask), repr(ask)]) for part, ask in TABLE}) >= 150
