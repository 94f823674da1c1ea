"""The volume claim of one server, as plain JSON, equal to KubeSpawner's."""

from collections.abc import Mapping
from typing import Any

from tenantspawner.plan.expand import fields_of, filled
from tenantspawner.plan.labels import claim_annotations, claim_labels
from tenantspawner.plan.settings import PodSettings, ServerContext


def claim(
    settings: PodSettings,
    server: ServerContext,
    labels: Mapping[str, Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the manifest of the claim of `server`.

    `labels` and `annotations` replace those made from the settings.

    Raises
    ------
    Misconfigured
        Names the setting whose value cannot be used.
    """
    labels = claim_labels(settings, server) if labels is None else labels
    annotations = claim_annotations(settings, server) if annotations is None else annotations
    spec: dict[str, Any] = {
        "accessModes": list(settings.storage_access_modes),
        "resources": {"requests": {"storage": settings.storage_capacity}},
    }
    if settings.storage_class is not None:  # "" is a class of its own: no provisioner
        spec["storageClassName"] = settings.storage_class
        # The form before Kubernetes 1.6; still what some provisioners read.
        annotations = {**annotations, "volume.beta.kubernetes.io/storage-class": settings.storage_class}
    if settings.storage_selector:
        spec["selector"] = filled("storage_selector", settings.storage_selector, fields_of(server))
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": server.pvc_name, "labels": dict(labels), "annotations": dict(annotations)},
        "spec": spec,
    }
