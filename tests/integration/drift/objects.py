"""The objects that the tables are about, in the fewest words."""

from typing import Any

from tests.integration.drift.ask import Ask, get, post

RBAC = "rbac.authorization.k8s.io"
NAMESPACES = "/api/v1/namespaces"
ROLES = f"/apis/{RBAC}/v1/clusterroles"
BINDINGS = f"/apis/{RBAC}/v1/clusterrolebindings"
REVIEWS = "/apis/authorization.k8s.io/v1"


def core(namespace: str, plural: str, name: str = "") -> str:
    """The path of a namespaced object of the core group, or of its collection."""
    return f"{NAMESPACES}/{namespace}/{plural}" + (f"/{name}" if name else "")


def rbac(namespace: str, plural: str, name: str = "") -> str:
    return f"/apis/{RBAC}/v1/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def thing(
    kind: str, name: str, version: str = "v1", *, meta: dict[str, Any] | None = None, **rest: Any
) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **(meta or {})}, **rest}


def namespace(name: str, **meta: Any) -> dict[str, Any]:
    return thing("Namespace", name, meta=meta)


def secured(name: str, level: str, **more: str) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return namespace(
        name,
        labels=labels | {f"pod-security.kubernetes.io/{key.replace('_', '-')}": value for key, value in more.items()},
    )


def config(name: str = "a", data: Any = None, **meta: Any) -> dict[str, Any]:
    return thing("ConfigMap", name, meta=meta, data={"a": "1"} if data is None else data)


def container(name: str = "notebook", requests: Any = None, limits: Any = None, **rest: Any) -> dict[str, Any]:
    amounts = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
    return {"name": name, "image": "image:1", **({"resources": amounts} if amounts else {}), **rest}


def pod(
    name: str = "p", *containers: dict[str, Any], meta: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    spec = {"containers": list(containers or (container(),)), "automountServiceAccountToken": False, **spec}
    return thing("Pod", name, meta=meta, spec=spec)


def restricted(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod that Pod Security ``restricted`` lets in, but for what is said otherwise."""
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    shown = [{"securityContext": own, **one} for one in containers or (container(),)]
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    return pod(name, *shown, **{"securityContext": security, **spec})


def quota(name: str, hard: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return thing("ResourceQuota", name, spec={"hard": hard, **spec})


def limits(name: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return thing("LimitRange", name, spec={"limits": list(rows)})


def claim(name: str, storage: str = "1Gi", **spec: Any) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec}
    return thing("PersistentVolumeClaim", name, spec=spec)


def service(name: str, **spec: Any) -> dict[str, Any]:
    return thing("Service", name, spec={"ports": [{"port": 80}], **spec})


def rule(verbs: str, resources: str, group: str = "", **rest: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), **rest}


def role(name: str, *rules: dict[str, Any], kind: str = "Role") -> dict[str, Any]:
    return thing(kind, name, f"{RBAC}/v1", rules=list(rules))


def binding(name: str, to: str, user: str, *, kind: str = "RoleBinding", of: str = "ClusterRole") -> dict[str, Any]:
    subjects = [{"kind": "User", "name": user, "apiGroup": RBAC}]
    return thing(kind, name, f"{RBAC}/v1", roleRef={"apiGroup": RBAC, "kind": of, "name": to}, subjects=subjects)


def access(verb: str, resource: str, where: str = "", **rest: Any) -> dict[str, Any]:
    wanted = {"verb": verb, "resource": resource, **({"namespace": where} if where else {}), **rest}
    spec = {"resourceAttributes": wanted}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}


def allowed(who: str, verb: str, resource: str, where: str = "", **rest: Any) -> Ask:
    """Wait until a right has come to the authoriser."""
    return post(
        f"{REVIEWS}/selfsubjectaccessreviews",
        access(verb, resource, where, **rest),
        who=who,
        until=("status.allowed", True),
    )


def made(manifest: dict[str, Any]) -> list[Ask]:
    """A namespace, with what controllers put into it."""
    name = manifest["metadata"]["name"]
    return [
        post(NAMESPACES, manifest),
        get(core(name, "serviceaccounts", "default"), until=("code", 200)),
        get(core(name, "configmaps", "kube-root-ca.crt"), until=("code", 200)),
    ]


def counted(where: str, name: str, **hard: str) -> Ask:
    """Wait until a quota is in force."""
    key, value = next(iter(hard.items()))
    return get(core(where, "resourcequotas", name), until=(f"status.hard|{key}", value))
