"""The labels and annotations of KubeSpawner, which dashboards, network policies and the hub's own watch select by.

The user label is a slug that is a valid label; the exact name is the annotation's. `common_labels` win over extra
labels, and what identifies a server wins over both.
"""

from collections.abc import Mapping
from typing import Any

from tenantspawner.kube import labels as words
from tenantspawner.kube import slugs
from tenantspawner.plan.expand import fields_of, filled
from tenantspawner.plan.settings import PodSettings, ServerContext

KUBESPAWNER_VERSION = "7.1.0"
"""The version we are compatible with: going back to it, it finds its names."""

COMPONENT_LABEL = "app.kubernetes.io/component"


def common_labels(common: Mapping[str, Any], username: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the labels that the pod, the claim, the service and the secret have in common, with `extra`."""
    return {words.HUB_USERNAME: slugs.safe(username, slugs.is_label_value), **extra, **common}


def server_labels(component: str, servername: str) -> dict[str, Any]:
    """Return the labels that tell a server's pod from everything else."""
    return {
        COMPONENT_LABEL: component,
        words.COMPONENT: component,
        words.HUB_SERVERNAME: slugs.safe(servername, slugs.is_label_value),
    }


def storage_labels(component: str) -> dict[str, Any]:
    """Return the labels that tell a server's volume claim from everything else."""
    return {COMPONENT_LABEL: component, words.COMPONENT: "singleuser-storage"}


def common_annotations(
    username: str, servername: str, jupyterhub_version: str, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the annotations that all objects of a server have in common, with `extra`, which wins."""
    names = {words.HUB_USERNAME: username}
    if servername:
        names[words.HUB_SERVERNAME] = servername
    return {
        **names,
        "hub.jupyter.org/kubespawner-version": KUBESPAWNER_VERSION,
        "hub.jupyter.org/jupyterhub-version": jupyterhub_version,
        **extra,
    }


def object_labels(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the labels of the service and the secret of `server`."""
    extra = filled("extra_labels", settings.extra_labels, fields_of(server))
    return common_labels(settings.common_labels, server.username, extra)


def pod_labels(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the labels of the pod, which are also what a service selects it by."""
    return object_labels(settings, server) | server_labels(settings.component_label, server.servername)


def claim_labels(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the labels of the volume claim."""
    extra = filled("storage_extra_labels", settings.storage_extra_labels, fields_of(server))
    return common_labels(settings.common_labels, server.username, extra) | storage_labels(settings.component_label)


def pod_annotations(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the annotations of the pod, the service and the secret."""
    extra = filled("extra_annotations", settings.extra_annotations, fields_of(server))
    return common_annotations(server.username, server.servername, server.jupyterhub_version, extra)


def claim_annotations(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the annotations of the volume claim."""
    extra = filled("storage_extra_annotations", settings.storage_extra_annotations, fields_of(server))
    return common_annotations(server.username, server.servername, server.jupyterhub_version, extra)
