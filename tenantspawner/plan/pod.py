"""The pod of one server, as plain JSON.

For the same settings it is KubeSpawner's pod, field by field: what the API server would get from it,
it gets from us. A test renders both and compares. Template fields are filled here, once.
"""

from collections.abc import Mapping
from typing import Any

from tenantspawner.errors import Misconfigured
from tenantspawner.kube import fields as shapes
from tenantspawner.kube.fields import Shape, keyed
from tenantspawner.kube.templates import Fields
from tenantspawner.plan.environment import environment
from tenantspawner.plan.expand import fields_of, filled
from tenantspawner.plan.labels import pod_annotations, pod_labels
from tenantspawner.plan.settings import Items, PodSettings, ServerContext

CERTIFICATES = "jupyterhub-internal-certs"

_CERTIFICATE_FILES = {
    "JUPYTERHUB_SSL_KEYFILE": "ssl.key",
    "JUPYTERHUB_SSL_CERTFILE": "ssl.crt",
    "JUPYTERHUB_SSL_CLIENT_CA": "notebooks-ca_trust.crt",
}

_AFFINITIES: Mapping[str, tuple[str, Shape, Shape]] = {
    "nodeAffinity": ("node_affinity", shapes.PREFERRED_SCHEDULING_TERM, shapes.NODE_SELECTOR_TERM),
    "podAffinity": ("pod_affinity", shapes.WEIGHTED_POD_AFFINITY_TERM, shapes.POD_AFFINITY_TERM),
    "podAntiAffinity": ("pod_anti_affinity", shapes.WEIGHTED_POD_AFFINITY_TERM, shapes.POD_AFFINITY_TERM),
}


def pod(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    """Return the manifest of the pod of `server`.

    Raises
    ------
    Misconfigured
        Names the setting whose value cannot be used.
    """
    labels = pod_labels(settings, server) if server.labels is None else dict(server.labels)
    annotations = pod_annotations(settings, server) if server.annotations is None else dict(server.annotations)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": server.pod_name, "labels": labels, "annotations": annotations},
        "spec": _spec(settings, server),
    }


def in_order(items: Items) -> list[Any]:
    """Return the items of a list, or of a dictionary in the order of its keys."""
    return [items[key] for key in sorted(items)] if isinstance(items, dict) else list(items)


def _spec(settings: PodSettings, server: ServerContext) -> dict[str, Any]:
    fields = fields_of(server)
    containers = _objects(settings, "extra_containers", shapes.CONTAINER, fields)
    spec = {
        "restartPolicy": "OnFailure",
        "imagePullSecrets": [_pull_secret(item) for item in settings.image_pull_secrets],
        "containers": [_notebook(settings, server, fields), *containers],
        "volumes": _volumes(settings, server, fields),
        **_identity(settings, fields),
        **_present(
            {
                "securityContext": _pod_security(settings),
                "nodeSelector": settings.node_selector,
                "tolerations": _objects(settings, "tolerations", shapes.TOLERATION),
                "initContainers": _objects(settings, "init_containers", shapes.CONTAINER, fields),
                "affinity": _present({kind: _affinity(settings, kind) for kind in _AFFINITIES}),
                "schedulerName": settings.scheduler_name,
                "priorityClassName": settings.priority_class_name,
            }
        ),
    }
    extra = filled("extra_pod_config", settings.extra_pod_config, fields)
    return _merged(spec, "extra_pod_config", shapes.POD_SPEC, extra)


def _notebook(settings: PodSettings, server: ServerContext, fields: Fields) -> dict[str, Any]:
    container = {
        "name": "notebook",
        "image": settings.image,
        "ports": [{"name": "notebook-port", "containerPort": settings.port if server.port is None else server.port}],
        "env": _environment(settings, server),
        "lifecycle": _object("lifecycle_hooks", shapes.LIFECYCLE, settings.lifecycle_hooks),
        "resources": _resources(settings),
        "volumeMounts": _volume_mounts(settings, server, fields),
    }
    optional = {
        "workingDir": filled("working_dir", settings.working_dir, fields),
        # KubeSpawner's "cmd" is the container's args: the image's entrypoint runs before it.
        "args": [*settings.cmd, *server.args] if settings.cmd else None,
        "imagePullPolicy": settings.image_pull_policy,
        "securityContext": _container_security(settings) or None,
    }
    container |= {key: value for key, value in optional.items() if value is not None}
    return _merged(container, "extra_container_config", shapes.CONTAINER, settings.extra_container_config)


def _environment(settings: PodSettings, server: ServerContext) -> list[dict[str, Any]]:
    certificates = (
        {name: settings.secret_mount_path + file for name, file in _CERTIFICATE_FILES.items()}
        if _has_certificates(settings, server)
        else {}
    )
    try:
        return environment(server, certificates)
    except ValueError as why:
        raise Misconfigured("environment", str(why)) from None


def _has_certificates(settings: PodSettings, server: ServerContext) -> bool:
    return bool(server.ssl_secret_name and settings.secret_mount_path)


def _volumes(settings: PodSettings, server: ServerContext, fields: Fields) -> list[Any]:
    volumes = _objects(settings, "volumes", shapes.VOLUME, fields)
    if _has_certificates(settings, server):
        secret = {"secretName": server.ssl_secret_name, "defaultMode": 0o777}
        volumes.append({"name": CERTIFICATES, "secret": secret})
    return volumes


def _volume_mounts(settings: PodSettings, server: ServerContext, fields: Fields) -> list[Any]:
    mounts = _objects(settings, "volume_mounts", shapes.VOLUME_MOUNT, fields)
    if _has_certificates(settings, server):
        mounts.append({"name": CERTIFICATES, "mountPath": settings.secret_mount_path})
    return mounts


def _resources(settings: PodSettings) -> dict[str, Any]:
    requests = _present({"cpu": settings.cpu_guarantee, "memory": settings.mem_guarantee})
    limits = _present({"cpu": settings.cpu_limit, "memory": settings.mem_limit})
    return {
        "requests": requests | settings.extra_resource_guarantees,
        "limits": limits | settings.extra_resource_limits,
    }


def _identity(settings: PodSettings, fields: Fields) -> dict[str, Any]:
    """Return the account of the pod; its token is mounted only where an account is named, or when asked for."""
    identity: dict[str, Any] = {}
    if settings.service_account is not None:
        identity["serviceAccountName"] = filled("service_account", settings.service_account, fields)
    if settings.automount_service_account_token is not None:
        identity["automountServiceAccountToken"] = settings.automount_service_account_token
    elif settings.service_account is None:
        identity["automountServiceAccountToken"] = False
    return identity


def _pod_security(settings: PodSettings) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if settings.fs_gid is not None:
        context["fsGroup"] = settings.fs_gid
    if settings.supplemental_gids:
        context["supplementalGroups"] = [int(gid) for gid in settings.supplemental_gids]
    return context | _camel_case("pod_security_context", settings.pod_security_context)


def _container_security(settings: PodSettings) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if settings.uid is not None:
        context["runAsUser"] = settings.uid
    if settings.gid is not None:
        context["runAsGroup"] = settings.gid
    if settings.privileged:
        context["privileged"] = True
    if settings.allow_privilege_escalation is not None:
        context["allowPrivilegeEscalation"] = settings.allow_privilege_escalation
    return context | _camel_case("container_security_context", settings.container_security_context)


def _camel_case(setting: str, context: dict[str, Any]) -> dict[str, Any]:
    for key in context:
        if "_" in key:
            raise Misconfigured(setting, f"has the key {key}; its keys are Kubernetes' own, as in runAsUser")
    return context


def _affinity(settings: PodSettings, kind: str) -> dict[str, Any]:
    setting, preferred, required = _AFFINITIES[kind]
    terms: Any = _objects(settings, f"{setting}_required", required)
    if terms and kind == "nodeAffinity":
        terms = {"nodeSelectorTerms": terms}
    return _present(
        {
            "preferredDuringSchedulingIgnoredDuringExecution": _objects(settings, f"{setting}_preferred", preferred),
            "requiredDuringSchedulingIgnoredDuringExecution": terms,
        }
    )


def _pull_secret(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"name": item}
    return _object("image_pull_secrets", shapes.LOCAL_OBJECT_REFERENCE, item)


def _objects(settings: PodSettings, setting: str, shape: Shape, fields: Fields | None = None) -> list[Any]:
    """Return a setting's list of objects, with its templates filled where `fields` are given."""
    items = in_order(getattr(settings, setting))
    if fields is not None:
        items = filled(setting, items, fields)
    return [_object(setting, shape, item) for item in items]


def _object(setting: str, shape: Shape, obj: Any) -> dict[str, Any]:
    try:
        return keyed(shape, obj)
    except ValueError as why:
        raise Misconfigured(setting, str(why)) from None


def _merged(obj: dict[str, Any], setting: str, shape: Shape, extra: dict[str, Any]) -> dict[str, Any]:
    """Return `obj` with the fields of `extra` in place of its own; a field set to None falls away."""
    try:
        whole = obj | keyed(shape, extra, complete=False)
    except ValueError as why:
        raise Misconfigured(setting, str(why)) from None
    return {key: value for key, value in whole.items() if value is not None}


def _present(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the entries that say something: not None, not zero, not empty."""
    return {key: value for key, value in obj.items() if value}
