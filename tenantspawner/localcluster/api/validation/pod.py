"""Pods: volumes, containers, policies, scheduling.

Source: ``ValidatePodSpec`` of Kubernetes 1.36, in its order.
"""

from collections.abc import Iterator
from typing import Any

from tenantspawner.localcluster.api import names
from tenantspawner.localcluster.api.validation import container
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]

_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_OPERATORS = ("Equal", "Exists")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# the field of each kind of volume that may not be empty
_NEEDED = {"secret": "secretName", "configMap": "name", "persistentVolumeClaim": "claimName", "hostPath": "path"}


def problems(pod: Object) -> Iterator[FieldProblem]:
    """Yield what is wrong with a pod."""
    spec = pod["spec"]
    volumes: set[str] = set()
    yield from _volumes(spec.get("volumes", []), volumes)
    taken: set[str] = set()
    if not spec.get("containers"):
        yield FieldProblem.required("spec.containers")
    for key in ("containers", "initContainers"):
        host_users = spec.get("hostUsers", True)
        yield from container.problems(spec.get(key, []), f"spec.{key}", volumes, taken, host_users=host_users)
    for key, supported in (("restartPolicy", _RESTART), ("dnsPolicy", _DNS)):
        if spec.get(key) not in supported:
            yield FieldProblem.not_supported(f"spec.{key}", spec.get(key), supported)
    for key in spec.get("nodeSelector", {}):
        for words in names.qualified(key):
            yield FieldProblem.invalid("spec.nodeSelector", key, words)
    yield from container.id_problems(spec.get("securityContext", {}), "spec.securityContext")
    for index, secret in enumerate(spec.get("imagePullSecrets", [])):
        if not secret.get("name"):
            yield FieldProblem.required(f"spec.imagePullSecrets[{index}].name")
    yield from _words(spec)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2**31 - 1:
        words = "must be between 1 and 2147483647, inclusive"
        yield FieldProblem.invalid("spec.activeDeadlineSeconds", deadline, words)
    yield from _tolerations(spec.get("tolerations", []))
    yield from _affinity(spec.get("affinity", {}))


def _affinity(affinity: Object) -> Iterator[FieldProblem]:
    required = affinity.get("nodeAffinity", {}).get(_REQUIRED)
    if required is not None and not required.get("nodeSelectorTerms"):
        where = f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
        yield FieldProblem.required(where, "must have at least one node selector term")


def _words(spec: Object) -> Iterator[FieldProblem]:
    for key in ("hostname", "subdomain"):
        for words in names.label(spec[key]) if spec.get(key) else ():
            yield FieldProblem.invalid(f"spec.{key}", spec[key], words)
    for key in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        for words in names.subdomain(spec[key]) if spec.get(key) else ():
            yield FieldProblem.invalid(f"spec.{key}", spec[key], words)


def _volumes(volumes: list[Object], taken: set[str]) -> Iterator[FieldProblem]:
    for index, volume in enumerate(volumes):
        where = f"spec.volumes[{index}]"
        name = volume.get("name", "")
        if not name:
            yield FieldProblem.required(f"{where}.name")
        for words in names.label(name) if name else ():
            yield FieldProblem.invalid(f"{where}.name", name, words)
        if name in taken:
            yield FieldProblem.duplicate(f"{where}.name", name)
        taken.add(name)
        sources = [key for key in _SOURCE_ORDER if key in volume] + [key for key in volume if key not in _KNOWN]
        for extra in sources[1:]:
            yield FieldProblem.forbidden(f"{where}.{extra}", "may not specify more than 1 volume type")
        for source in sources[:1]:
            needed = _NEEDED.get(source)
            if needed and not volume[source].get(needed):
                yield FieldProblem.required(f"{where}.{source}.{needed}")


_SOURCE_ORDER = ("emptyDir", "hostPath", "gitRepo", "nfs", "secret", "persistentVolumeClaim", "configMap", "projected")
_KNOWN = {"name", *_SOURCE_ORDER}


def _tolerations(tolerations: list[Object]) -> Iterator[FieldProblem]:
    for index, toleration in enumerate(tolerations):
        where = f"spec.tolerations[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        for words in names.qualified(key) if key else ():
            yield FieldProblem.invalid(f"{where}.key", key, words)
        if not key and operator != "Exists":
            words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield FieldProblem.invalid(f"{where}.operator", operator, words)
        if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
            words = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield FieldProblem.invalid(f"{where}.effect", toleration.get("effect", ""), words)
        if operator == "Exists" and toleration.get("value"):
            words = "value must be empty when `operator` is 'Exists'"
            yield FieldProblem.invalid(f"{where}.operator", toleration["value"], words)
        elif operator not in {"", *_OPERATORS}:
            yield FieldProblem.not_supported(f"{where}.operator", operator, _OPERATORS)
        effect = toleration.get("effect")
        if effect and effect not in _EFFECTS:
            yield FieldProblem.not_supported(f"{where}.effect", effect, _EFFECTS)
