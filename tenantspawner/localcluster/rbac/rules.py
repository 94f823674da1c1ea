"""What one policy rule allows, and whether some rules cover others.

Rules are plain `PolicyRule` objects as they stand in a Role. The two questions are different: a
request is matched against a rule, and for the escalation check rules are cut into their smallest
parts and each part must lie within one rule the person holds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do; `namespace` and `name` are empty for the cluster's and for all."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def combined(self) -> str:
        """``pods`` or ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def allows(rule: Rule, request: Request) -> bool:
    """Whether this rule alone allows the request."""
    if not _has(rule, "verbs", request.verb):
        return False
    if request.path:
        return any(_path_within(allowed, request.path) for allowed in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    resources = {"*", request.combined} | ({f"*/{request.subresource}"} if request.subresource else set())
    return (
        _has(rule, "apiGroups", request.group)
        and not resources.isdisjoint(rule.get("resources") or ())
        and (not names or request.name in names)
    )


def uncovered(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return the smallest parts of the wanted rules that no held rule covers."""
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(owner, part) for owner in held)]


def compact(parts: Iterable[Rule]) -> list[Rule]:
    """Join the verbs of parts about the same thing again."""
    joined: dict[tuple[Any, ...], Rule] = {}
    for part in parts:
        key = tuple((field, tuple(part[field])) for field in part if field != "verbs" or "nonResourceURLs" in part)
        if key in joined:
            joined[key]["verbs"] = [*joined[key]["verbs"], *part["verbs"]]
        else:
            joined[key] = dict(part)
    return list(joined.values())


def described(rule: Rule) -> str:
    """As in ``{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}``."""
    fields = {
        "APIGroups": "apiGroups",
        "Resources": "resources",
        "NonResourceURLs": "nonResourceURLs",
        "ResourceNames": "resourceNames",
        "Verbs": "verbs",
    }
    return "{" + ", ".join(f"{label}:{quoted(rule[key])}" for label, key in fields.items() if rule.get(key)) + "}"


def quoted(items: Iterable[str]) -> str:
    """A list in Go's notation: ``["a" "b"]``."""
    return "[" + " ".join(f'"{item}"' for item in items) + "]"


def _parts(rule: Rule) -> Iterator[Rule]:
    names: Sequence[str | None] = rule.get("resourceNames") or (None,)
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                for name in names:
                    limit = {"resourceNames": [name]} if name is not None else {}
                    yield {"apiGroups": [group], "resources": [resource], **limit, "verbs": [verb]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Rule, part: Rule) -> bool:
    if not _has(owner, "verbs", part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        url = part["nonResourceURLs"][0]
        return any(_path_within(allowed, url) for allowed in owner.get("nonResourceURLs") or ())
    resource, names = part["resources"][0], owner.get("resourceNames") or ()
    held = owner.get("resources") or ()
    _, slash, subresource = resource.partition("/")
    return (
        _has(owner, "apiGroups", part["apiGroups"][0])
        and ("*" in held or resource in held or (bool(slash) and f"*/{subresource}" in held))
        and (not names or set(part.get("resourceNames") or ("",)) <= set(names))
    )


def _has(rule: Rule, field: str, wanted: str) -> bool:
    values = rule.get(field) or ()
    return "*" in values or wanted in values


def _path_within(allowed: str, path: str) -> bool:
    return path == allowed or (allowed.endswith("*") and path.startswith(allowed.rstrip("*")))
