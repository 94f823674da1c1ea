"""Namespaces: within the hub's bounds, never reserved, and never one for two tenants.

A name is looked at before anybody's user name is in it. Two tenants may meet when what one writes before and after
the user name can be filled up by a user name to what the other writes. `kube.names` keeps ``--`` and ``---`` out of
user names that stand as they are, and hashes all others together with the template, so only those need a look.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from tenantspawner.errors import Problem
from tenantspawner.kube.names import MAX_LENGTH, fields_of, is_plain, is_reserved
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Envelope, NamespaceRule
from tenantspawner.tenancy.words import Location, locate, suggestion

DEFAULT_NAMES = {"user": "{prefix}{tenant}--{username}", "tenant": "{prefix}{tenant}"}
FIELDS = ("prefix", "tenant", "username", "hub")
RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease", "openshift")
MAX_COMPARISONS = 200_000
LEVELS = ("restricted", "baseline", "privileged")
_SAMPLES = ("x", "a-person-with-a-name-that-is-long")


class _Name(NamedTuple):
    """What stands before and after the user name; `after` is None where there is no user name."""

    before: str
    after: str | None


def templates(view: View) -> Iterator[Problem]:
    """Check each tenant's name by itself."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        location: Location = ("tenants", tenant_id, "namespace", "name")
        yield from (view.error(location, message) for message in _template(tenant.namespace))
        name = _name(view, tenant_id, tenant.namespace)
        if name is not None:
            yield from _bounds(view, location, name)


def shared(view: View) -> Iterator[Problem]:
    """Refuse two tenants whose names may produce one namespace; each is reported once."""
    seen = _Seen()
    for tenant_id, tenant in view.tenancy.tenants.items():
        name = _name(view, tenant_id, tenant.namespace)
        if name is None or len(name.before) > MAX_LENGTH:
            continue
        location: Location = ("tenants", tenant_id, "namespace", "name")
        candidates = seen.candidates(name)
        seen.compared += len(candidates)
        if seen.compared > MAX_COMPARISONS:
            yield view.error(location, "too many names begin alike to be compared; put {tenant} and -- into them")
            return
        first = next((other for other, theirs in candidates if _meet(theirs, name)), None)
        if first is not None:
            message = f"can produce a namespace of the tenant {first}; put {{tenant}} and -- into the name"
            yield view.error(location, message)
        seen.add(tenant_id, name)


class _Seen:
    """Names so far, found by how they begin: only those can meet of which one begins as the other."""

    def __init__(self) -> None:
        self.open: dict[str, list[tuple[str, _Name]]] = {}
        self.by_prefix: dict[str, list[tuple[str, _Name]]] = {}
        self.fixed: dict[str, tuple[str, _Name]] = {}
        self.compared = 0

    def add(self, tenant_id: str, name: _Name) -> None:
        if name.after is None:
            self.fixed.setdefault(name.before, (tenant_id, name))
        else:
            self.open.setdefault(name.before, []).append((tenant_id, name))
        for end in range(len(name.before)):
            self.by_prefix.setdefault(name.before[:end], []).append((tenant_id, name))

    def candidates(self, name: _Name) -> list[tuple[str, _Name]]:
        starts = (name.before[:end] for end in range(len(name.before) + 1))
        found = [entry for start in starts for entry in self.open.get(start, ())]
        if name.after is not None:
            found += self.by_prefix.get(name.before, ())
        if name.before in self.fixed:
            found.append(self.fixed[name.before])
        return found


def pod_security(view: View) -> Iterator[Problem]:
    """Refuse a Pod Security level above the hub's."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        level = tenant.namespace.pod_security
        location: Location = ("tenants", tenant_id, "namespace", "podSecurity")
        if view.envelope is None:
            if level != "restricted":
                view.unsure("podSecurity above restricted", "max_pod_security")
        elif LEVELS.index(level) > LEVELS.index(view.envelope.max_pod_security):
            most = view.envelope.max_pod_security
            yield view.error(location, f"{level} is above {most}, the hub's c.TenantSpawner.max_pod_security")


def _template(rule: NamespaceRule) -> Iterator[str]:
    if rule.name is None or rule.per == "hub":
        return
    fields = fields_of(rule.name)
    for field in fields:
        if field == "servername":
            yield "all servers of a person share a namespace, so {servername} cannot be part of its name"
        elif field not in FIELDS:
            yield f"there is no field {{{field}}}{suggestion(field, FIELDS) or '; there are ' + ', '.join(FIELDS)}"
    literal = re.sub(r"\{[a-z]+\}", "", rule.name)
    if not re.fullmatch(r"[a-z0-9-]*", literal):
        yield "a namespace has lower case letters, digits and - only; fields are written {tenant}"
    if rule.per == "user" and "username" not in fields:
        yield "must contain {username}: with per: user everybody has a namespace of their own"
    if rule.per == "tenant" and "username" in fields:
        yield "cannot contain {username}: with per: tenant all share one namespace"


def _name(view: View, tenant_id: str, rule: NamespaceRule) -> _Name | None:
    """Fill in all but the user name; None where there is none of its own, or what is hashed anyway."""
    if rule.per == "hub" or any(_template(rule)):
        return None
    envelope = view.envelope or Envelope()
    template = rule.name or DEFAULT_NAMES[rule.per]
    if "tenant" in fields_of(template) and not is_plain(tenant_id):
        return None
    values = {"prefix": envelope.namespace_prefix, "hub": envelope.hub_id, "tenant": tenant_id}
    before, found, after = template.partition("{username}")
    before, after = (re.sub(r"\{([a-z]+)\}", lambda match: values.get(match[1], ""), part) for part in (before, after))
    return _Name(before, after if found else None)


def _bounds(view: View, location: Location, name: _Name) -> Iterator[Problem]:
    fixed = name.before + (name.after or "")
    if name.after is None and not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", fixed):
        yield view.error(location, f"{fixed} is no name of a namespace")
    if len(fixed) > MAX_LENGTH:
        yield view.error(location, f"{fixed} has {len(fixed)} characters, at most {MAX_LENGTH} are left by Kubernetes")
    if view.envelope is None and not locate(view.tree, location)[1]:
        view.unsure("names of namespaces", "namespace_prefix and allowed_namespaces")
    whole = [fixed] if name.after is None else [f"{name.before}{sample}{name.after}" for sample in _SAMPLES]
    if is_reserved(whole[0]) or any(_reaches(name, reserved) for reserved in RESERVED):
        yield view.error(location, f"{whole[0]} or another user's is reserved for Kubernetes itself")
    elif view.envelope is not None:
        yield from _within(view, view.envelope, location, name, whole)


def _within(view: View, envelope: Envelope, location: Location, name: _Name, names: list[str]) -> Iterator[Problem]:
    if _reaches(name, envelope.hub_namespace):
        yield view.error(location, f"{envelope.hub_namespace} is the hub's own namespace, and this can become it")
    allowed = envelope.allowed_namespaces or (f"{envelope.namespace_prefix}*",)
    if not all(any(fnmatchcase(each, glob) for glob in allowed) for each in names):
        trait = "allowed_namespaces" if envelope.allowed_namespaces else "namespace_prefix"
        yield view.error(location, f"{names[0]} is outside {', '.join(allowed)}, the hub's c.TenantSpawner.{trait}")


def _reaches(name: _Name, whole: str) -> bool:
    """Whether a name is, or with some user name becomes, a certain one."""
    return name.before == whole if name.after is None else _between(name, whole)


def _meet(one: _Name, other: _Name) -> bool:
    """Whether some user name makes the same of both."""
    if one.after is None and other.after is None:
        return one.before == other.before
    if one.after is None or other.after is None:
        fixed, open_ = (one, other) if one.after is None else (other, one)
        return _between(open_, fixed.before)
    longer, shorter = (one, other) if len(one.before) >= len(other.before) else (other, one)
    return _can_begin(longer.before[len(shorter.before) :]) and (
        str(longer.after).endswith(str(shorter.after)) or str(shorter.after).endswith(str(longer.after))
    )


def _between(name: _Name, whole: str) -> bool:
    after = name.after or ""
    inside = whole[len(name.before) : len(whole) - len(after)]
    return whole.startswith(name.before) and whole.endswith(after) and is_plain(inside)


def _can_begin(text: str) -> bool:
    """Whether a user name that stands as it is can begin so."""
    return not text or is_plain(text) or is_plain(text.removesuffix("-"))
