"""Names that are valid, short enough, and injective: two different owners never share one.

A value that is already a plain label part (lower case letters, digits, single hyphens) stands in the name
as it is. Everything else is slugged, and then the whole name ends in ``---`` and 80 bits of a hash over all
values, so that what was altered or cut cannot meet anything else. Plain values hold no ``--``; that is why
``--`` between two fields can be found again, and why no plain name can look like a hashed one.

Substitution is one pass over a closed set of fields. What a value contains is never read as a field.

Source: RFC 1123 labels, https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

import re
from base64 import b32encode
from collections.abc import Collection, Mapping
from hashlib import blake2b

MAX_LENGTH = 63
MARK = "---"
_FIELD = re.compile(r"\{([a-z]+)\}")
_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VALID = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
RESERVED = re.compile(r"(kube-.*|default|openshift-.*|openshift)")


def is_plain(value: str) -> bool:
    """Whether a value may stand in a name as it is."""
    return _PLAIN.fullmatch(value) is not None


def digest(*parts: str) -> str:
    """Hash texts to 16 characters of base 32 (80 bits); ``("ab", "c")`` and ``("a", "bc")`` differ."""
    hashed = blake2b(digest_size=10)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        hashed.update(len(raw).to_bytes(8, "big") + raw)
    return b32encode(hashed.digest()).decode().lower()


def fields_of(template: str) -> tuple[str, ...]:
    """Return the names of the fields in a template, in order."""
    return tuple(_FIELD.findall(template))


def compose(template: str, owner: Mapping[str, str], fixed: Mapping[str, str] | None = None) -> str:
    """Make a DNS label of at most 63 characters from a template.

    Parameters
    ----------
    template
        Such as ``{prefix}{tenant}--{username}``.
    owner
        Values that tell owners apart; different values never give the same name.
    fixed
        Values of hub configuration, the same for every name; they stand as they are.

    Raises
    ------
    KeyError
        The template names a field that is in neither.
    """
    fixed = fixed or {}
    written = _substitute(template, {**fixed, **owner})
    used = [name for name in fields_of(template) if name in owner]
    verbatim = (
        all(is_plain(owner[name]) for name in used)
        and _separable(template, owner.keys())
        and MARK not in template
        and _VALID.fullmatch(written) is not None
        and len(written) <= MAX_LENGTH
    )
    if verbatim:
        return written
    tag = MARK + digest(template, *(owner[name] for name in used))
    slugged = _substitute(template, {**fixed, **{name: slug(owner[name]) for name in used}})
    head = slug(slugged, keep_double=True)[: MAX_LENGTH - len(tag)].strip("-")
    return (head or "x") + tag


def slug(text: str, *, keep_double: bool = False) -> str:
    """Turn any text into label characters; not injective by itself."""
    text = re.sub(r"[^a-z0-9-]+", "-", text.lower())
    if not keep_double:
        text = re.sub(r"-+", "-", text)
    return text.strip("-")


def label_value(text: str) -> str:
    """Return a valid label value: the text itself where it is one, else a slug with a hash."""
    if len(text) <= MAX_LENGTH and MARK not in text and _LABEL.fullmatch(text):
        return text
    tag = MARK + digest(text)
    return (slug(text)[: MAX_LENGTH - len(tag)].strip("-") or "x") + tag


def is_reserved(namespace: str) -> bool:
    """Whether Kubernetes or a distribution keeps a namespace name for itself."""
    return RESERVED.fullmatch(namespace) is not None


def _separable(template: str, names: Collection[str]) -> bool:
    """Whether between any two owner fields stands a literal with ``--``, so that values can be told apart."""
    between: str | None = None
    position = 0
    for match in _FIELD.finditer(template):
        literal = template[position : match.start()]
        position = match.end()
        if between is not None:
            between += literal
        if match[1] in names:
            if between is not None and "--" not in between:
                return False
            between = ""
    return True


def _substitute(template: str, values: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: values[match[1]], template)
