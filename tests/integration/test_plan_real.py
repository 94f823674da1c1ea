"""Covers the drawn objects against a real API server: all of them are accepted, and pods in a namespace that enforces restricted.

The namespace is made as drawn, so it enforces what the plan says. The pod is sent as a dry run after everything else
stands: admission and validation are the real ones, and no node is needed.
"""

import json
import re

import pytest

from tenantspawner.errors import ApiStatus
from tenantspawner.kube.kinds import kind_of
from tenantspawner.observe import why_denied
from tenantspawner.plan.drift import differences
from tests.plan.documents import AROUND, SPAWNS, WHOLE
from tests.plan.drawing import TEN_LINES, drawn, parsed, profile, tenant
from tests.support.controlplane.fixture import running_control_plane

pytestmark = [pytest.mark.realcluster, pytest.mark.timeout(1800)]

# Everything that hub configuration and a profile may add in a restricted namespace.
ALLOWED = {
    "default": {},
    "claims, configuration, memory, images and secrets as volumes": {
        "volumes": [
            {"name": "c", "configMap": {"name": "c"}},
            {"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {"name": "m", "emptyDir": {"medium": "Memory"}},
            {"name": "p", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "s", "secret": {"secretName": "s"}},
            {"name": "i", "csi": {"driver": "example.org"}},
            {"name": "j", "projected": {"sources": [{"configMap": {"name": "c"}}]}},
            {"name": "k", "image": {"reference": "example.org/data:1"}},
        ],
        "volume_mounts": [{"name": "m", "mountPath": "/dev/shm"}],
    },
    "init and side containers": {
        "init_containers": [
            {"name": "i", "image": "i", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
            {"name": "w", "image": "w", "restartPolicy": "Always", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
        ],
        "extra_containers": [{"name": "s", "image": "s"}],
    },
    "who and where": {
        "uid": 1001, "gid": 100, "fs_gid": 200, "supplemental_gids": [300], "priority_class_name": "system-node-critical",
        "scheduler_name": "x", "working_dir": "/home/jovyan", "cmd": ["start.sh"], "args": ["--debug"],
        "lifecycle_hooks": {"postStart": {"exec": {"command": ["true"]}}},
        "node_affinity_required": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}],
        "pod_anti_affinity_preferred": [{"weight": 1, "podAffinityTerm": {"topologyKey": "zone"}}],
        "extra_pod_config": {"terminationGracePeriodSeconds": 5, "dnsPolicy": "ClusterFirst"},
    },
    "loose settings that are replaced": {
        "uid": 0, "privileged": True, "allow_privilege_escalation": True,
        "container_security_context": {"capabilities": {"add": ["SYS_ADMIN"]}, "seccompProfile": {"type": "Unconfined"}},
        "pod_security_context": {"runAsUser": 0, "seccompProfile": {"type": "Unconfined"}},
    },
}  # fmt: skip
REFUSED = {
    "privileged": (
        {"init_containers": [{"name": "b", "image": "b", "securityContext": {"privileged": True}}]},
        "privileged",
    ),
    "root": ({"init_containers": [{"name": "b", "image": "b", "securityContext": {"runAsUser": 0}}]}, "runAsUser=0"),
    "host": ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, "hostPath"),
}


@pytest.fixture(scope="module")
def plane():
    with running_control_plane() as running:
        yield running


def send(plane, obj, *, dry=False):
    """Create an object; 409 is as good, since the cases share a namespace."""
    kind = kind_of(obj)
    namespace = obj["metadata"].get("namespace")
    query = "?dryRun=All&fieldValidation=Strict" if dry else "?fieldValidation=Strict"
    return plane.request("POST", kind.path(namespace) + query, obj)


def make(plane, plan):
    """Make everything of a plan but pod and service, and try these."""
    for obj in plan.objects():
        if obj["kind"] not in {"Pod", "Service"}:
            answer = send(plane, obj)
            assert answer.status in {201, 409}, (obj["kind"], answer.body)
    return [send(plane, obj, dry=True) for obj in (plan.pod, plan.service) if obj]


def of(case):
    said = {"name": "ada", "groups": [], "asked": {}, **SPAWNS[case]}
    document, name, groups, asked = (said.pop(key) for key in ("document", "name", "groups", "asked"))
    # Each case in namespaces of its own: they are made as drawn, once.
    envelope = f"t{re.sub('[^a-z]', '', case)}"
    return json.loads(
        json.dumps(list(drawn(document, name, *groups, **said, **asked).objects())).replace("hub1", envelope)
    )


@pytest.mark.parametrize("case", SPAWNS)
def test_every_object_of_a_spawn_is_accepted_field_by_field(plane, case):
    objects = of(case)
    namespace = objects[-1]["metadata"]["namespace"]
    if objects[0]["kind"] != "Namespace":
        send(plane, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        send(
            plane,
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "singleuser", "namespace": namespace}},
        )
    for obj in objects:
        last = obj["kind"] in {"Pod", "Service"}
        for _ in range(100):
            answer = send(plane, obj, dry=last)
            if "status unknown for quota" not in str(answer.body):
                break
        assert answer.status == 201, (obj["kind"], answer.body)
        if obj["kind"] not in {"Pod", "Service", "PersistentVolumeClaim"}:
            assert differences(obj, answer.body) == (), obj["kind"]  # what was just made has not drifted


@pytest.mark.parametrize("feature", ALLOWED)
def test_a_namespace_that_enforces_restricted_takes_every_feature_that_may_be_used_there(plane, feature):
    for document, groups in ((TEN_LINES, ()), (tenant(profile(env={"A": "b"}), storage={"capacity": "1Gi"}), ())):
        answers = make(plane, drawn(document, "eve", *groups, config=ALLOWED[feature], servername="s"))
        assert [answer.status for answer in answers] == [201], answers[0].body


@pytest.mark.parametrize("feature", REFUSED)
def test_what_restricted_forbids_is_refused_with_its_name(plane, feature):
    config, words = REFUSED[feature]
    answer = make(plane, drawn(TEN_LINES, "eve", config=config))[0]
    assert answer.status == 403
    assert 'violates PodSecurity "restricted:latest"' in answer.body["message"]
    assert words in answer.body["message"]


def test_a_gpu_pod_is_within_its_own_quota(plane):
    document = {**parsed(WHOLE), "contact": "x"}
    plan = drawn(document, "gus", "physics", around=AROUND, devices=4, with_service=True)
    for _ in range(200):
        answers = make(plane, plan)
        if "status unknown for quota" not in str(answers[0].body):
            break
    assert [answer.status for answer in answers] == [201, 201], answers[0].body


SAID = [
    ({"cpu_limit": 9}, "The quota here does not leave enough (cpu: 0 of 2 in use, this server asks for 9)."),
    ({"mem_limit": "16G"}, "maximum memory usage per Container is 8Gi, but limit is 16Gi."),
    ({"extra_containers": [{"name": "r", "image": "r", "securityContext": {"runAsUser": 0}}]}, "The Pod Security level here (restricted) does not allow this server: runAsUser=0"),
    ({"extra_containers": [{"name": "r", "image": "r", "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "2"}}}]}, "must be less than or equal to cpu limit of 2. Ask"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "words"), SAID)
def test_what_the_api_server_refuses_is_understood(plane, config, words):
    document = tenant(quota={"user": {"cpu": 2}}, limits={"max": {"memory": "8Gi"}, "default": {"cpu": "500m"}})
    document["profiles"] = {"small": {}}
    plan = drawn(document, "ned", config={"cpu_limit": 1})
    bigger = drawn(
        {**document, "tenants": tenant(document, quota={})["tenants"]}, "ned", config={"cpu_limit": 1, **config}
    )
    for _ in range(200):
        make(plane, plan)
        refused = send(plane, bigger.pod, dry=True)
        if "status unknown for quota" not in str(refused.body):
            break
    status = ApiStatus(refused.status, refused.body["reason"], refused.body["message"])
    assert words in why_denied(status)
