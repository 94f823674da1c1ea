"""``tenantspawner explain``: what a person sees and why, as text, as JSON, and as manifests."""

import json
from pathlib import Path

import pytest

from tests.cli.test_check import run

__all__ = ["run"]

UNIVERSITY = str(Path(__file__).parents[2] / "profiles" / "university.yaml")


def explained(run, *arguments: str):
    status, out, err = run("explain", *arguments, "--file", UNIVERSITY, "--format", "json")
    assert status == 0, err
    return json.loads(out)


def test_every_part_has_the_rule_behind_it(run):
    whole = explained(run, "alice", "--group", "physics")
    assert list(whole) == ["user", "groups", "tenant", "namespace", "serviceAccount", "profiles", "quota"]
    assert whole["tenant"]["because"] == [
        {"rule": "tenants.physics.members[0]", "kind": "group", "matched": "physics"},
        {"rule": "tenants.physics.members[1]", "kind": "user", "matched": "alice"},
    ]
    assert whole["namespace"]["name"] == "hub-physics--alice"
    assert [profile["id"] for profile in whole["profiles"]] == ["small", "large", "gpu"]
    gpu = whole["profiles"][2]
    assert [image["id"] for image in gpu["images"]] == ["pytorch"]
    assert gpu["resources"]["nvidia.com/gpu"] == {"choices": [1, 2, 4], "default": 1}
    assert all(
        part["because"]
        for part in (*whole["profiles"], *gpu["images"], *whole["quota"]["user"], *whole["quota"]["team"])
    )
    own = {each["resource"]: each for each in whole["quota"]["user"]}
    assert own["requests.nvidia.com/gpu"]["because"][0]["rule"] == "tenants.physics.members[1].quota"


def test_a_person_of_two_tenants_is_asked_to_choose(run):
    whole = explained(run, "dave", "--group", "biology", "--group", "humanities")
    assert [tenant["id"] for tenant in whole["tenant"]] == ["biology", "humanities"]
    assert "profiles" not in whole
    chosen = explained(run, "dave", "--group", "biology", "--group", "humanities", "--tenant", "humanities")
    assert chosen["tenant"]["id"] == "humanities"


def test_the_text_says_the_same_in_lines(run):
    status, out, _ = run("explain", "alice", "--group", "physics", "--file", UNIVERSITY)
    assert status == 0
    assert "namespace: name hub-physics--alice, per user" in out
    assert "id gpu, displayName GPU workstation (tenants.physics.profiles[2])" in out


def test_objects_are_those_of_a_start_in_order(run):
    whole = explained(run, "alice", "--group", "physics", "--profile", "gpu", "--objects")
    kinds = [manifest["kind"] for manifest in whole["objects"]]
    assert kinds[0] == "Namespace"
    assert kinds.index("ResourceQuota") < kinds.index("ServiceAccount") < kinds.index("Pod")
    assert len(whole["profiles"]) == 1
    pod = whole["objects"][kinds.index("Pod")]
    assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] in {1, "1"}
    status, out, _ = run("explain", "alice", "--group", "physics", "--objects", "--file", UNIVERSITY)
    assert status == 0
    assert out.count("\n---\n") == len(kinds)


def test_the_hubs_configuration_names_the_namespace(run, tmp_path):
    config = tmp_path / "hub.py"
    config.write_text(
        "c = get_config()\nc.TenantSpawner.hub_id = 'lab'\nc.KubeSpawner.pod_name_template = 'nb-{username}'\n"
    )
    whole = explained(run, "erin", "--group", "humanities", "--objects", "--config", str(config))
    assert whole["namespace"]["name"] == "lab-humanities--erin"
    assert whole["objects"][-1]["metadata"]["name"] == "nb-erin"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nobody", "--file", UNIVERSITY], 1, "Ask help@example.edu."),
        (["alice"], 2, "who, and from which file?"),
        (["--file", UNIVERSITY], 2, "who, and from which file?"),
        (["alice", "--file", "no-such.yaml"], 2, "cannot be read"),
        (
            ["alice", "--tenant", "biology", "--file", UNIVERSITY],
            2,
            "alice is no member of biology; they are of physics",
        ),
        (["alice", "--profile", "huge", "--file", UNIVERSITY], 2, "they have small, large, gpu"),
        (["alice", "--config", "no-such.py", "--file", UNIVERSITY], 2, "there is no such file"),
    ],
)
def test_when_there_is_nothing_to_explain(run, arguments, status, words):
    answer, _, err = run("explain", *arguments)
    assert answer == status
    assert words in err


def test_a_document_with_problems_explains_nothing(run, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("version: 2\n")
    status, out, err = run("explain", "alice", "--file", str(path))
    assert (status, out) == (1, "")
    assert f"{path}:1:10: version: must be 1" in err
