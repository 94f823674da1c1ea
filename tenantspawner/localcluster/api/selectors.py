"""Label and field selectors: from the text of a query to a function of an object.

Labels: ``a=b``, ``a==b``, ``a!=b``, ``a in (b,c)``, ``a notin (b,c)``, ``a``, ``!a``. Fields: equality only,
of the few fields Kubernetes offers for each kind; any other field is refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import names
from tenantspawner.localcluster.attributes import Refusal

Predicate = Callable[[Mapping[str, Any]], bool]

_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<key_absent>[^\s,=!()<>]+)"
    r"|(?P<key>[^\s,=!()<>]+)\s*(?:(?P<operator>==|=|!=|>|<|\bin\b|\bnotin\b)\s*(?:\((?P<set>[^()]*)\)|(?P<value>[^\s,=!()]*)))?)\s*(?:,|$)"
)

_ANY_FIELDS = ("metadata.name", "metadata.namespace")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "Event": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}  # fmt: skip
_BOOLEANS = {"spec.hostNetwork", "spec.unschedulable"}


def selector(kind: Kind, labels: str, fields: str) -> Predicate | None:
    """Return the function that says whether an object is selected; None when every one is.

    Raises
    ------
    Refusal
        400 for a selector that cannot be read or names a field the kind does not offer.
    """
    by_label = _label_terms(labels) if labels else ()
    by_field = field_terms(kind, fields) if fields else ()
    if not by_label and not by_field:
        return None

    def selected(obj: Mapping[str, Any]) -> bool:
        own = obj["metadata"].get("labels") or {}
        return all(term(own) for term in by_label) and all(
            (field_value(obj, path) == value) is equal for path, equal, value in by_field
        )

    return selected


@lru_cache(512)
def _label_terms(text: str) -> tuple[Predicate, ...]:
    terms: list[Predicate] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or match.end() == position:
            raise Refusal.bad_request(_unreadable(text[position:]))
        terms.append(_label_term(match))
        position = match.end()
    return tuple(terms)


def _unreadable(text: str) -> str:
    """Say where the real parser would have stopped."""
    words = re.findall(r"[^\s,=!()<>]+|[=!<>]+|[,()]", text)
    if not words or re.match(r"[,=()<>]", words[0]):
        return f"found '{words[0][:1] if words else ''}', expected: !, identifier, or 'end of string'"
    if len(words) > 1 and words[0] != "!" and re.match(r"[^,=!()<>]", words[1]):
        return f"unable to parse requirement: found '{words[1]}', expected: in, notin, =, ==, !=, gt, lt"
    return f"found '{words[min(3, len(words) - 1)]}', expected: ',' or 'end of string'"


def selected_name(query: Mapping[str, str]) -> str:
    """Return the one name that a list or watch is limited to, which then is what a right must name; else nothing."""
    found = re.search(r"(?:^|,)metadata\.name==?([^,]*)(?:,|$)", query.get("fieldSelector", ""))
    return found[1] if found else ""


def _label_term(match: re.Match[str]) -> Predicate:
    key = match["key_absent"] or match["key"]
    if problems := names.qualified(key):
        raise Refusal.bad_request(f'unable to parse requirement: <nil>: Invalid value: "{key}": {problems[0]}')
    if match["absent"]:
        return lambda labels: key not in labels
    operator = match["operator"]
    if operator is None:
        return lambda labels: key in labels
    if operator in {"in", "notin"}:
        if match["set"] is None:
            raise Refusal.bad_request(f"unable to parse requirement: found '{match['value']}' expected: '('")
        wanted = frozenset(word.strip() for word in match["set"].split(","))
    else:
        wanted = frozenset([match["value"] or ""])
    for value in wanted:
        if problems := names.label_value(value):
            raise Refusal.bad_request(
                f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": {problems[0]}'
            )
    if operator in {">", "<"}:
        return _compared(key, operator, next(iter(wanted)))
    if operator in {"in", "=", "=="}:
        return lambda labels: labels.get(key) in wanted
    return lambda labels: labels.get(key) not in wanted


def _compared(key: str, operator: str, text: str) -> Predicate:
    def holds(labels: Mapping[str, Any]) -> bool:
        try:
            have, bound = int(labels.get(key, "")), int(text)
        except ValueError:
            return False
        return have > bound if operator == ">" else have < bound

    return holds


def field_terms(kind: Kind, text: str) -> tuple[tuple[str, bool, str], ...]:
    """Return (path, equal, value) of each term of a field selector."""
    return tuple(_field_terms(kind, text))


def _field_terms(kind: Kind, text: str) -> Iterator[tuple[str, bool, str]]:
    offered = _ANY_FIELDS + _FIELDS.get(kind.kind, ())
    for term in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", term)
        if match is None:
            raise Refusal.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = match.groups()
        if path not in offered:
            words = f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            raise Refusal.bad_request(words if kind.kind not in _FIELDS else f"field label not supported: {path}")
        yield path, operator != "!=", value


def field_value(obj: Mapping[str, Any], path: str) -> str:
    """Return a field as selectors compare it: a string, empty when absent."""
    if path == "source":
        source = obj.get("source") or {}
        return source.get("component") or obj.get("reportingComponent") or ""
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if path in _BOOLEANS:
        return "true" if value else "false"
    return "" if value is None else str(value)
