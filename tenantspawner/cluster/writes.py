"""The requests that change something, and what a look after a lost create means; all pure.

A delete always carries the uid. An apply never carries a resource version, since with one it would create the object
when it is gone. A replace always carries one.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tenantspawner.cluster.transport import Request
from tenantspawner.errors import ApiError, ApiStatus, Unreachable
from tenantspawner.kube.kinds import POD, Kind, kind_of
from tenantspawner.kube.labels import FIELD_MANAGER

Json = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
_MANAGER = ("fieldManager", FIELD_MANAGER)


def doing(verb: str, kind: Kind, namespace: str | None, name: str) -> str:
    """Say a request in words, as in ``create pods physics-ada/jupyter-ada``."""
    return f"{verb} {kind.plural} {namespace}/{name}" if namespace else f"{verb} {kind.plural} {name}"


def address(obj: Json) -> tuple[str | None, str]:
    """The namespace and the name of a manifest; the name is empty where the API server is to make one."""
    metadata = obj["metadata"]
    return metadata.get("namespace"), metadata.get("name", "")


def path_of(kind: Kind, namespace: str | None, name: str) -> str:
    """The path of one object; ValueError where it would be that of a whole collection."""
    if not name or (kind.namespaced and not namespace):
        message = f"{kind.plural}: a namespace and a name are needed, or it would be the whole collection"
        raise ValueError(message)
    return kind.path(namespace, name)


def create(obj: Json) -> tuple[Request, Kind]:
    """Build the POST of a manifest."""
    kind = kind_of(obj)
    namespace, name = address(obj)
    words = doing("create", kind, namespace, name or obj["metadata"].get("generateName", ""))
    return Request("POST", kind.path(namespace), words, (_MANAGER,), _json(obj)), kind


def look(
    found: Json | None, mine: Callable[[Json], bool] | None, failure: ApiError | Unreachable, words: str
) -> Json | None:
    """Decide what a create has come to, by what is there now.

    Returns
    -------
    dict | None
        The object when this attempt made it; None when there is nothing of that name, so that it can be sent again.

    Raises
    ------
    ApiError
        Something else has the name.
    """
    if found is None or (mine is not None and mine(found)):
        return found
    if isinstance(failure, ApiError) and failure.answer.reason == "AlreadyExists":
        raise failure
    taken = ApiStatus(
        409, "AlreadyExists", "an object of that name exists, and it is not known to be made by this attempt"
    )
    raise ApiError(taken, words) from failure


def apply(obj: Json, *, force: bool) -> tuple[Request, Kind]:
    """Build the server-side apply of a manifest."""
    if obj["metadata"].get("resourceVersion"):
        message = "an apply with a resourceVersion creates the object when it is gone; use patch or replace"
        raise ValueError(message)
    kind = kind_of(obj)
    namespace, name = address(obj)
    query = (_MANAGER, ("force", "true" if force else "false"))
    words = doing("apply", kind, namespace, name)
    return Request("PATCH", path_of(kind, namespace, name), words, query, _json(obj), APPLY), kind


def patch(kind: Kind, namespace: str | None, name: str, body: Json, resource_version: str | None) -> Request:
    """Build a JSON merge patch, of one version only where one is given."""
    if resource_version is not None:
        body = {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": resource_version}}
    words = doing("patch", kind, namespace, name)
    return Request("PATCH", path_of(kind, namespace, name), words, (_MANAGER,), _json(body), MERGE_PATCH)


def replace(obj: Json) -> tuple[Request, Kind]:
    """Build the PUT of an object as it was read and changed."""
    if not obj["metadata"].get("resourceVersion"):
        message = "a replace without a resourceVersion overwrites what others wrote"
        raise ValueError(message)
    kind = kind_of(obj)
    namespace, name = address(obj)
    words = doing("replace", kind, namespace, name)
    return Request("PUT", path_of(kind, namespace, name), words, (_MANAGER,), _json(obj)), kind


def delete(kind: Kind, namespace: str | None, name: str, uid: str, grace_seconds: int | None) -> Request:
    """Build the DELETE of that very object; what it owns goes with it in the background."""
    if not uid:
        message = "a delete without a uid may hit somebody else's object"
        raise ValueError(message)
    options: Json = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
        "propagationPolicy": "Background",
    }
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    words = doing("delete", kind, namespace, name)
    return Request("DELETE", path_of(kind, namespace, name), words, body=_json(options))


def logs(namespace: str, pod: str, container: str, tail_lines: int, limit_bytes: int) -> Request:
    """Build the reading of a container's log."""
    query = (("container", container), ("tailLines", str(tail_lines)), ("limitBytes", str(limit_bytes)))
    return Request(
        "GET", path_of(POD, namespace, pod) + "/log", doing("read logs of", POD, namespace, pod), query, accept="*/*"
    )


def access_review(verb: str, kind: Kind, namespace: str | None, name: str | None, subresource: str | None) -> Request:
    """Build the question whether we may do that."""
    asked = {
        "verb": verb,
        "group": kind.group,
        "resource": kind.plural,
        "namespace": namespace,
        "name": name,
        "subresource": subresource,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return Request("POST", path, f"ask for the right to {verb} {kind.plural}", body=_json(body))


def self_review() -> Request:
    """Build the question who we are to the API server."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    return Request("POST", path, "ask who we are", body=_json(body))


def _json(body: Json) -> bytes:
    return msgspec.json.encode(body)
