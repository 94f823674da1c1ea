"""Covers the drawn objects against both clusters' API: all of them are accepted, and pods in a namespace that enforces restricted.

The namespace is made as drawn, so it enforces what the plan says. The pod is sent as a dry run after everything else
stands: admission and validation are the cluster's own, and no node is needed.
"""

import json

import pytest

from tenantspawner.errors import ApiStatus
from tenantspawner.kube.kinds import kind_of
from tenantspawner.observe import why_denied
from tenantspawner.plan.drift import differences
from tests.plan.documents import AROUND, SPAWNS, WHOLE
from tests.plan.drawing import TEN_LINES, drawn, parsed, profile, tenant
from tests.support.hubs import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

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


async def send(cluster, obj, *, dry=False):
    kind = kind_of(obj)
    namespace = obj["metadata"].get("namespace")
    query = "?dryRun=All&fieldValidation=Strict" if dry else "?fieldValidation=Strict"
    return await cluster.ask("POST", kind.path(namespace) + query, obj)


async def tried(cluster, pod):
    """Try a pod or a service, once the quota it will count against is in force."""

    async def answered():
        answer = await send(cluster, pod, dry=True)
        return None if "status unknown for quota" in str(answer.body) else answer

    return await eventually(answered, 30, "the quota does not come into force")


def of(cluster, plan):
    """The objects of a plan, in namespaces that nobody else has."""
    return json.loads(json.dumps(list(plan.objects())).replace("hub1", cluster.home))


async def make(cluster, plan):
    """Make everything of a plan but pod and service, and try these."""
    objects = of(cluster, plan)
    for obj in objects:
        if obj["kind"] not in {"Pod", "Service"}:
            answer = await send(cluster, obj)
            assert answer.status == 201, (obj["kind"], answer.body)
    return [await tried(cluster, obj) for obj in objects if obj["kind"] in {"Pod", "Service"}]


@pytest.mark.parametrize("case", SPAWNS)
async def test_every_object_of_a_spawn_is_accepted_field_by_field(cluster, case):
    said = {"name": "ada", "groups": [], "asked": {}, **SPAWNS[case]}
    document, name, groups, asked = (said.pop(key) for key in ("document", "name", "groups", "asked"))
    objects = of(cluster, drawn(document, name, *groups, **said, **asked))
    if objects[0]["kind"] != "Namespace":  # an account of somebody else's
        metadata = {"name": "singleuser", "namespace": objects[-1]["metadata"]["namespace"]}
        await cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    for obj in objects:
        answer = await (tried(cluster, obj) if obj["kind"] in {"Pod", "Service"} else send(cluster, obj))
        assert answer.status == 201, (obj["kind"], answer.body)
        if obj["kind"] not in {"Pod", "Service", "PersistentVolumeClaim"}:
            assert differences(obj, answer.body) == (), obj["kind"]  # what was just made has not drifted


@pytest.mark.parametrize(
    "document", [TEN_LINES, tenant(profile(env={"A": "b"}), storage={"capacity": "1Gi"})], ids=["plain", "more"]
)
@pytest.mark.parametrize("feature", ALLOWED)
async def test_a_namespace_that_enforces_restricted_takes_every_feature_that_may_be_used_there(
    cluster, feature, document
):
    answers = await make(cluster, drawn(document, "eve", config=ALLOWED[feature], servername="s"))
    assert [answer.status for answer in answers] == [201], answers[0].body


@pytest.mark.parametrize("feature", REFUSED)
async def test_what_restricted_forbids_is_refused_with_its_name(cluster, feature):
    config, words = REFUSED[feature]
    answer = (await make(cluster, drawn(TEN_LINES, "eve", config=config)))[0]
    assert answer.status == 403
    assert 'violates PodSecurity "restricted:latest"' in answer.body["message"]
    assert words in answer.body["message"]


async def test_a_gpu_pod_is_within_its_own_quota(cluster):
    document = {**parsed(WHOLE), "contact": "x"}
    answers = await make(cluster, drawn(document, "gus", "physics", around=AROUND, devices=4, with_service=True))
    assert [answer.status for answer in answers] == [201, 201], answers[0].body


SAID = [
    ({"cpu_limit": 9}, "The quota here does not leave enough (cpu: 0 of 2 in use, this server asks for 9)."),
    ({"mem_limit": "16G"}, "maximum memory usage per Container is 8Gi, but limit is 16Gi."),
    ({"extra_containers": [{"name": "r", "image": "r", "securityContext": {"runAsUser": 0}}]}, "The Pod Security level here (restricted) does not allow this server: runAsUser=0"),
    ({"extra_containers": [{"name": "r", "image": "r", "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "2"}}}]}, "must be less than or equal to cpu limit of 2. Ask"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "words"), SAID)
async def test_what_the_api_server_refuses_is_understood(cluster, config, words):
    document = tenant(quota={"user": {"cpu": 2}}, limits={"max": {"memory": "8Gi"}, "default": {"cpu": "500m"}})
    document["profiles"] = {"small": {}}
    plan = drawn(document, "ned", config={"cpu_limit": 1})
    bigger = drawn(
        {**document, "tenants": tenant(document, quota={})["tenants"]}, "ned", config={"cpu_limit": 1, **config}
    )
    await make(cluster, plan)
    pod = next(obj for obj in of(cluster, bigger) if obj["kind"] == "Pod")
    refused = await tried(cluster, pod)
    status = ApiStatus(refused.status, refused.body["reason"], refused.body["message"])
    assert words in why_denied(status)
