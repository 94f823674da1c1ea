"""An answer without what differs by nature, so that two of them can be compared whole.

Identities, times, tokens and addresses become words; a resourceVersion becomes its rank among those seen of the same
object, so that ``v1, v1, v2`` says that the second write changed nothing and the third did. Absent, null and empty
count the same, as Go's clients cannot tell them apart either. Left out: what controllers own of an object (the embedded
ones write past field management), the prose of table columns, causes said twice, and the order of owners of fields,
which in one second is by their name in one and by their time in the other. Of reviews, which nobody stores, their
owners, and the prose that says which binding allows.
"""

import json
import re
from typing import Any

WORDS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"10\.96\.\d+\.\d+"), "<address>"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----", re.DOTALL), "<certificate>"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-<random>"),
    (re.compile(r"\bgen-[a-z0-9]{5}\b"), "gen-<random>"),
    (re.compile(r"in (record|the precondition) \(\d+\)"), r"in \1 (<version>)"),
    (re.compile(r"too old resource version: (\d+) \(\d+\)"), r"too old resource version: \1 (<version>)"),
    (re.compile(r"(Too large resource version: \d+, current:) \d+"), r"\1 <version>"),
    (re.compile(r"\n(@@.*)?\]?$", re.DOTALL), "\n"),  # a difference, in Go's own format
    (re.compile(r'(^|patch: )Invalid value: "\{.*\}": ', re.DOTALL), r"\1Invalid value: <object>: "),
    (re.compile(r"^\d+(s|m\d+s)$"), "<age>"),
]

# Not the kinds whose status is written meanwhile by controllers, who may do so in one step or in two.
UNRANKED = {"ResourceQuota", "Namespace"}
CONTROLLERS = {"kube-controller-manager", "kube-scheduler", "kube-apiserver"}


class Plain:
    """Makes the answers of one cluster plain; remembers what it has seen."""

    def __init__(self) -> None:
        self._versions: dict[str, list[str]] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, list):
            return [self(part) for part in value]
        if isinstance(value, str):
            for pattern, instead in WORDS:
                value = pattern.sub(instead, value)
        return value

    def _dict(self, value: dict[str, Any]) -> dict[str, Any]:
        parts = {key: self(part) for key, part in value.items()}
        if "resourceVersion" in value:
            parts["resourceVersion"] = self._rank(value.get("uid", ""), value["resourceVersion"])
        if value.get("kind") in UNRANKED or "hard" in (value.get("spec") or {}):
            parts.get("metadata", {}).pop("resourceVersion", None)
        for key in ("resourceRules", "nonResourceRules"):  # in the order in which an informer happens to have them
            if key in value:
                parts[key] = sorted(parts[key], key=json.dumps)
        if str(value.get("kind", "")).endswith(("Review", "TokenRequest")):
            parts.get("metadata", {}).pop("managedFields", None)
            if "allowed" in (value.get("status") or {}):
                parts["status"].pop("reason", None)
        if "continue" in value:
            parts["continue"] = "<token>"
        if "managedFields" in value:
            parts["managedFields"] = _owners(value["managedFields"] or [])
        if "causes" in value:
            parts["causes"] = [cause for n, cause in enumerate(parts["causes"]) if cause not in parts["causes"][:n]]
        if "priority" in value and "format" in value:  # a column
            parts.pop("description", None)
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}

    def _rank(self, uid: str, version: str) -> str:
        if not uid:
            return "<version>" if version else ""
        seen = self._versions.setdefault(uid, [])
        if version not in seen:
            seen.append(version)
        return f"v{seen.index(version) + 1}"


def _owners(rows: list[dict[str, Any]]) -> list[str]:
    """Each owner of fields as a line of text, since ``{}`` means something here."""
    lines = [
        {key: part for key, part in row.items() if key != "time"} for row in rows if row["manager"] not in CONTROLLERS
    ]
    return sorted(WORDS[0][0].sub("<uid>", json.dumps(line, sort_keys=True)) for line in lines)
