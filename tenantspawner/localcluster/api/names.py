"""Which names, labels, keys and annotations Kubernetes takes, and its words for those it does not.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.attributes import FieldProblem

NameCheck = Callable[[str], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
LONGEST_LABEL = 63
LARGEST_ANNOTATIONS = 256 * 1024
_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
LONGEST_SUBDOMAIN = 253


def _check(pattern: str, longest: int, words: str, unit: str = "characters") -> NameCheck:
    matches = re.compile(pattern, re.ASCII).fullmatch

    def problems(name: str) -> list[str]:
        found = [] if len(name) <= longest else [f"must be no more than {longest} {unit}"]
        return found if matches(name) else [*found, words]

    return problems


label = _check(
    _LABEL,
    LONGEST_LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')",
)
subdomain = _check(
    _SUBDOMAIN,
    LONGEST_SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')",
)
_name_part = _check(
    _QUALIFIED,
    LONGEST_LABEL,
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')",
    "bytes",
)
label_value = _check(
    _VALUE,
    LONGEST_LABEL,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')",
    "bytes",
)
config_key = _check(
    _CONFIG_KEY,
    LONGEST_SUBDOMAIN,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', regex used for validation is '{_CONFIG_KEY}')",
)


_TWO_SLASHES = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)


def path_segment(name: str) -> list[str]:
    """Return what is wrong with a name that may be anything a URL can hold (roles, bindings)."""
    if name in {".", ".."}:
        return [f"may not be '{name}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in name]


def qualified(name: str) -> list[str]:
    """Return what is wrong with a label's key: an optional DNS prefix, a slash, a name."""
    prefix, slash, rest = name.rpartition("/")
    if "/" in prefix:
        return [_TWO_SLASHES]
    problems = []
    if slash:
        problems += ["prefix part must be non-empty"] if not prefix else [f"prefix part {p}" for p in subdomain(prefix)]
    if not rest:
        return [*problems, "name part must be non-empty", *_name_part(rest)]
    return problems + [p if p.startswith("name part") else f"name part {p}" for p in _name_part(rest)]


_BY_KIND: Mapping[str, NameCheck] = {
    "Namespace": label,
    "Service": label,
    "Role": path_segment,
    "RoleBinding": path_segment,
    "ClusterRole": path_segment,
    "ClusterRoleBinding": path_segment,
}


def name_check(kind: Kind) -> NameCheck:
    """Return the check of a kind's names."""
    return _BY_KIND.get(kind.kind, subdomain)


def metadata_problems(kind: Kind, metadata: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what is wrong with an object's name, labels, annotations, owners and finalizers."""
    yield from _name_problems(kind, metadata)
    for key, value in metadata.get("labels", {}).items():
        for words in qualified(key):
            yield FieldProblem.invalid("metadata.labels", key, words)
        for words in label_value(value):
            yield FieldProblem.invalid("metadata.labels", value, words)
    yield from _annotation_problems(metadata.get("annotations", {}))
    for owner in metadata.get("ownerReferences", []):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                words = "version must not be empty" if field == "apiVersion" else "must not be empty"
                yield FieldProblem.invalid(f"metadata.ownerReferences.{field}", owner.get(field, ""), words)
    yield from _finalizer_problems(metadata.get("finalizers", []))


def _annotation_problems(annotations: Mapping[str, str]) -> Iterator[FieldProblem]:
    for key in annotations:
        for words in qualified(key.lower()):
            yield FieldProblem.invalid("metadata.annotations", key, words)
    if sum(len(key) + len(value) for key, value in annotations.items()) > LARGEST_ANNOTATIONS:
        words = f"may not be more than {LARGEST_ANNOTATIONS} bytes"
        yield FieldProblem("metadata.annotations", "FieldValueTooLong", "", words)


def _finalizer_problems(finalizers: list[str]) -> Iterator[FieldProblem]:
    for finalizer in finalizers:
        for words in qualified(finalizer):
            yield FieldProblem.invalid("metadata.finalizers", finalizer, words)
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            words = "name is neither a standard finalizer name nor is it fully qualified"
            yield FieldProblem.invalid(f"metadata.finalizers[{index}]", finalizer, words)


def _name_problems(kind: Kind, metadata: Mapping[str, Any]) -> Iterator[FieldProblem]:
    check = name_check(kind)
    if prefix := metadata.get("generateName"):
        for words in check(prefix.rstrip("-") or prefix):
            yield FieldProblem.invalid("metadata.generateName", prefix, words)
    name = metadata.get("name")
    if not name:
        yield FieldProblem.required("metadata.name", "name or generateName is required")
        return
    for words in check(name):
        yield FieldProblem.invalid("metadata.name", name, words)
