"""Why the API server refused, as a sentence with numbers for the person, and the next step.

What the API server says is made for administrators; each known form is read for its numbers and said again. What is not known stays
in the log, and the person is told whom to ask.

Source: the messages of Kubernetes 1.36's admission (plugin/pkg/admission/resourcequota, limitranger, podsecurity).
"""

import re

from tenantspawner.errors import ApiStatus

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+), used: (?P<used>.+), limited: (?P<hard>.+)"
)
_MUST = re.compile(r"failed quota: (?P<quota>[^:]+): must specify (?P<what>.+)")
_SECURITY = re.compile(r'violates PodSecurity "(?P<level>[^"]+)": (?P<checks>.+)', re.DOTALL)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '(?P<policy>[^']+)' with binding '[^']+' denied request: (?P<why>.+)", re.DOTALL
)
_WEBHOOK = re.compile(r'admission webhook "(?P<hook>[^"]+)" denied the request: (?P<why>.+)', re.DOTALL)
_LIMIT = re.compile(r"(?P<rule>(?:maximum|minimum) \S+ usage per \S+ is [^,\]]+, but [^,\]]+)")
_LONGEST = 400


def why_denied(status: ApiStatus, contact: str | None = None) -> str:
    """Say a refusal of the API server to the person it stops."""
    text = status.message
    ask = f" Ask {contact}." if contact else " Ask the administrator of this hub."
    if found := _EXCEEDED.search(text):
        return _exceeded(found["asked"], found["used"], found["hard"])
    if found := _MUST.search(text):
        return f"The quota here counts {found['what']}, and this server does not say how much it needs.{ask}"
    if found := _LIMIT.search(text):
        return f"The limits here do not allow this server: {found['rule']}. Choose a smaller one.{ask}"
    if found := _SECURITY.search(text):
        level = found["level"].split(":")[0]
        return f"The Pod Security level here ({level}) does not allow this server: {_cut(found['checks'])}.{ask}"
    if found := _POLICY.search(text) or _WEBHOOK.search(text):
        return f"A policy of the cluster does not allow this server: {_cut(found['why'])}.{ask}"
    return f"The cluster refused this server.{ask}"


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
    return key.removeprefix("limits.").removeprefix("requests.")


def _cut(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
