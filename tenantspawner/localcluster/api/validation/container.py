"""Containers: names, images, environment, ports, mounts, resources.

Source: ``validateContainers`` and what it calls in Kubernetes 1.36.
"""

import re
from collections.abc import Iterator
from typing import Any

from tenantspawner.kube import quantities
from tenantspawner.localcluster.api import names
from tenantspawner.localcluster.api.validation.amounts import container_resource_problems, is_extended
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_LAST_PORT = 65535
_LAST_ID = 2**31 - 1
_FIELD_PATHS = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations)(\['.+'\])?|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)
_PORT_NAME = re.compile(r"[-a-z0-9]+", re.ASCII)


def problems(
    containers: list[Object], field: str, volumes: set[str], taken: set[str], *, host_users: bool
) -> Iterator[FieldProblem]:
    """Yield what is wrong with a list of containers; `taken` collects their names."""
    for index, container in enumerate(containers):
        where = f"{field}[{index}]"
        yield from _name(container, where, taken)
        image = container.get("image", "")
        if not image:
            yield FieldProblem.required(f"{where}.image")
        elif image != image.strip():
            yield FieldProblem.invalid(f"{where}.image", image, "must not have leading or trailing whitespace")
        yield from _ports(container.get("ports", []), f"{where}.ports")
        yield from _environment(container.get("env", []), f"{where}.env")
        yield from _mounts(container.get("volumeMounts", []), f"{where}.volumeMounts", volumes)
        policy = container.get("imagePullPolicy")
        if policy not in _POLICIES:
            yield FieldProblem.not_supported(f"{where}.imagePullPolicy", policy, _POLICIES)
        yield from resource_problems(container.get("resources", {}), f"{where}.resources")
        own = container.get("securityContext", {})
        yield from id_problems(own, f"{where}.securityContext")
        if own.get("procMount") == "Unmasked" and host_users:
            words = "`hostUsers` must be false to use `Unmasked`"
            yield FieldProblem.invalid(f"{where}.securityContext.procMount", "Unmasked", words)


def _name(container: Object, where: str, taken: set[str]) -> Iterator[FieldProblem]:
    name = container.get("name", "")
    if not name:
        yield FieldProblem.required(f"{where}.name")
        return
    for words in names.label(name):
        yield FieldProblem.invalid(f"{where}.name", name, words)
    if name in taken:
        yield FieldProblem.duplicate(f"{where}.name", name)
    taken.add(name)


def _ports(ports: list[Object], field: str) -> Iterator[FieldProblem]:
    for index, port in enumerate(ports):
        where = f"{field}[{index}]"
        name, number = port.get("name"), port.get("containerPort", 0)
        if name and not _PORT_NAME.fullmatch(name):
            words = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            yield FieldProblem.invalid(f"{where}.name", name, words)
        if not number:
            yield FieldProblem.required(f"{where}.containerPort")
        elif not 0 < number <= _LAST_PORT:
            words = "must be between 1 and 65535, inclusive"
            yield FieldProblem.invalid(f"{where}.containerPort", number, words)
        if port.get("protocol") not in _PROTOCOLS:
            yield FieldProblem.not_supported(f"{where}.protocol", port.get("protocol"), _PROTOCOLS)


def _environment(variables: list[Object], field: str) -> Iterator[FieldProblem]:
    for index, variable in enumerate(variables):
        where = f"{field}[{index}]"
        name = variable.get("name", "")
        if not name:
            yield FieldProblem.required(f"{where}.name")
        elif "=" in name or not name.isascii() or not name.isprintable():
            words = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield FieldProblem.invalid(f"{where}.name", name, words)
        if "valueFrom" in variable:
            yield from _value_from(variable, f"{where}.valueFrom")


def _value_from(variable: Object, where: str) -> Iterator[FieldProblem]:
    source = variable["valueFrom"]
    if variable.get("value"):
        yield FieldProblem.invalid(where, "", "may not be specified when `value` is not empty")
    if not source:
        words = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`"
        yield FieldProblem.invalid(where, "", words)
    path = source.get("fieldRef", {}).get("fieldPath", "") if "fieldRef" in source else None
    if path == "":
        yield FieldProblem.required(f"{where}.fieldRef.fieldPath")
    elif path is not None and not _FIELD_PATHS.fullmatch(path):
        words = f"error converting fieldPath: field label not supported: {path}"
        yield FieldProblem.invalid(f"{where}.fieldRef.fieldPath", path, words)
    for reference in ("configMapKeyRef", "secretKeyRef"):
        if reference in source and not source[reference].get("key"):
            yield FieldProblem.required(f"{where}.{reference}.key")


def _mounts(mounts: list[Object], field: str, volumes: set[str]) -> Iterator[FieldProblem]:
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        where = f"{field}[{index}]"
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield FieldProblem.required(f"{where}.name")
        elif name not in volumes:
            yield FieldProblem(f"{where}.name", "FieldValueNotFound", name)
        if not path:
            yield FieldProblem.required(f"{where}.mountPath")
        elif path in seen:
            yield FieldProblem.invalid(f"{where}.mountPath", path, "must be unique")
        seen.add(path)
        for key in ("subPath", "subPathExpr"):
            if ".." in str(mount.get(key, "")).split("/"):
                yield FieldProblem.invalid(f"{where}.{key}", mount[key], "must not contain '..'")


def resource_problems(resources: Object, where: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with requests and limits, each alone and against each other."""
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    yield from container_resource_problems(limits, f"{where}.limits")
    for name, value in requests.items():
        yield from container_resource_problems({name: value}, f"{where}.requests")
        limit = limits.get(name)
        if limit is None:
            if is_extended(name):
                words = "Limit must be set for non overcommitable resources"
                yield FieldProblem.required(f"{where}.limits", words)
            continue
        asked, bound = quantities.parse(value), quantities.parse(limit)
        if is_extended(name) and asked != bound:
            yield FieldProblem.invalid(f"{where}.requests", value, f"must be equal to {name} limit of {limit}")
        elif asked > bound:
            yield FieldProblem.invalid(
                f"{where}.requests", value, f"must be less than or equal to {name} limit of {limit}"
            )


def id_problems(context: Object, where: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with the user and groups of a security context."""
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        value = context.get(key)
        if value is not None and not 0 <= value <= _LAST_ID:
            words = f"must be between 0 and {_LAST_ID}, inclusive"
            yield FieldProblem.invalid(f"{where}.{key}", value, words)
    for index, value in enumerate(context.get("supplementalGroups", [])):
        if not 0 <= value <= _LAST_ID:
            words = f"must be between 0 and {_LAST_ID}, inclusive"
            yield FieldProblem.invalid(f"{where}.supplementalGroups[{index}]", value, words)
