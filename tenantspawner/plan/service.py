"""What goes with a pod where it was asked for: a service, the certificates of internal_ssl, the person's namespace.

The pod owns the service and the secret: Kubernetes collects them when it goes.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tenantspawner.plan.expand import fields_of, filled
from tenantspawner.plan.labels import object_labels, pod_annotations, pod_labels
from tenantspawner.plan.settings import PodSettings, ServerContext


def owner(pod_name: str, uid: str) -> dict[str, Any]:
    """Return the reference to the pod that owns an object."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod_name,
        "uid": uid,
        "blockOwnerDeletion": True,
        "controller": False,
    }


def _metadata(settings: PodSettings, server: ServerContext, name: str, pod: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "labels": object_labels(settings, server),
        "annotations": pod_annotations(settings, server),
        "ownerReferences": [dict(pod)],
    }


def service(settings: PodSettings, server: ServerContext, pod: Mapping[str, Any], port: int) -> dict[str, Any]:
    """Return the service in front of the pod; `pod` is its owner reference."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(settings, server, server.pod_name, pod),
        "spec": {
            "type": "ClusterIP",
            "ports": [{"name": "http", "port": port, "targetPort": port}],
            "selector": pod_labels(settings, server),
        },
    }


def certificates(
    settings: PodSettings, server: ServerContext, pod: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, Any]:
    """Return the secret with the server's certificates; `files` is text by file name."""
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in files.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(settings, server, server.ssl_secret_name or server.pod_name, pod),
        "data": encoded,
    }


def user_namespace(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the namespace of `enable_user_namespaces`."""
    fields = fields_of(server)
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": server.namespace,
            "labels": filled("user_namespace_labels", settings.user_namespace_labels, fields),
            "annotations": filled("user_namespace_annotations", settings.user_namespace_annotations, fields),
        },
    }
