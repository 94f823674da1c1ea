"""What a request asks for: from method and URL to verb, kind, namespace, name and subresource.

Reviews (``selfsubjectaccessreviews`` and their like) are not stored; their kinds are in `REVIEWS`.
``events.k8s.io`` is an alias of the core events: `Target.served_as` says which words the client uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tenantspawner.kube import kinds as kube
from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster import kinds
from tenantspawner.localcluster.api.preparation import WITH_STATUS
from tenantspawner.localcluster.attributes import Refusal

EVENTS_EVENT = Kind("events.k8s.io", "v1", "Event", "events", 4)
REVIEWS: tuple[Kind, ...] = (
    Kind("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", 0, namespaced=False),
    Kind("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", 0, namespaced=False),
    Kind("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", 0, namespaced=False),
    Kind("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", 0),
    Kind("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", 0, namespaced=False),
    Kind("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", 0, namespaced=False),
)
SERVED: tuple[Kind, ...] = (*kinds.ALL, EVENTS_EVENT, *REVIEWS)
_SERVED: Mapping[tuple[str, str, str], Kind] = {(kind.group, kind.version, kind.plural): kind for kind in SERVED}

SUBRESOURCES: Mapping[str, tuple[str, ...]] = {
    "Pod": (
        "status",
        "binding",
        "eviction",
        "log",
        "ephemeralcontainers",
        "attach",
        "exec",
        "portforward",
        "proxy",
        "resize",
    ),
    "Namespace": ("status", "finalize"),
    "ServiceAccount": ("token",),
} | dict.fromkeys(WITH_STATUS - {"Pod", "Namespace"}, ("status",))

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Target:
    """One request for a resource: `kind` is what is stored, `served_as` what the client calls it."""

    verb: str
    kind: Kind
    served_as: Kind
    namespace: str | None
    name: str
    subresource: str | None


@dataclass(frozen=True, slots=True)
class UnknownResource:
    """A request for a resource that is not served; authorisation still comes before the 404."""

    verb: str
    group: str
    plural: str
    namespace: str | None
    name: str
    subresource: str | None


def parse(method: str, path: str, query: Mapping[str, str]) -> Target | UnknownResource | None:
    """Return what is asked for; None when the path names no resource (discovery, health).

    Raises
    ------
    Refusal
        405 for a method that means nothing here.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    match parts:
        case ["api", "v1", *rest] if rest:
            group, version = "", "v1"
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return None
    namespace, plural, name, subresource = _split(rest)
    kind = _SERVED.get((group, version, plural))
    verb = _verb(method, name, query)
    if kind is None or (subresource and subresource.split("/")[0] not in SUBRESOURCES.get(kind.kind, ())):
        return UnknownResource(verb, group, plural, namespace, name, subresource)
    if kind.namespaced is False and kind is not kube.NAMESPACE and namespace:
        return UnknownResource(verb, group, plural, namespace, name, subresource)
    stored = kube.EVENT if kind is EVENTS_EVENT else kind
    return Target(verb, stored, kind, namespace, name, subresource)


def is_served(group: str) -> bool:
    """Whether anything of an API group is served."""
    return any(kind.group == group for kind in SERVED)


def _split(rest: list[str]) -> tuple[str | None, str, str, str | None]:
    match rest:
        case ["namespaces", name, "status" | "finalize" as subresource]:
            return name, "namespaces", name, subresource
        case ["namespaces", name]:
            return name, "namespaces", name, None
        case ["namespaces", namespace, plural, *more]:
            pass
        case [plural, *more]:
            namespace = ""
        case _:
            raise Refusal.no_such_path()
    name = more[0] if more else ""
    return namespace or None, plural, name, "/".join(more[1:]) or None


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in {"GET", "HEAD"}:
        if name:
            return "get"
        return "watch" if query.get("watch", "") in {"1", "true", "True", "t", "T"} else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    if method not in _VERBS or (method != "POST" and not name):
        raise Refusal.method_not_allowed()
    return _VERBS[method]
