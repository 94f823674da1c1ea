"""Entries of the hub's own ``profile_list``, which documents select as ``hub:<slug>``.

The hub's side resolves callables (they take the spawner) and hands plain dictionaries over. They are the hub
admin's own words, trusted more than a document; what they lead to is bounded by the tenant's images and by the
check of the effective pod all the same. Keys that other templates add are let through. An entry whose options
cannot be read is offered to nobody and says why; it does not take the others with it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantspawner.policy.models import OptionGrant
from tenantspawner.policy.options import read_options

PREFIX = "hub:"


@dataclass(frozen=True, slots=True)
class HubProfile:
    """One entry of ``c.KubeSpawner.profile_list``."""

    slug: str
    display_name: str
    description: str = ""
    options: tuple[OptionGrant, ...] = ()
    override: Mapping[str, Any] = field(default_factory=dict)
    default: bool = False
    problem: str = ""  # why nobody is offered it, as ``path: message``; for the log and for ``check``


def hub_profiles(entries: Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]) -> dict[str, HubProfile]:
    """Read a ``profile_list`` (a list, or a dictionary whose values count), by slug, in its order.

    Raises
    ------
    ValueError
        An entry is no mapping, or has neither slug nor display name.
    """
    values = entries.values() if isinstance(entries, Mapping) else entries
    return {profile.slug: profile for profile in map(_read, values)}


def _read(entry: Mapping[str, Any]) -> HubProfile:
    if not isinstance(entry, Mapping):
        raise ValueError("profile_list: an entry is no mapping")  # noqa: TRY004  # one kind of error
    name = entry.get("display_name")
    slug = entry.get("slug") or (slugify(name) if isinstance(name, str) else None)
    if not isinstance(slug, str):
        raise ValueError("profile_list: an entry has neither display_name nor slug")  # noqa: TRY004  # one kind of error
    problem = ""
    options: tuple[OptionGrant, ...] = ()
    try:
        options = read_options(entry.get("profile_options") or {}, f"profile_list[{slug}].profile_options")
    except ValueError as unreadable:
        problem = str(unreadable)
    return HubProfile(
        slug=slug,
        display_name=str(name or slug),
        description=str(entry.get("description") or ""),
        options=options,
        override=entry.get("kubespawner_override") or {},
        default=bool(entry.get("default")),
        problem=problem,
    )


def slugify(name: str) -> str:
    """Make the slug KubeSpawner makes of a display name in a Latin script."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").lower()).strip("-")
