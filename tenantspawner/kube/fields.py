"""The field names of the Kubernetes objects that settings hold, so that a misspelt key is found before the API drops it.

KubeSpawner takes the keys of such an object in Kubernetes' form (``envFrom``) and in the Python client's
(``env_from``), at its first level; what is nested keeps the form it has. `keyed` does the same.

Source: https://kubernetes.io/docs/reference/kubernetes-api/ (1.36); a test compares with the client's models.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z]+)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of object: its field names, those it cannot do without, and the names by their Python form."""

    kind: str
    required: tuple[str, ...]
    by_key: Mapping[str, str]


def _shape(kind: str, required: str, names: str) -> Shape:
    fields = names.split()
    return Shape(
        kind,
        tuple(required.split()),
        {_HUMP.sub(_lower, name): name for name in fields} | dict(zip(fields, fields, strict=True)),
    )


def _lower(hump: re.Match[str]) -> str:
    return f"_{hump[1].lower()}"


POD_SPEC = _shape(
    "PodSpec",
    "",
    """activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks
    ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets
    initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates
    resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates schedulingGroup
    securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
    terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes""",
)
CONTAINER = _shape(
    "Container",
    "name",
    """args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy
    resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath
    terminationMessagePolicy tty volumeDevices volumeMounts workingDir""",
)
VOLUME = _shape(
    "Volume",
    "name",
    """awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume
    flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi name nfs persistentVolumeClaim
    photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume""",
)
VOLUME_MOUNT = _shape(
    "VolumeMount", "name mountPath", "mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr"
)
TOLERATION = _shape("Toleration", "", "effect key operator tolerationSeconds value")
LIFECYCLE = _shape("Lifecycle", "", "postStart preStop stopSignal")
ENV_VAR = _shape("EnvVar", "name", "name value valueFrom")
LOCAL_OBJECT_REFERENCE = _shape("LocalObjectReference", "", "name")
NODE_SELECTOR_TERM = _shape("NodeSelectorTerm", "", "matchExpressions matchFields")
PREFERRED_SCHEDULING_TERM = _shape("PreferredSchedulingTerm", "preference weight", "preference weight")
POD_AFFINITY_TERM = _shape(
    "PodAffinityTerm",
    "topologyKey",
    "labelSelector matchLabelKeys mismatchLabelKeys namespaceSelector namespaces topologyKey",
)
WEIGHTED_POD_AFFINITY_TERM = _shape("WeightedPodAffinityTerm", "podAffinityTerm weight", "podAffinityTerm weight")


def keyed(shape: Shape, obj: Any, *, complete: bool = True) -> dict[str, Any]:
    """Return `obj` with its keys in Kubernetes' form.

    Parameters
    ----------
    complete
        Whether required fields must be there, and fields without a value fall away; else `obj` is a part to merge.

    Raises
    ------
    ValueError
        With the end of a sentence: not an object, an unknown field, or a required one missing.
    """
    match obj:
        case dict():
            named = {_field(shape, key): value for key, value in obj.items()}
        case _:
            raise ValueError(f"holds {type(obj).__name__} where a {shape.kind} object is meant")
    if not complete:
        return named
    named = {key: value for key, value in named.items() if value is not None}
    for name in shape.required:
        if name not in named:
            raise ValueError(f"holds a {shape.kind} without {name}")
    return named


def _field(shape: Shape, key: str) -> str:
    name = shape.by_key.get(key)
    if name is None:
        near = difflib.get_close_matches(str(key), shape.by_key, n=1)
        hint = f"; did you mean {shape.by_key[near[0]]}?" if near else ""
        raise ValueError(f"holds a {shape.kind} with the unknown field {str(key)[:80]}{hint}")
    return name
