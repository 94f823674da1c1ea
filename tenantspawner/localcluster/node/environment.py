"""The environment of a container, from its manifest and the objects it refers to.

Pure: `sources` says what must be fetched, `environment` builds the variables from what was found. The
order is a kubelet's: everything of ``envFrom`` first, then ``env``, later ones win; values in ``env`` see
the entries of ``env`` above them and not those of ``envFrom``, while commands see both.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tenantspawner.localcluster.node.expansion import expand

Json = Mapping[str, Any]

_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")
_VARIABLE = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")


class NotReadyError(Exception):
    """Something a container needs is not there yet; the text is what a kubelet would say."""


class Source(NamedTuple):
    """A Secret or ConfigMap in the pod's namespace."""

    kind: str
    name: str


_KEY_REFERENCES = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
_WHOLE_REFERENCES = {"secretRef": "Secret", "configMapRef": "ConfigMap"}


def sources(container: Json) -> set[Source]:
    """Return every Secret and ConfigMap the container's variables come from."""
    return {source for source, _ in _references(container)}


def environment(container: Json, pod: Json, address: str, found: Mapping[Source, Mapping[str, str]]) -> dict[str, str]:
    """Build the variables of a container.

    Raises
    ------
    NotReadyError
        An object or key that is not optional is missing.
    """
    result: dict[str, str] = {}
    for entry in container.get("envFrom") or ():
        result.update(_whole(entry, found))
    above: dict[str, str] = {}
    for entry in container.get("env") or ():
        value = _value(entry, pod, address, above, found)
        if value is not None:
            above[entry["name"]] = value
    return result | above


def decoded(secret_or_config_map: Json) -> dict[str, str]:
    """Return the data of a Secret or ConfigMap as text."""
    data = secret_or_config_map.get("data") or {}
    if secret_or_config_map.get("kind") != "Secret":
        return dict(data)
    return {key: base64.b64decode(value).decode("utf-8", "surrogateescape") for key, value in data.items()}


def field(pod: Json, path: str, address: str) -> str:
    """Return what the downward API says for a field path."""
    metadata, spec = pod["metadata"], pod["spec"]
    if match := _SUBSCRIPT.match(path):
        return str((metadata.get(match.group(1)) or {}).get(match.group(2), ""))
    plain = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": address,
        "status.podIPs": address,
        "status.hostIP": "127.0.0.1",
        "status.hostIPs": "127.0.0.1",
        "metadata.labels": _lines(metadata.get("labels") or {}),
        "metadata.annotations": _lines(metadata.get("annotations") or {}),
    }
    if path not in plain:
        raise NotReadyError(f"unsupported fieldPath: {path}")
    return str(plain[path])


def _lines(pairs: Mapping[str, str]) -> str:
    return "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))


def _references(container: Json) -> Iterator[tuple[Source, bool]]:
    for entry in container.get("envFrom") or ():
        for word, kind in _WHOLE_REFERENCES.items():
            if reference := entry.get(word):
                yield Source(kind, reference["name"]), bool(reference.get("optional"))
    for entry in container.get("env") or ():
        for word, kind in _KEY_REFERENCES.items():
            if reference := (entry.get("valueFrom") or {}).get(word):
                yield Source(kind, reference["name"]), bool(reference.get("optional"))


def _whole(entry: Json, found: Mapping[Source, Mapping[str, str]]) -> dict[str, str]:
    word = next(word for word in _WHOLE_REFERENCES if word in entry)
    data = _data(Source(_WHOLE_REFERENCES[word], entry[word]["name"]), entry[word], found)
    prefix = entry.get("prefix", "")
    named = {prefix + key: value for key, value in (data or {}).items()}
    return {name: value for name, value in named.items() if _VARIABLE.match(name)}


def _value(
    entry: Json, pod: Json, address: str, above: Mapping[str, str], found: Mapping[Source, Mapping[str, str]]
) -> str | None:
    origin = entry.get("valueFrom") or {}
    if reference := origin.get("fieldRef"):
        return field(pod, reference["fieldPath"], address)
    for word, kind in _KEY_REFERENCES.items():
        if reference := origin.get(word):
            return _key(Source(kind, reference["name"]), reference, pod, found)
    return expand(entry.get("value") or "", above)


def _key(source: Source, reference: Json, pod: Json, found: Mapping[Source, Mapping[str, str]]) -> str | None:
    data = _data(source, reference, found)
    if data is None:
        return None
    if reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    where = f"{pod['metadata']['namespace']}/{source.name}"
    raise NotReadyError(f"couldn't find key {reference['key']} in {source.kind} {where}")


def _data(source: Source, reference: Json, found: Mapping[Source, Mapping[str, str]]) -> Mapping[str, str] | None:
    if source in found:
        return found[source]
    if reference.get("optional"):
        return None
    raise NotReadyError(f'{source.kind.lower()} "{source.name}" not found')
