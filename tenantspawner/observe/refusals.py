"""Why the API server refused, as a sentence with numbers for the person, and the next step.

What the API server says is made for administrators; each known form is read for its numbers and said again. What is not known stays
in the log, and the person is told whom to ask.

Source: the messages of Kubernetes 1.36's admission (plugin/pkg/admission/resourcequota, limitranger, podsecurity).
"""

import re

from tenantspawner.errors import ApiStatus
from tenantspawner.observe.words import one_line, sentence

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+), used: (?P<used>.+), limited: (?P<hard>.+)"
)
_LIMIT = re.compile(
    r"(?:maximum|minimum) \S+ usage per \S+ is [^,\]]+, but [^,\]]+"
    r"|\S+ max limit to request ratio per \S+ is [^,\]]+, but [^,\]]+"
)

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
    return frozenset(part.strip().partition("=")[0] for part in found["asked"].split(",")) if found else frozenset()


def why_denied(status: ApiStatus, contact: str | None = None) -> str:
    """Say a refusal of the API server to the person it stops: what happened, and what to do next."""
    ask = f"Ask {contact}." if contact else "Ask the administrator of this hub."
    if found := _EXCEEDED.search(status.message):
        return _exceeded(found["asked"], found["used"], found["hard"])
    if rules := _LIMIT.findall(status.message):
        return sentence("The limits here do not allow this server", "; ".join(rules), f"Choose a smaller one. {ask}")
    return next(
        _said(match, said, first + ask)
        for known, said, first in _FORMS
        if (match := known.search(status.message)) is not None
    )


def _said(match: re.Match[str], said: str, next_step: str) -> str:
    parts = {name: one_line(text) for name, text in match.groupdict().items()}
    return sentence(said.format_map(parts), parts.get("why", ""), next_step)


def _exceeded(asked: str, used: str, hard: str) -> str:
    wanted, taken, bounds = _pairs(asked), _pairs(used), _pairs(hard)
    parts = [
        f"{_noun(key)}: {taken.get(key, '0')} of {bounds.get(key, '0')} in use, this server asks for {wanted[key]}"
        for key in wanted
    ]
    return f"The quota here does not leave enough ({'; '.join(parts)}). Choose a smaller server, or stop another one first."


def _pairs(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(",") if "=" in item)


def _noun(key: str) -> str:
    noun = key.removeprefix("limits.").removeprefix("requests.")
    return f"requested {noun}" if key in {"requests.cpu", "requests.memory"} else noun
