"""The models hooks get: those KubeSpawner makes, plain JSON below them, and nothing lost on the way back."""

from kubernetes_asyncio.client import models as k8s

from tenantspawner.cluster.models import to_json
from tenantspawner.cluster.podmodel import claim_model, pod_model

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"a": "b"}},
    "spec": {
        "containers": [
            {
                "name": "notebook",
                "env": [{"name": "A", "value": "1"}],
                "resources": {"limits": {"cpu": 0.5}},
                "securityContext": {"runAsUser": 5, "newerThanTheClient": True},
            },
            {"name": "side", "env": [{"name": "B"}]},
        ],
        "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": "c"}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}},
        "tolerations": None,
    },
}


def test_models_are_made_as_far_as_kubespawner_makes_them():
    pod = pod_model(POD)
    notebook, side = pod.spec.containers
    assert isinstance(pod, k8s.V1Pod)
    assert isinstance(notebook.env[0], k8s.V1EnvVar)
    assert isinstance(side, k8s.V1Container)
    assert side.env == [{"name": "B"}]
    assert pod.spec.volumes[0].persistent_volume_claim["claimName"] == "c"
    assert notebook.security_context["newerThanTheClient"]


def test_what_a_hook_changes_comes_back_as_json_and_the_rest_as_it_was():
    pod = pod_model(POD)
    pod.spec.containers[0].env.append(k8s.V1EnvVar(name="NEW", value="2"))
    pod.metadata.annotations = {"by": "hook"}
    back = to_json(pod)
    assert back["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}, {"name": "NEW", "value": "2"}]
    assert back["metadata"] == {**POD["metadata"], "annotations": {"by": "hook"}}
    assert back["spec"]["containers"][1:] == POD["spec"]["containers"][1:]
    assert back["spec"]["affinity"] == POD["spec"]["affinity"]


def test_a_claim_is_a_model_too():
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}},
    }
    model = claim_model(claim)
    assert model.spec.resources.requests == {"storage": "1Gi"}
    assert to_json(model) == claim
