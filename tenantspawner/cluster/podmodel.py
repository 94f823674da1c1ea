"""A pod or claim as hooks written for KubeSpawner expect it: models down to where KubeSpawner makes models.

Below that it is plain JSON: such hooks write ``volume.persistent_volume_claim["claimName"]``, and a field newer than
the client survives there. `to_json` turns the result back, whatever a hook has put into it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class _Shape:
    """The name of a model, and the shapes of those of its fields that are models or lists of models."""

    model: str
    fields: Mapping[str, "_Shape"] = field(default_factory=dict)


_TERM = _Shape("V1NodeSelectorTerm")
_POD_AFFINITY = {
    "preferredDuringSchedulingIgnoredDuringExecution": _Shape("V1WeightedPodAffinityTerm"),
    "requiredDuringSchedulingIgnoredDuringExecution": _Shape("V1PodAffinityTerm"),
}
_AFFINITY = _Shape(
    "V1Affinity",
    {
        "nodeAffinity": _Shape(
            "V1NodeAffinity",
            {
                "preferredDuringSchedulingIgnoredDuringExecution": _Shape("V1PreferredSchedulingTerm"),
                "requiredDuringSchedulingIgnoredDuringExecution": _Shape(
                    "V1NodeSelector", {"nodeSelectorTerms": _TERM}
                ),
            },
        ),
        "podAffinity": _Shape("V1PodAffinity", _POD_AFFINITY),
        "podAntiAffinity": _Shape("V1PodAntiAffinity", _POD_AFFINITY),
    },
)
_CONTAINER = _Shape("V1Container")
_NOTEBOOK = _Shape(
    "V1Container",
    {
        "env": _Shape("V1EnvVar"),
        "lifecycle": _Shape("V1Lifecycle"),
        "ports": _Shape("V1ContainerPort"),
        "resources": _Shape("V1ResourceRequirements"),
        "volumeMounts": _Shape("V1VolumeMount"),
    },
)
_SPEC = _Shape(
    "V1PodSpec",
    {
        "affinity": _AFFINITY,
        "containers": _CONTAINER,
        "imagePullSecrets": _Shape("V1LocalObjectReference"),
        "initContainers": _CONTAINER,
        "tolerations": _Shape("V1Toleration"),
        "volumes": _Shape("V1Volume"),
    },
)
_METADATA = _Shape("V1ObjectMeta")
_POD = _Shape("V1Pod", {"metadata": _METADATA, "spec": _SPEC})
_CLAIM = _Shape(
    "V1PersistentVolumeClaim",
    {
        "metadata": _METADATA,
        "spec": _Shape("V1PersistentVolumeClaimSpec", {"resources": _Shape("V1ResourceRequirements")}),
    },
)


def pod_model(pod: Mapping[str, Any]) -> Any:
    """Return a manifest of a pod as a ``V1Pod``."""
    model = _shaped(pod, _POD)
    notebook = pod["spec"]["containers"][0]
    model.spec.containers[0] = _shaped(notebook, _NOTEBOOK)
    return model


def claim_model(claim: Mapping[str, Any]) -> Any:
    """Return a manifest of a volume claim as a ``V1PersistentVolumeClaim``."""
    return _shaped(claim, _CLAIM)


def _shaped(value: Any, shape: _Shape) -> Any:
    match value:
        case list():
            return [_shaped(item, shape) for item in value]
        case Mapping():
            from kubernetes_asyncio import client

            model = getattr(client, shape.model)
            attributes = {key: attribute for attribute, key in model.attribute_map.items()}
            fields = {
                attributes[key]: _shaped(item, shape.fields[key]) if key in shape.fields else item
                for key, item in value.items()
            }
            return model(**fields, local_vars_configuration=_no_checks())
        case _:
            return value


@cache
def _no_checks() -> Any:
    """Return a configuration for models, which would make one each, reading the environment."""
    from kubernetes_asyncio.client import Configuration

    configuration = Configuration()
    configuration.client_side_validation = False
    return configuration
