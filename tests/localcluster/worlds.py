"""A small world for tests of decisions: a store with a few namespaces, and the objects people write.

`World.create` does what the API does around admission: it completes the object, asks admission, and
stores what comes back. No server, no node.
"""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from tenantspawner.kube.kinds import NAMESPACE, SERVICE_ACCOUNT
from tenantspawner.localcluster.admission import admit
from tenantspawner.localcluster.api.defaults import apply_defaults
from tenantspawner.localcluster.attributes import Attributes, Refusal, UserInfo
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.rbac import seed_roles
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
ADMIN = UserInfo("admin", groups=("system:masters", "system:authenticated"))
HUB = UserInfo("hub", groups=("system:authenticated",))
RBAC = "rbac.authorization.k8s.io"


class World:
    """A store, and writes into it by somebody."""

    def __init__(self, *namespaces: str) -> None:
        self.store = Store()
        for obj in seed_roles():
            self.store.put(kind_of(obj), obj)
        for name in namespaces or ("team",):
            self.namespace(name)

    def namespace(self, name: str, phase: str = "Active", **labels: str) -> None:
        """Put a namespace with its default account into the store."""
        finalizers = {"finalizers": ["kubernetes"]}
        obj = made(NAMESPACE, name, spec=finalizers, status={"phase": phase})
        obj["metadata"]["labels"] = {key.replace("__", "/").replace("_", "-"): value for key, value in labels.items()}
        self.store.put(NAMESPACE, obj)
        self.store.put(SERVICE_ACCOUNT, made(SERVICE_ACCOUNT, "default", name))

    def protect(self, name: str, **modes: str) -> None:
        """Put a namespace with Pod Security labels: ``enforce="restricted"``."""
        labels = {f"pod-security.kubernetes.io__{mode}": level for mode, level in modes.items()}
        self.namespace(name, **labels)

    def admit(self, obj: Json, *, by: UserInfo = ADMIN, namespace: str | None = "team", **more: Any) -> Json:
        """Ask admission about a create, and store nothing."""
        obj = copy.deepcopy(obj)
        kind = kind_of(obj)
        namespace = namespace if kind.namespaced else None
        if namespace:
            obj["metadata"]["namespace"] = namespace
        apply_defaults(kind, obj)
        name = obj["metadata"].get("name", "")
        return admit(Attributes(by, "CREATE", kind, namespace, name, None, obj, None, **more), self.store)

    def create(self, obj: Json, *, by: UserInfo = ADMIN, namespace: str | None = "team") -> Json:
        """Create an object, identity included."""
        admitted = self.admit(obj, by=by, namespace=namespace)
        kind = kind_of(obj)
        born = made(kind, admitted["metadata"]["name"], admitted["metadata"].get("namespace"))
        admitted["metadata"] = {**admitted["metadata"], **born["metadata"]}
        return self.store.put(kind, admitted)

    def update(self, new: Json, old: Json, *, by: UserInfo = ADMIN, subresource: str | None = None) -> Json:
        """Ask admission about an update, and store it."""
        kind, metadata = kind_of(new), new["metadata"]
        asked = Attributes(by, "UPDATE", kind, metadata.get("namespace"), metadata["name"], subresource, new, old)
        return self.store.put(kind, admit(asked, self.store))

    def refusal(self, obj: Json, **how: Any) -> Refusal:
        """Return the refusal of a create that must not pass."""
        try:
            self.admit(obj, **how)
        except Refusal as refusal:
            return refusal
        raise AssertionError("admitted")

    def why(self, obj: Json, **how: Any) -> str:
        """Return the words after ``is forbidden: `` of a create that must not pass."""
        return self.refusal(obj, **how).message.partition(" is forbidden: ")[2]


def pod(name: str = "p", *containers: Json, **spec: Any) -> Json:
    """A pod; one container called ``notebook`` unless said otherwise."""
    spec = {"containers": list(containers or [container()])} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def container(name: str = "notebook", limits: Json | None = None, requests: Json | None = None, **more: Any) -> Json:
    """A container with limits and requests where given."""
    resources = {key: value for key, value in (("limits", limits), ("requests", requests)) if value}
    return {"name": name, "image": "registry.example.org/notebook:1", "resources": resources, **more}


def hardened(*containers: Json, name: str = "p", **spec: Any) -> Json:
    """A pod that meets Pod Security ``restricted``."""
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    made_safe = [{**c, "securityContext": own | c.get("securityContext", {})} for c in containers or (container(),)]
    of_pod = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    return pod(name, *made_safe, **({"securityContext": of_pod} | spec))


def quota(hard: Json, used: Json | None = None, *, name: str = "q", counted: bool = True, **spec: Any) -> Json:
    """A quota the controller has looked at already, unless `counted` is off."""
    content: Json = {"spec": {"hard": hard, **spec}}
    if counted:
        content["status"] = {"hard": hard, "used": dict.fromkeys(hard, "0") | (used or {})}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, **content}


def claim(name: str = "home", storage: str = "1Gi", **spec: Any) -> Json:
    """A volume claim."""
    resources = {"requests": {"storage": storage}}
    content = {"accessModes": ["ReadWriteOnce"], "resources": resources, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": content}


def limit_range(*limits: Json, name: str = "bounds") -> Json:
    """A limit range."""
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": name}, "spec": {"limits": list(limits)}}


def config_map(name: str = "c") -> Json:
    """An empty ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> Json:
    """A policy rule; words are separated by blanks."""
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split(), **more}


def role(name: str, *rules: Json, kind: str = "Role") -> Json:
    """A Role, or a ClusterRole."""
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}, "rules": list(rules)}


def binding(name: str, role_name: str, subject: Json, *, kind: str = "RoleBinding", of: str = "ClusterRole") -> Json:
    """A RoleBinding, or a ClusterRoleBinding."""
    reference = {"apiGroup": RBAC, "kind": of, "name": role_name}
    head = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}}
    return {**head, "roleRef": reference, "subjects": [subject]}


def user(name: str) -> Json:
    """A subject."""
    return {"apiGroup": RBAC, "kind": "User", "name": name}


async def until(condition: Callable[[], Any], seconds: float = 3.0) -> Any:
    """Wait for something to become true and return it."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):
            await asyncio.sleep(0.002)
    return value
