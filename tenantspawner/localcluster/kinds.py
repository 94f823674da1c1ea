"""The kinds the embedded cluster serves: those of `tenantspawner.kube.kinds` and what a stock client looks for besides.

A kind that nothing here acts upon is still stored, listed and watched, so that a manifest made
for a real cluster can be applied. Events of the core group and of ``events.k8s.io`` are the same
objects: both are kept as `EVENT` and translated at the door.
"""

from collections.abc import Mapping
from typing import Any

from tenantspawner.kube import kinds as kube
from tenantspawner.kube.kinds import Kind

STORAGE_CLASS = Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", 0, namespaced=False)
PERSISTENT_VOLUME = Kind("", "v1", "PersistentVolume", "persistentvolumes", 1, namespaced=False)
PRIORITY_CLASS = Kind("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", 0, namespaced=False)
VALIDATING_ADMISSION_POLICY = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    0,
    namespaced=False,
)
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    0,
    namespaced=False,
)
ENDPOINTS = Kind("", "v1", "Endpoints", "endpoints", 3)
ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", 3)
INGRESS = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", 3)

ALL: tuple[Kind, ...] = (
    *kube.ALL,
    STORAGE_CLASS,
    PERSISTENT_VOLUME,
    PRIORITY_CLASS,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    ENDPOINTS,
    ENDPOINT_SLICE,
    INGRESS,
)

_BY_NAME: Mapping[tuple[str, str], Kind] = {(kind.api_version, kind.kind): kind for kind in ALL}
_BY_PLURAL: Mapping[tuple[str, str], Kind] = {(kind.group, kind.plural): kind for kind in ALL}


def kind_of(obj: Mapping[str, Any]) -> Kind:
    """Return the kind of a manifest by its ``apiVersion`` and ``kind``; KeyError when it is not served here."""
    return _BY_NAME[obj["apiVersion"], obj["kind"]]


def kind_by_plural(group: str, plural: str) -> Kind | None:
    """Return the kind that rules and URLs call ``plural``, None when it is not served here."""
    return _BY_PLURAL.get((group, plural))
