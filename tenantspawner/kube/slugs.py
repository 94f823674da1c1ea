"""Names as KubeSpawner 7.1 makes them from user and server names, in its two schemes.

Volumes in the field carry these names, so the results must stay what they are, character for character;
a property test compares them with KubeSpawner's own. *safe* keeps a name that is valid already and otherwise
shortens it and appends a hash of the whole. *escape* is the scheme of version 6 and before: it writes ``-2d``
for a hyphen, and its results may be too long or not valid.

The hash has 32 bits only. Names of what tenants own are made by `tenantspawner.kube.names` instead.
"""

import hashlib
import re
import string
from collections.abc import Callable, Sequence

import escapism

FIELD_LENGTH = 48
"""Characters of one template field, so that a template around it still fits a label."""

_OBJECT_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_SAFE_TO_ESCAPE = frozenset(string.ascii_lowercase + string.digits)
_DIGEST = 8
_DEFAULT_LENGTH = 32


def is_object_name(name: str) -> bool:
    """Tell whether `name` is a DNS label that starts with a letter (RFC 1035)."""
    return _OBJECT_NAME.fullmatch(name) is not None


def is_label_value(name: str) -> bool:
    """Tell whether `name` can be the value of a label; empty can."""
    return _LABEL_VALUE.fullmatch(name) is not None


def escape(name: str) -> str:
    """Return the slug of the *escape* scheme."""
    return str(escapism.escape(name, safe=_SAFE_TO_ESCAPE, escape_char="-")).lower()


def safe(name: str, is_valid: Callable[[str], bool] = is_object_name, max_length: int | None = None) -> str:
    """Return the slug of the *safe* scheme: `name` itself where it is valid and short enough.

    A name with ``--`` is never kept, because that is what joins two names.
    """
    fits = max_length is None or len(name) <= max_length
    if "--" not in name and fits and is_valid(name):
        return name
    length = (max_length or _DEFAULT_LENGTH) - _DIGEST - 3
    return f"{_readable(name, length)}---{_digest(name)}"


def joined(username: str, servername: str) -> str:
    """Return the slug of a server in the *safe* scheme: both names joined by ``--``, or one hash over both."""
    user = safe(username, max_length=FIELD_LENGTH)
    server = safe(servername, max_length=FIELD_LENGTH) if servername else ""
    if len(user) + len(server) + 2 > FIELD_LENGTH:
        return multiple((username, servername))
    return f"{user}--{server}" if server else user


def multiple(names: Sequence[str], max_length: int = FIELD_LENGTH) -> str:
    """Return the readable parts of `names`, equally long at most, with one hash over all of them."""
    length = (max_length - _DIGEST - 1) // len(names) - 2
    return f"{'--'.join(_readable(name, length) for name in names)}---{_digest(*names)}"


def _readable(name: str, length: int) -> str:
    """Return the letters, digits and single hyphens of `name`, beginning with a letter, never empty."""
    text = _UNSAFE.sub("-", name.lower()).lstrip("-")[:length].rstrip("-")
    if text and not text.startswith(tuple(string.ascii_lowercase)):
        text = f"x-{text[: length - 2]}"
    return text or "x"


def _digest(*names: str) -> str:
    # 0xff begins no character in UTF-8, so ("a", "bc") and ("ab", "c") differ.
    return hashlib.sha256(b"\xff".join(name.encode() for name in names)).hexdigest()[:_DIGEST]
