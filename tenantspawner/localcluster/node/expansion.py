"""``$(NAME)`` in commands, arguments and values, expanded as Kubernetes does.

``$(NAME)`` becomes the value of ``NAME``; a name that is not known stays as it is written. ``$$`` is a
plain dollar sign, so ``$$(NAME)`` gives the text ``$(NAME)``. Everything else is left alone, and what
was put in is not expanded again.
"""

import re
from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Expand the references in one text."""

    def replacement(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        return values.get(match.group(1), match.group())

    return _REFERENCE.sub(replacement, text)


def expand_all(texts: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Expand the references in each text of a command."""
    return tuple(expand(text, values) for text in texts)
