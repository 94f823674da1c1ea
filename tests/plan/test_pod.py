"""The pod and claim as plain JSON, where tests/peers does not look: secrets, given labels, and settings that are wrong."""

import pytest

from tenantspawner.cluster.models import lost, roundtrip
from tenantspawner.errors import Misconfigured
from tenantspawner.plan.claim import claim
from tenantspawner.plan.pod import pod
from tenantspawner.plan.service import certificates, owner, service, user_namespace
from tenantspawner.plan.settings import PodSettings, ServerContext, settings_from

ADA = ServerContext(pod_name="jupyter-ada", namespace="people", username="ada", pvc_name="claim-ada", userid=7)


def server(**more):
    return ServerContext(pod_name="p", namespace="n", username="ada", **more)


def notebook(settings, context=ADA):
    return pod(settings_from(settings), context)["spec"]["containers"][0]


def test_secret_environment_is_taken_from_a_secret():
    context = server(
        env={"JUPYTERHUB_API_TOKEN": "t0ken", "A": "1", "FROM": {"valueFrom": {}}},
        secret_env_names=frozenset({"JUPYTERHUB_API_TOKEN", "FROM", "ABSENT"}),
        env_secret_name="s-1",
    )
    env = notebook({}, context)["env"]
    assert {
        "name": "JUPYTERHUB_API_TOKEN",
        "valueFrom": {"secretKeyRef": {"name": "s-1", "key": "JUPYTERHUB_API_TOKEN"}},
    } in env
    assert {"name": "A", "value": "1"} in env
    assert {"name": "FROM", "valueFrom": {}} in env
    assert "t0ken" not in str(pod(PodSettings(), context))


def test_a_variable_stands_behind_those_it_refers_to():
    env = {
        "A": "$(Z)",
        "Z": "$(M)$(M)",
        "M": "1",
        "X": "$(Y)",
        "Y": "$(X)",
        "SELF": "$(SELF)",
        "N": None,
        "OUT": "$(ELSEWHERE)",
    }
    assert [entry["name"] for entry in notebook({}, server(env=env))["env"]] == [
        "M",
        "N",
        "SELF",
        "Z",
        "A",
        "OUT",
        "X",
        "Y",
    ]


def test_labels_and_annotations_can_be_given():
    metadata = pod(PodSettings(), server(labels={"a": "b"}, annotations={}))["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == ({"a": "b"}, {})


def test_the_port_of_the_server_wins():
    assert notebook({"port": 1}, server(port=2))["ports"][0]["containerPort"] == 2
    assert notebook({"port": 1})["ports"][0]["containerPort"] == 1


WRONG = [
    ("volume_mounts", [{"name": "x", "mountPaht": "/"}], "did you mean mountPath"),
    ("volumes", {"a": {"emptyDir": {}}}, "without name"),
    ("init_containers", ["busybox"], "where a Container object is meant"),
    ("extra_pod_config", {"hostNetwrok": True}, "did you mean hostNetwork"),
    ("extra_container_config", {"envFron": []}, "did you mean envFrom"),
    ("container_security_context", {"run_as_user": 1}, "run_as_user"),
    ("pod_security_context", {"fs_group": 1}, "fs_group"),
    ("tolerations", [{"kee": "x"}], "did you mean key"),
    ("image_pull_secrets", [5], "where a LocalObjectReference object is meant"),
    ("extra_labels", {"a": "{user}"}, "{user}"),
    ("working_dir", "/home/{", "write {{ and }} for braces"),
    ("service_account", "{username.__class__}", "is none of"),
    ("pod_affinity_required", [{}], "without topologyKey"),
]


@pytest.mark.parametrize(("setting", "value", "words"), WRONG)
def test_a_setting_that_cannot_be_used_is_named(setting, value, words):
    with pytest.raises(Misconfigured) as wrong:
        pod(settings_from({setting: value}), ADA)
    assert wrong.value.setting == setting
    assert words in wrong.value.detail


def test_an_environment_that_cannot_be_used_is_named():
    with pytest.raises(Misconfigured, match=r"environment: .*did you mean valueFrom"):
        pod(PodSettings(), server(env={"A": {"valuefrom": {}}}))


def test_the_claim_takes_its_labels_from_the_settings_or_as_given():
    settings = settings_from(
        {"storage_extra_labels": {"x": "{username}"}, "storage_extra_annotations": {"y": "{userid}"}}
    )
    metadata = claim(settings, ADA)["metadata"]
    assert metadata["labels"]["x"] == "ada"
    assert metadata["labels"]["component"] == "singleuser-storage"
    assert metadata["annotations"]["y"] == "7"
    assert claim(settings, ADA, {"a": "b"}, {})["metadata"] == {
        "name": "claim-ada",
        "labels": {"a": "b"},
        "annotations": {},
    }


def everything():
    settings = settings_from(
        {
            "storage_capacity": "1Gi", "storage_class": "c", "storage_selector": {"matchLabels": {"a": "b"}},
            "user_namespace_labels": {"a": "{username}"}, "lifecycle_hooks": {"preStop": {"sleep": {"seconds": 1}}},
            "tolerations": [{"key": "k"}], "node_affinity_required": [{"matchExpressions": []}], "cmd": "x", "uid": 5,
        }
    )  # fmt: skip
    context = server(ssl_secret_name="s", pvc_name="c", env={"A": "1"})
    reference = owner("p", "uid-1")
    return [
        pod(settings, context),
        claim(settings, context),
        service(settings, context, reference, 8888),
        certificates(settings, context, reference, {"ssl.key": "k"}),
        user_namespace(settings, context),
    ]


@pytest.mark.parametrize("obj", everything(), ids=lambda obj: obj["kind"])
def test_no_key_is_lost_in_the_clients_models(obj):
    assert lost(obj, roundtrip(obj)) == []
