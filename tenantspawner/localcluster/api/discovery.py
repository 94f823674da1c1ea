"""What is served, for clients that ask before they speak: versions, groups, resources.

Both forms are given: one document a group version, and the aggregated one that recent clients ask for first.
"""

from functools import cache
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.routes import REVIEWS, SERVED, SUBRESOURCES

Object = dict[str, Any]

VERSION = "v1.36.3"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_WRITES = ["get", "patch", "update"]
_SHORT = {
    "ConfigMap": ["cm"], "Endpoints": ["ep"], "Event": ["ev"], "LimitRange": ["limits"], "Namespace": ["ns"],
    "Node": ["no"], "PersistentVolumeClaim": ["pvc"], "PersistentVolume": ["pv"], "Pod": ["po"],
    "ResourceQuota": ["quota"], "ServiceAccount": ["sa"], "Service": ["svc"], "NetworkPolicy": ["netpol"],
    "PriorityClass": ["pc"], "StorageClass": ["sc"], "Ingress": ["ing"],
}  # fmt: skip
_IN_ALL = {"Pod", "Service"}
# subresource -> (group, version, kind, verbs) where they differ from the parent's
_SUB_KINDS: dict[str, tuple[str, str, str, list[str]]] = {
    "binding": ("", "v1", "Binding", ["create"]),
    "eviction": ("policy", "v1", "Eviction", ["create"]),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ["create"]),
    "finalize": ("", "v1", "Namespace", ["update"]),
    "log": ("", "v1", "Pod", ["get"]),
    "attach": ("", "v1", "PodAttachOptions", ["create", "get"]),
    "exec": ("", "v1", "PodExecOptions", ["create", "get"]),
    "portforward": ("", "v1", "PodPortForwardOptions", ["create", "get"]),
    "proxy": ("", "v1", "PodProxyOptions", ["create", "delete", "get", "patch", "update"]),
}


def version_info() -> Object:
    """Return what ``/version`` says."""
    return {
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": f"{VERSION}+tenantspawner",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "python",
        "platform": "linux/amd64",
    }


def api_versions(address: str) -> Object:
    """Return the document at ``/api``."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


@cache
def group_versions() -> tuple[tuple[str, str], ...]:
    """Return (group, version) of everything served, the core group first."""
    groups = dict.fromkeys((kind.group, kind.version) for kind in SERVED if kind.group)
    return (*groups, ("policy", "v1"))


def group_list() -> Object:
    """Return the document at ``/apis``."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*pair) for pair in group_versions()]}


def group_document(name: str) -> Object | None:
    """Return the document at ``/apis/<group>``, None when the group is not served."""
    for group, version in group_versions():
        if group == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, version)}
    return None


def _group(group: str, version: str) -> Object:
    entry = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def _kinds_of(group: str, version: str) -> list[Kind]:
    return sorted(
        (kind for kind in SERVED if (kind.group, kind.version) == (group, version)), key=lambda kind: kind.plural
    )


def resource_list(group: str, version: str) -> Object | None:
    """Return the resources of one group version, None when it is not served."""
    if (group, version) not in {("", "v1"), *group_versions()}:
        return None
    resources: list[Object] = []
    for kind in _kinds_of(group, version):
        resources.append(_resource(kind))
        resources += [_subresource(kind, name) for name in SUBRESOURCES.get(kind.kind, ())]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _resource(kind: Kind) -> Object:
    resource: Object = {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _verbs(kind),
    }
    if kind.kind in _SHORT:
        resource["shortNames"] = _SHORT[kind.kind]
    if kind.kind in _IN_ALL:
        resource["categories"] = ["all"]
    return resource


def _verbs(kind: Kind) -> list[str]:
    if kind in REVIEWS:
        return ["create"]
    return [verb for verb in _ALL_VERBS if verb != "deletecollection" or kind.kind != "Namespace"]


def _subresource(kind: Kind, name: str) -> Object:
    group, version, sub_kind, verbs = _SUB_KINDS.get(name, (kind.group, kind.version, kind.kind, _WRITES))
    resource: Object = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub_kind,
        "verbs": verbs,
    }
    if (group, version) != (kind.group, kind.version):
        resource |= {"group": group, "version": version}
    return resource


@cache
def aggregated(*, core: bool) -> Object:
    """Return everything under ``/api`` or ``/apis`` in one document."""
    pairs = (("", "v1"),) if core else group_versions()
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {"version": version, "freshness": "Current", "resources": _aggregated_resources(group, version)}
            ],
        }
        for group, version in pairs
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resources(group: str, version: str) -> list[Object]:
    resources: list[Object] = []
    for kind in _kinds_of(group, version):
        plain = _resource(kind)
        entry: Object = {
            "resource": kind.plural,
            "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "singularResource": plain["singularName"],
            "verbs": plain["verbs"],
        }
        entry |= {key: plain[key] for key in ("shortNames", "categories") if key in plain}
        below = [_aggregated_subresource(kind, name) for name in SUBRESOURCES.get(kind.kind, ())]
        if below:
            entry["subresources"] = below
        resources.append(entry)
    return resources


def _aggregated_subresource(kind: Kind, name: str) -> Object:
    group, version, sub_kind, verbs = _SUB_KINDS.get(name, (kind.group, kind.version, kind.kind, _WRITES))
    return {"subresource": name, "responseKind": {"group": group, "version": version, "kind": sub_kind}, "verbs": verbs}
