"""Who is a member where: rules found by user name and by group, without looking at every rule.

A document is indexed once. User names and exact groups are dictionary look-ups; globs are kept by the text before
their first wildcard, so that a group is tried against few. A glob becomes a pattern of atomic groups, in which each
piece takes its first occurrence for good: there is nothing to track back. Comparison is exact in case.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from tenantspawner.policy.models import Because, Identity, RuleKind
from tenantspawner.tenancy.models import Rule, Tenancy, TenantId

EVERYBODY = "*"
_WILDCARD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that names a person, and how."""

    tenant: TenantId
    position: int
    rule: Rule
    because: Because


@dataclass(slots=True)
class Membership:
    """The rules of a document, findable."""

    users: dict[str, list[Match]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[str, list[Match]] = field(default_factory=lambda: defaultdict(list))
    globs: dict[str, list[tuple[re.Pattern[str], Match]]] = field(default_factory=lambda: defaultdict(list))
    everybody: list[Match] = field(default_factory=list)
    lengths: set[int] = field(default_factory=set)  # of the texts before a glob's first wildcard

    @classmethod
    def of(cls, tenancy: Tenancy) -> "Membership":
        """Index every rule of a document."""
        made = cls()
        for tenant_id, tenant in tenancy.tenants.items():
            for position, rule in enumerate(tenant.members):
                made._add(TenantId(tenant_id), position, rule)
        return made

    def matches(self, identity: Identity, today: date) -> dict[TenantId, list[Match]]:
        """Every rule in force that names this person, by tenant, each rule once and in order.

        A rule with `until` holds to the end of that day (UTC).
        """
        found: dict[TenantId, dict[int, Match]] = defaultdict(dict)
        for match in self._candidates(identity):
            if match.rule.until is None or today <= match.rule.until:
                found[match.tenant].setdefault(match.position, match)
        return {tenant: [rules[position] for position in sorted(rules)] for tenant, rules in found.items()}

    def _candidates(self, identity: Identity) -> Iterator[Match]:
        """Matches by user first: where a rule names both the person and a group, the name counts."""
        yield from self.users.get(identity.name, ())
        for group in sorted(identity.groups):
            yield from self.groups.get(group, ())
            for start in {group[:length] for length in self.lengths}:
                yield from (match for glob, match in self.globs.get(start, ()) if glob.fullmatch(group))
        yield from self.everybody

    def _add(self, tenant: TenantId, position: int, rule: Rule) -> None:
        path = f"tenants.{tenant}.members[{position}]"
        for user in rule.users:
            kind = RuleKind.GROUP if user == EVERYBODY else RuleKind.USER
            match = Match(tenant, position, rule, Because(path, kind, user))
            (self.everybody if user == EVERYBODY else self.users[user]).append(match)
        for group in rule.groups:
            match = Match(tenant, position, rule, Because(path, RuleKind.GROUP, group))
            wildcard = _WILDCARD.search(group)
            if wildcard is None:
                self.groups[group].append(match)
            else:
                self.globs[group[: wildcard.start()]].append((glob(group), match))
                self.lengths.add(wildcard.start())


@lru_cache(maxsize=4096)
def glob(text: str) -> re.Pattern[str]:
    """Compile a glob of ``*`` and ``?`` so that matching takes at most pattern times text steps."""
    first, *rest = [_piece(piece) for piece in re.split(r"\*+", text)]
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}", re.DOTALL)


def _piece(text: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in text)
