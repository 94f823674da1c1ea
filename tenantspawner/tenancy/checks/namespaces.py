"""Namespaces: within the hub's bounds, never reserved, and never one for two tenants.

A name is looked at before anybody's user name is in it. Two tenants may meet when what one writes before and after
the user name can be filled up by a user name to what the other writes. `kube.names` keeps ``--`` and ``---`` out of
user names that stand as they are, and hashes all others together with the template, so only those need a look.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations
from typing import NamedTuple

from tenantspawner.errors import Problem
from tenantspawner.kube.names import MAX_LENGTH, fields_of, is_plain, is_reserved
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Envelope, NamespaceRule
from tenantspawner.tenancy.words import Location, locate, suggestion

DEFAULT_NAMES = {"user": "{prefix}{tenant}--{username}", "tenant": "{prefix}{tenant}"}
FIELDS = ("prefix", "tenant", "username", "hub")
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
    """Refuse two tenants whose names may produce one namespace."""
    names = [
        (tenant_id, name)
        for tenant_id, tenant in view.tenancy.tenants.items()
        if (name := _name(view, tenant_id, tenant.namespace)) is not None
    ]
    for (first, one), (second, other) in _neighbours(names):
        if _meet(one, other):
            message = f"can produce a namespace of the tenant {first}; put {{tenant}} and -- into the name"
            yield view.error(("tenants", second, "namespace", "name"), message)


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
    if is_reserved(whole[0]) or (name.after is not None and is_reserved(f"{name.before}-")):
        yield view.error(location, f"{whole[0]} is reserved for Kubernetes itself")
    elif view.envelope is not None:
        yield from _within(view, view.envelope, location, whole)


def _within(view: View, envelope: Envelope, location: Location, names: list[str]) -> Iterator[Problem]:
    if envelope.hub_namespace in names:
        yield view.error(location, f"{envelope.hub_namespace} is the hub's own namespace")
    allowed = envelope.allowed_namespaces or (f"{envelope.namespace_prefix}*",)
    if not all(any(fnmatchcase(name, glob) for glob in allowed) for name in names):
        trait = "allowed_namespaces" if envelope.allowed_namespaces else "namespace_prefix"
        yield view.error(location, f"{names[0]} is outside {', '.join(allowed)}, the hub's c.TenantSpawner.{trait}")


def _neighbours(names: list[tuple[str, _Name]]) -> Iterator[tuple[tuple[str, _Name], tuple[str, _Name]]]:
    """Pair only names of which one begins as the other, so that a thousand tenants are no million pairs."""
    place = {tenant_id: index for index, (tenant_id, _) in enumerate(names)}
    by_start: dict[str, list[tuple[str, _Name]]] = {}
    for entry in names:
        by_start.setdefault(entry[1].before, []).append(entry)
    for same in by_start.values():
        yield from combinations(same, 2)
    for start, entries in by_start.items():
        for end in range(len(start)):
            for shorter in by_start.get(start[:end], ()):
                for entry in entries:
                    one, other = sorted((shorter, entry), key=lambda named: place[named[0]])
                    yield one, other


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
