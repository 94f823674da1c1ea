"""What ``kubectl get`` shows of each kind: columns, and the cells of one object.

Ages and other times are left to the client: a cell of format ``date-time`` would do, but kubectl prints
what the server computed, so it is computed here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.clock import parse_time
from tenantspawner.localcluster.api.pod_table import pod_cells

Object = dict[str, Any]


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# below so many seconds: unit and its name, smaller unit (0 for none) and its name
_AGES = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * 365 * _DAY, _DAY, "d", 0, ""),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind: name, type, whether only ``-o wide`` shows them; and how an object fills them."""

    columns: tuple[tuple[str, str, bool], ...]
    cells: Callable[[Object], list[Any]]


def columns_of(kind: Kind) -> list[Object]:
    """Return a table's column definitions."""
    layout = _LAYOUTS.get(kind.kind, _PLAIN)
    return [
        {
            "name": name,
            "type": sort,
            "format": "name" if name == "Name" else "",
            "description": name,
            "priority": int(wide),
        }
        for name, sort, wide in layout.columns
    ]


def row_of(kind: Kind, obj: Object) -> list[Any]:
    """Return the cells of an object's row."""
    return _LAYOUTS.get(kind.kind, _PLAIN).cells(obj)


def age(text: str | None) -> str:
    """Return how long ago that was, as kubectl says it: ``5s``, ``3m20s``, ``7d``."""
    if not text:
        return "<unknown>"
    seconds = int((datetime.now(UTC) - parse_time(text)).total_seconds())
    if seconds < -1:
        return "<invalid>"
    for limit, size, name, smaller, smaller_name in _AGES:
        if seconds < limit:
            rest = seconds % size // smaller if smaller else 0
            return f"{max(seconds, 0) // size}{name}" + (f"{rest}{smaller_name}" if rest else "")
    return f"{seconds // (365 * _DAY)}y"


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: Object) -> str:
    return age(obj["metadata"].get("creationTimestamp"))


def _joined(words: Iterable[Any], none: str = "<none>") -> str:
    return ",".join(str(word) for word in words) or none


def _namespace(obj: Object) -> list[Any]:
    return [_name(obj), obj.get("status", {}).get("phase", ""), _age(obj)]


def _quota(obj: Object) -> list[Any]:
    status = obj.get("status", {})
    hard, used = status.get("hard", {}), status.get("used", {})
    shown = {key: f"{key}: {used.get(key, '0')}/{value}" for key, value in sorted(hard.items())}
    limits = [text for key, text in shown.items() if key.startswith("limits.")]
    requests = [text for key, text in shown.items() if not key.startswith("limits.")]
    return [_name(obj), ", ".join(requests), ", ".join(limits), _age(obj)]


def _service(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    ports = _joined(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports", []))
    selector = _joined(f"{key}={value}" for key, value in spec.get("selector", {}).items())
    address = spec.get("clusterIP") or "<none>"
    return [_name(obj), spec.get("type", ""), address, spec.get("externalName") or "<none>", ports, _age(obj), selector]


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(modes: Iterable[str]) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in modes)


def _claim(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    volume = spec.get("volumeName", "")
    capacity = status.get("capacity", {}).get("storage", "") if volume else ""
    modes = _modes(status.get("accessModes", [])) if volume else ""
    phase = "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", "")
    cells = [_name(obj), phase, volume, capacity, modes, spec.get("storageClassName", ""), "<unset>", _age(obj)]
    return [*cells, spec.get("volumeMode", "<unset>")]


def _volume(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    claim = spec.get("claimRef", {})
    return [
        _name(obj), spec.get("capacity", {}).get("storage", ""), _modes(spec.get("accessModes", [])),
        spec.get("persistentVolumeReclaimPolicy", ""), status.get("phase", ""),
        f"{claim.get('namespace')}/{claim.get('name')}" if claim else "", spec.get("storageClassName", ""), "<unset>",
        status.get("reason", ""), _age(obj), spec.get("volumeMode", "<unset>"),
    ]  # fmt: skip


def _config_map(obj: Object) -> list[Any]:
    return [_name(obj), len(obj.get("data", {})) + len(obj.get("binaryData", {})), _age(obj)]


def _secret(obj: Object) -> list[Any]:
    return [_name(obj), obj.get("type", ""), len(obj.get("data", {})), _age(obj)]


def _event(obj: Object) -> list[Any]:
    about = obj.get("involvedObject", {})
    last = obj.get("lastTimestamp") or obj.get("eventTime")
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    source = _joined((obj.get("source") or {}).values(), obj.get("reportingComponent", ""))
    return [
        age(last), obj.get("type", ""), obj.get("reason", ""), f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""), source, obj.get("message", ""), age(first), obj.get("count") or 1, _name(obj),
    ]  # fmt: skip


def _node(obj: Object) -> list[Any]:
    status = obj.get("status", {})
    ready = next((c["status"] for c in status.get("conditions", []) if c["type"] == "Ready"), "Unknown")
    words = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown" if not status.get("conditions") else "NotReady")
    if obj.get("spec", {}).get("unschedulable"):
        words += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in obj["metadata"].get("labels", {}) if key.startswith(prefix))
    info = status.get("nodeInfo", {})
    return [
        _name(obj),
        words,
        _joined(roles),
        _age(obj),
        info.get("kubeletVersion", ""),
        _address(status),
        "<none>",
        info.get("osImage", "<unknown>"),
        info.get("kernelVersion", "<unknown>"),
        info.get("containerRuntimeVersion", "<unknown>"),
    ]


def _address(status: Object) -> str:
    return next((a["address"] for a in status.get("addresses", []) if a["type"] == "InternalIP"), "<none>")


def _role_binding(obj: Object) -> list[Any]:
    reference = obj.get("roleRef", {})
    of_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects", []):
        prefix = f"{subject.get('namespace', '')}/" if subject["kind"] == "ServiceAccount" else ""
        of_kind.setdefault(subject["kind"], []).append(f"{prefix}{subject['name']}")
    subjects = [", ".join(names) for names in of_kind.values()][:3]
    return [_name(obj), f"{reference.get('kind', '')}/{reference.get('name', '')}", _age(obj), *subjects]


def _role(obj: Object) -> list[Any]:
    return [_name(obj), obj["metadata"].get("creationTimestamp", "")]


def _network_policy(obj: Object) -> list[Any]:
    labels = obj.get("spec", {}).get("podSelector", {}).get("matchLabels", {})
    return [_name(obj), _joined(f"{key}={value}" for key, value in labels.items()), _age(obj)]


def _storage_class(obj: Object) -> list[Any]:
    name = _name(obj)
    if obj["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true":
        name += " (default)"
    expansion = str(obj.get("allowVolumeExpansion", False)).lower()
    return [
        name,
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", ""),
        obj.get("volumeBindingMode", ""),
        expansion,
        _age(obj),
    ]


def _lease(obj: Object) -> list[Any]:
    return [_name(obj), obj.get("spec", {}).get("holderIdentity", ""), _age(obj)]


def _limit_range(obj: Object) -> list[Any]:
    return [_name(obj), obj["metadata"].get("creationTimestamp", "")]


def _priority_class(obj: Object) -> list[Any]:
    return [
        _name(obj),
        obj.get("value", 0),
        obj.get("globalDefault", False),
        _age(obj),
        obj.get("preemptionPolicy", ""),
    ]


def _policy(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    parameter = spec.get("paramKind") or {}
    shown = f"{parameter.get('apiVersion', '')}/{parameter.get('kind', '')}" if parameter else "<unset>"
    return [_name(obj), len(spec.get("validations", [])), shown, _age(obj)]


def _policy_binding(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    reference = spec.get("paramRef") or {}
    where = f"{reference['namespace']}/" if reference.get("namespace") else "*/"
    shown = where + (reference.get("name") or "") if reference else "<unset>"
    return [_name(obj), spec.get("policyName", ""), shown, _age(obj)]


def _pod(obj: Object) -> list[Any]:
    return pod_cells(obj, age)


def _layout(columns: str, cells: Callable[[Object], list[Any]]) -> Layout:
    """Read ``Name, Count:integer, +Only when wide``."""
    read = [column.strip().partition(":") for column in columns.split(",")]
    described = ((name.removeprefix("+"), sort or "string", name.startswith("+")) for name, _, sort in read)
    return Layout(tuple(described), cells)


_PLAIN = _layout("Name, Age", lambda obj: [_name(obj), _age(obj)])
_BINDING = "Name, Role, Age, +Users, +Groups, +ServiceAccounts"
_LAYOUTS: Mapping[str, Layout] = {
    "Pod": _layout("Name, Ready, Status, Restarts, Age, +IP, +Node, +Nominated Node, +Readiness Gates", _pod),
    "Namespace": _layout("Name, Status, Age", _namespace),
    "ResourceQuota": _layout("Name, Request, Limit, Age", _quota),
    "Service": _layout("Name, Type, Cluster-IP, External-IP, Port(s), Age, +Selector", _service),
    "PersistentVolumeClaim": _layout(
        "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, +VolumeMode", _claim
    ),
    "PersistentVolume": _layout(
        "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, "
        "+VolumeMode",
        _volume,
    ),
    "ConfigMap": _layout("Name, Data, Age", _config_map),
    "Secret": _layout("Name, Type, Data, Age", _secret),
    "Event": _layout(
        "Last Seen, Type, Reason, Object, +Subobject, +Source, Message, +First Seen, +Count, +Name", _event
    ),
    "Node": _layout(
        "Name, Status, Roles, Age, Version, +Internal-IP, +External-IP, +OS-Image, +Kernel-Version, +Container-Runtime",
        _node,
    ),
    "RoleBinding": _layout(_BINDING, _role_binding),
    "ClusterRoleBinding": _layout(_BINDING, _role_binding),
    "Role": _layout("Name, Created At:date", _role),
    "ClusterRole": _layout("Name, Created At:date", _role),
    "NetworkPolicy": _layout("Name, Pod-Selector, Age", _network_policy),
    "StorageClass": _layout(
        "Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age", _storage_class
    ),
    "Lease": _layout("Name, Holder, Age", _lease),
    "ValidatingAdmissionPolicy": _layout("Name, Validations:integer, ParamKind, Age", _policy),
    "ValidatingAdmissionPolicyBinding": _layout("Name, PolicyName, ParamRef, Age", _policy_binding),
    "LimitRange": _layout("Name, Created At:date", _limit_range),
    "PriorityClass": _layout("Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy", _priority_class),
}
