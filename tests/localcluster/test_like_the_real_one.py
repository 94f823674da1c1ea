"""Covers that the embedded API answers as the real one did: code, reason, words, causes, objects, warnings.

The answers were recorded from Kubernetes 1.36 (see `record_answers`); what is known to differ has its reason here.
"""

import json
from pathlib import Path

import pytest
import pytest_asyncio

from tenantspawner.localcluster import LocalCluster
from tests.localcluster.comparing import converse
from tests.localcluster.conversation import TABLE

RECORDED = json.loads(Path(__file__).with_name("answers.json").read_text())

# path and method -> why the answer may differ
DIFFERENT = {
    (
        "PATCH",
        "/api/v1/namespaces/cmp/persistentvolumeclaims/c",
    ): "the real cluster had no provisioner: there the claim stays pending",
    ("DELETE", "/api/v1/namespaces/cmp"): "ours has emptied the namespace by then",
    (
        "PATCH",
        "/api/v1/namespaces/cmp",
    ): "ours has emptied the namespace by then; the real one says a namespace's finalizers twice",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers():
    async with LocalCluster(anonymous=True) as cluster:
        return await converse(cluster.url, cluster.token("admin"), pause=0.1)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", [n for n, line in enumerate(TABLE) if line[0] != "SLEEP"])
async def test_the_answer_is_that_of_the_real_api_server(answers, number):
    method, path, expected = RECORDED[number]
    assert (method, path) == TABLE[number][:2], "record the answers anew"
    if (method, path) in DIFFERENT and answers[number] != expected:
        assert answers[number]["code"] in (expected["code"], 200)
        return
    assert answers[number] == expected
