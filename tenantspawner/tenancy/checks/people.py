"""Members and admins: rules that name somebody, in a way that can match."""

import re
from collections.abc import Iterator

from tenantspawner.errors import Problem
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Admins, Rule
from tenantspawner.tenancy.words import Location

EVERYBODY = "*"


def members(view: View) -> Iterator[Problem]:
    """Check every rule by itself."""
    for location, who in _who(view):
        for index, user in enumerate(who.users):
            place = (*location, "users", index)
            if user != EVERYBODY and re.search(r"[*?]", user):
                yield view.error(place, 'only "*" alone (everybody) is a pattern here; patterns are for groups')
            elif user != user.lower():
                message = "JupyterHub makes user names lower case unless its authenticator says otherwise"
                yield view.warning(place, f"{message}; {user} may never match")
        if isinstance(who, Rule):
            yield from _rule(view, location, who)


def groups(view: View) -> Iterator[Problem]:
    """Warn of groups that differ from a known one only by case: comparison is exact."""
    first: dict[str, str] = {}
    for location, who in _who(view):
        for index, group in enumerate(who.groups):
            known = first.setdefault(group.lower(), group)
            if known != group:
                message = f"{group} and {known} differ only by case; comparison is exact, is one of them misspelt?"
                yield view.warning((*location, "groups", index), message)


def _rule(view: View, location: Location, rule: Rule) -> Iterator[Problem]:
    if not rule.users and not rule.groups:
        yield view.warning(location, "names neither users nor groups, so it matches nobody")
    if rule.until is not None and view.today is not None and rule.until < view.today:
        yield view.warning((*location, "until"), f"{rule.until} is over, so this rule is as if it were not there")


def _who(view: View) -> Iterator[tuple[Location, Rule | Admins]]:
    for tenant_id, tenant in view.tenancy.tenants.items():
        for index, rule in enumerate(tenant.members):
            yield ("tenants", tenant_id, "members", index), rule
        yield ("tenants", tenant_id, "admins"), tenant.admins
