"""Why the API server refused, as a sentence with numbers for the person, and the next step.

What the API server says is made for administrators; each known form is read for its numbers and said again. What is not known stays
in the log, and the person is told whom to ask. What is found before the API server is asked is said in the same words.

Source: the messages of Kubernetes 1.36's admission (plugin/pkg/admission/resourcequota, limitranger, podsecurity).
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from tenantspawner.errors import ApiStatus
from tenantspawner.observe.words import one_line, sentence

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+), used: (?P<used>.+), limited: (?P<hard>.+)"
)
_LIMIT = re.compile(
    r"(?:maximum|minimum) \S+ usage per \S+ is [^,\]]+, but [^,\]]+"
    r"|(?:maximum|minimum) \S+ usage per \S+ is [^,\]]+?\.  No \w+ is specified"
    r"|\S+ max limit to request ratio per \S+ is [^,\]]+, but [^,\]]+"
)
_OURS = "tenantspawner"  # what the hub's own quota is called
_MOST_USERS = 5

Using = Mapping[str, Sequence[tuple[str, str]]]
"""By quota key: who uses how much of it, the one with most first."""

# Each form: how it is known, what it is said as, and what to do before one asks. `why` stays in Kubernetes' own words.
_FORMS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(known, re.DOTALL), said, first)
    for known, said, first in (
        (
            r"failed quota: [^:]+: must specify (?P<what>.+)",
            "The quota here counts {what}, and this server does not say how much it needs",
            "",
        ),
        (
            r'violates PodSecurity "(?P<level>[^":]+)[^"]*": (?P<why>.+)',
            "The Pod Security level here ({level}) does not allow this server",
            "",
        ),
        (
            r"ValidatingAdmissionPolicy '[^']+' with binding '[^']+' denied request: (?P<why>.+)",
            "A policy of the cluster does not allow this server",
            "",
        ),
        (
            r'admission webhook "[^"]+" denied the request: (?P<why>.+)',
            "A policy of the cluster does not allow this server",
            "",
        ),
        (
            r'admission webhook "(?P<webhook>[^"]+)" denied the request without explanation',
            "A policy of the cluster ({webhook}) does not allow this server, and does not say why",
            "",
        ),
        # These pass by themselves; should one last until somebody is told:
        (
            r"status unknown for quota",
            "The cluster has not counted this namespace's quota yet",
            "Try again in a minute. ",
        ),
        (
            r"error looking up service account",
            "The account of this server is not there yet",
            "Try again in a minute. ",
        ),
        (
            r"because it is being terminated",
            "The namespace of this server is being deleted",
            "Try again in a minute. ",
        ),
        (r"is invalid: (?P<why>.+)", "The cluster does not understand this server", ""),
        (r"", "The cluster refused this server", ""),
    )
)


def exceeded_keys(status: ApiStatus) -> frozenset[str]:
    """Which keys of a quota a refused request would have exceeded; none when that is not why it was refused."""
    found = _EXCEEDED.search(status.message)
    return frozenset(_pairs(found["asked"])) if found else frozenset()


def why_denied(status: ApiStatus, contact: str | None = None, using: Using | None = None) -> str:
    """Say a refusal of the API server to the person it stops: what happened, who uses what they lack, and what to do next."""
    ask = _ask(contact)
    if found := _EXCEEDED.search(status.message):
        wanted, taken, bounds = _pairs(found["asked"]), _pairs(found["used"]), _pairs(found["hard"])
        amounts = {key: (wanted[key], taken.get(key, "0"), bounds.get(key, "0")) for key in wanted}
        return quota_exceeded(found["quota"], amounts, contact, using)
    if rules := _LIMIT.findall(status.message):
        return limits_broken([("", rule) for rule in rules], contact)
    return next(
        _said(match, said, first + ask)
        for known, said, first in _FORMS
        if (match := known.search(status.message)) is not None
    )


def quota_exceeded(
    quota: str, amounts: Mapping[str, tuple[str, str, str]], contact: str | None = None, using: Using | None = None
) -> str:
    """Say that a quota does not leave enough.

    Parameters
    ----------
    quota
        Its name; one that is not the hub's own is named.
    amounts
        By key: what is asked for, what is used, and how much there is.
    """
    parts = [
        f"{_noun(key)}: {used} of {bound} in use{_users((using or {}).get(key, ()))}, this server asks for {asked}"
        for key, (asked, used, bound) in amounts.items()
    ]
    if quota == _OURS:
        return f"The quota here does not leave enough ({'; '.join(parts)}). Choose a smaller server, or stop another one first."
    whose = f"Another quota here ({one_line(quota)}), which is not this hub's, does not leave enough"
    return f"{whose} ({'; '.join(parts)}). Choose a smaller server, stop what you do not need there, or {_ask(contact, first='ask')}"


def limits_broken(rules: Iterable[tuple[str, str]], contact: str | None = None) -> str:
    """Say which rules of limit ranges a server breaks: the name of the LimitRange, where it is known, and the rule."""
    told = [
        f"{' '.join(rule.replace('.  No ', ', but no ').split())}{f' (LimitRange {name})' if name else ''}"
        for name, rule in rules
    ]
    return sentence(
        "The limits here do not allow this server", "; ".join(told), f"Choose a smaller one. {_ask(contact)}"
    )


def _ask(contact: str | None, *, first: str = "Ask") -> str:
    return f"{first} {contact}." if contact else f"{first} the administrator of this hub."


def _users(using: Sequence[tuple[str, str]]) -> str:
    named = [f"{who} {amount}" for who, amount in using[:_MOST_USERS]]
    if len(using) > _MOST_USERS:
        named.append(f"and {len(using) - _MOST_USERS} more")
    return f" ({', '.join(named)})" if named else ""


def _said(match: re.Match[str], said: str, next_step: str) -> str:
    parts = {name: one_line(text) for name, text in match.groupdict().items()}
    return sentence(said.format_map(parts), parts.get("why", ""), next_step)


def _pairs(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(",") if "=" in item)


def _noun(key: str) -> str:
    noun = key.removeprefix("limits.").removeprefix("requests.")
    return f"requested {noun}" if key in {"requests.cpu", "requests.memory"} else noun
