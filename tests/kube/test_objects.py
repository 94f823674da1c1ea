"""Covers `kube.objects`: what is read of an API object, and what is forgiven."""

from datetime import UTC, datetime

import msgspec
import pytest

from tenantspawner.kube.objects import Event, Namespace, Pod, ResourceQuota, SecretMetadata, read, read_json

METADATA = {"name": "p", "namespace": "x", "resourceVersion": "7", "uid": "u"}


def test_a_pod_is_read_with_what_matters():
    pod = read(
        Pod,
        {
            "metadata": {**METADATA, "deletionTimestamp": "2026-01-01T00:00:00Z", "managedFields": [{"manager": "x"}]},
            "spec": {
                "nodeName": "n",
                "containers": [
                    {"name": "c", "resources": {"limits": {"cpu": "2"}}, "env": [{"name": "T", "value": "secret"}]}
                ],
                "initContainers": [{"name": "i", "restartPolicy": "Always"}],
                "schedulingGates": [{"name": "kueue"}],
                "volumes": [
                    {"name": "h", "persistentVolumeClaim": {"claimName": "home"}},
                    {"name": "t", "emptyDir": {}},
                ],
            },
            "status": {
                "phase": "Running",
                "podIP": "10.0.0.1",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "c", "ready": True, "state": {"terminated": {"exitCode": 137}}}],
            },
        },
    )
    assert pod.key == ("x", "p")
    assert pod.going
    assert pod.metadata.deletion_timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    assert pod.spec.claims == ["home"]
    assert pod.spec.containers[0].resources.limits == {"cpu": "2"}
    assert pod.spec.init_containers[0].restart_policy == "Always"
    assert pod.status.pod_ip == "10.0.0.1"
    assert pod.status.container_statuses[0].state.terminated.exit_code == 137
    assert "secret" not in repr(pod)


def test_what_is_left_out_is_empty():
    pod = read(Pod, {"metadata": METADATA})
    assert (pod.spec.containers, pod.status.phase, pod.metadata.labels, pod.going) == ([], "", {}, False)


def test_nulls_and_bare_numbers_are_forgiven():
    quota = {
        "metadata": {**METADATA, "labels": None, "ownerReferences": [None]},
        "spec": {"hard": {"pods": 3, "cpu": None}},
        "status": None,
    }
    assert read(ResourceQuota, quota).spec.hard == {"pods": "3"}
    assert read_json(msgspec.json.Decoder(ResourceQuota), ResourceQuota, msgspec.json.encode(quota)).spec.hard == {
        "pods": "3"
    }


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": {}}, {"metadata": {"name": "p"}}, {"metadata": METADATA, "status": {"phase": 7}}, []]
)
def test_what_is_no_object_is_an_error(obj):
    with pytest.raises(msgspec.ValidationError):
        read(Pod, obj)


def test_an_event_has_a_time_whoever_reported_it():
    times = {"eventTime": "2026-01-01T00:00:00.123456Z", "lastTimestamp": None}
    assert read(Event, {"metadata": METADATA, **times}).at == datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert read(Event, {"metadata": METADATA}).at is None


def test_a_namespace_has_a_key_without_namespace():
    assert read(Namespace, {"metadata": {"name": "n", "resourceVersion": "1"}}).key == ("", "n")


def test_a_secret_is_read_without_its_content():
    assert "canary" not in repr(read(SecretMetadata, {"metadata": METADATA, "data": {"token": "canary"}}))
