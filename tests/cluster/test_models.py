"""Covers `cluster.models`: models of the client to JSON and back, and misspelt keys on the way."""

import pytest

from tenantspawner.cluster.models import lost, model_name, roundtrip, to_json, to_model
from tenantspawner.kube import kinds

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"a": "b"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {
        "containers": [{"name": "n", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "1"}}, "ports": [{"containerPort": 8888}]}],
        "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    },
}  # fmt: skip


def test_a_manifest_survives_unchanged():
    assert roundtrip(POD) == POD


def test_a_misspelt_key_is_told_with_its_path():
    bad = {**POD, "spec": {**POD["spec"], "containers": [{"name": "n", "imgae": "i"}], "nodeSelectr": {}}}
    assert lost(bad, roundtrip(bad)) == ["spec.containers[0].imgae", "spec.nodeSelectr"]


def test_a_value_of_the_wrong_type_is_told():
    bad = {**POD, "metadata": {"name": "p", "labels": {"a": 1}}}
    assert lost(bad, roundtrip(bad)) == ["metadata.labels.a"]
    assert lost({"a": [1, 2]}, {"a": [1]}) == ["a"]


def test_models_inside_plain_json_become_plain():
    model = to_model(POD, "V1Pod")
    assert to_json({"items": (model.spec.containers[0],), "n": None}) == {"items": POD["spec"]["containers"], "n": None}


def test_what_kubernetes_requires_is_required():
    with pytest.raises(ValueError, match="containers"):
        to_model({"spec": {}}, "V1Pod")


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: kind.kind)
def test_every_kind_has_a_model(kind):
    from kubernetes_asyncio.client import models

    assert hasattr(models, model_name({"apiVersion": kind.api_version, "kind": kind.kind}))
