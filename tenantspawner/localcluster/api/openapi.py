"""The schema in the words of OpenAPI, made from `types`: enough for kubectl to validate, apply and explain.

No descriptions: whoever wants those reads https://kubernetes.io/docs/reference/kubernetes-api/.
"""

from functools import cache
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import types
from tenantspawner.localcluster.api.discovery import VERSION, group_versions
from tenantspawner.localcluster.api.routes import REVIEWS, SERVED
from tenantspawner.localcluster.api.types import Field

Object = dict[str, Any]

_SCALARS: dict[str, Object] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "quantity": {"type": "string"},
    "intstr": {"type": "string", "format": "int-or-string"},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "any": {"type": "object"},
}
_PREFIX = "io.k8s."
_QUERY = ("dryRun", "fieldManager", "fieldValidation")


def _served_here(kind: Kind, group: str, version: str) -> bool:
    return (kind.group, kind.version) == (group, version)


@cache
def v2() -> Object:
    """Return the document at ``/openapi/v2``."""
    paths: Object = {}
    for group, version in (("", "v1"), *group_versions()):
        paths |= _paths(group, version, three=False)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "definitions": _definitions("#/definitions/"),
    }


@cache
def v3(path: str) -> Object | None:
    """Return the index at ``/openapi/v3`` or the document of one group version below it."""
    pairs = {
        f"apis/{group}/{version}" if group else f"api/{version}": (group, version)
        for group, version in (("", "v1"), *group_versions())
    }
    if not path:
        return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={VERSION}"} for name in pairs}}
    if path not in pairs:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": _paths(*pairs[path], three=True),
        "components": {"schemas": _definitions("#/components/schemas/")},
    }


def _paths(group: str, version: str, *, three: bool) -> Object:
    paths: Object = {}
    for kind in SERVED:
        if not _served_here(kind, group, version):
            continue
        gvk = {"group": group, "version": version, "kind": kind.kind}
        namespace = "{namespace}" if kind.namespaced else None
        paths[kind.path(namespace)] = {"post": _operation("post", gvk, three=three)}
        if kind not in REVIEWS:
            paths[kind.path(namespace)]["get"] = _operation("list", gvk, three=three)
            paths[kind.path(namespace, "{name}")] = {
                method: _operation(action, gvk, three=three)
                for method, action in (("get", "get"), ("put", "put"), ("patch", "patch"), ("delete", "delete"))
            }
    return paths


def _operation(action: str, gvk: Object, *, three: bool) -> Object:
    names = _QUERY if action in {"post", "put", "patch"} else ()
    kind = {"schema": {"type": "string", "uniqueItems": True}} if three else {"type": "string", "uniqueItems": True}
    operation: Object = {
        "operationId": f"{action}{gvk['group'].partition('.')[0].capitalize()}{gvk['version'].capitalize()}{gvk['kind']}",
        "parameters": [{"name": name, "in": "query", **kind} for name in names],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
    }
    return operation


@cache
def _definitions(prefix: str) -> Object:
    roots: dict[str, list[Object]] = {}
    for kind in SERVED:
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        roots.setdefault(types.root(kind).name, []).append(gvk)
    definitions: Object = {}
    for name in types.names():
        fields = types.struct_fields(name)
        definition: Object = {
            "type": "object",
            "properties": {key: _schema(field, prefix) for key, field in fields.items()},
        }
        if required := [key for key, field in fields.items() if field.required]:
            definition["required"] = required
        if name in roots:
            definition["x-kubernetes-group-version-kind"] = roots[name]
        definitions[_PREFIX + name] = definition
    return definitions


def _schema(field: Field, prefix: str) -> Object:
    match field.shape:
        case "scalar":
            return dict(_SCALARS[field.name])
        case "struct":
            return _reference(field, prefix)
        case "map":
            schema: Object = {"type": "object", "additionalProperties": _schema(field.item or types.ANYTHING, prefix)}
        case "list":
            schema = {"type": "array", "items": _schema(field.item or types.ANYTHING, prefix)} | _list_words(field)
    if field.shape == "map" and field.atomic:
        schema["x-kubernetes-map-type"] = "atomic"
    return schema


def _reference(field: Field, prefix: str) -> Object:
    reference = f"{prefix}{_PREFIX}{field.name}"
    if prefix.startswith("#/components"):
        return {"allOf": [{"$ref": reference}], "default": {}}
    return {"$ref": reference}


def _list_words(field: Field) -> Object:
    words: Object = {"x-kubernetes-list-type": "set" if field.is_set else "map" if field.keys else "atomic"}
    if field.keys:
        words["x-kubernetes-list-map-keys"] = list(field.keys)
    if field.merge_key is not None:
        words["x-kubernetes-patch-strategy"] = "merge"
        if field.merge_key:
            words["x-kubernetes-patch-merge-key"] = field.merge_key
    return words
