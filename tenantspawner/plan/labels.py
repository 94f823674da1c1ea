"""The labels and annotations of KubeSpawner, which dashboards, network policies and the hub's own watch select by.

The user label is a slug that is a valid label; the exact name is the annotation's. `common_labels` win over extra
labels, and what identifies a server wins over both.
"""

from typing import Any

from tenantspawner.kube import labels as words
from tenantspawner.kube import slugs
from tenantspawner.plan.expand import fields_of, filled
from tenantspawner.plan.settings import PodSettings, ServerContext

KUBESPAWNER_VERSION = "7.1.0"
"""The version we are compatible with: going back to it, it finds its names."""

COMPONENT_LABEL = "app.kubernetes.io/component"


def common_labels(settings: PodSettings, server: ServerContext, extra: dict[str, Any]) -> dict[str, Any]:
    """Return the labels that the pod, the claim, the service and the secret have in common, with `extra`."""
    user = slugs.safe(server.username, slugs.is_label_value)
    return {words.HUB_USERNAME: user, **extra, **settings.common_labels}


def pod_labels(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the labels of the pod, which are also what a service selects it by."""
    return {
        **common_labels(settings, server, filled("extra_labels", settings.extra_labels, fields_of(server))),
        COMPONENT_LABEL: settings.component_label,
        words.COMPONENT: settings.component_label,
        words.HUB_SERVERNAME: slugs.safe(server.servername, slugs.is_label_value),
    }


def claim_labels(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the labels of the volume claim."""
    extra = filled("storage_extra_labels", settings.storage_extra_labels, fields_of(server))
    return {
        **common_labels(settings, server, extra),
        COMPONENT_LABEL: settings.component_label,
        words.COMPONENT: "singleuser-storage",
    }


def common_annotations(server: ServerContext, extra: dict[str, Any]) -> dict[str, Any]:
    """Return the annotations that all objects of a server have in common, with `extra`, which wins."""
    names = {words.HUB_USERNAME: server.username}
    if server.servername:
        names[words.HUB_SERVERNAME] = server.servername
    return {
        **names,
        "hub.jupyter.org/kubespawner-version": KUBESPAWNER_VERSION,
        "hub.jupyter.org/jupyterhub-version": server.jupyterhub_version,
        **extra,
    }


def pod_annotations(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the annotations of the pod."""
    return common_annotations(server, filled("extra_annotations", settings.extra_annotations, fields_of(server)))


def claim_annotations(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the annotations of the volume claim."""
    extra = filled("storage_extra_annotations", settings.storage_extra_annotations, fields_of(server))
    return common_annotations(server, extra)
