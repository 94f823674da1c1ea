"""What an unquoted value means, and which ones mean different things to different people.

YAML 1.1 makes ``no`` a boolean, ``010`` eight, ``1:30`` ninety and a day a date; other readers do not. Where a
reader could be surprised we do not guess: the value must be quoted. What remains is what JSON has: text, whole
numbers, fractions, true and false, nothing; and one day, for ``until``.
"""

import re
from datetime import date
from decimal import Decimal

Plain = str | int | float | bool | date | None

MAX_DIGITS = 40
"""Of an unquoted number; longer ones are text or a mistake."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_BOOLEAN_TO_SOME = re.compile(r"(?i:yes|no|on|off)")
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?|[-+]?[0-9]+[eE][-+]?[0-9]{1,4}")
_OTHER_BASE = re.compile(r"[-+]?0(?:[0-7_]+|o[0-7_]+|x[0-9a-fA-F_]+|b[01_]+)|[-+]?0[0-9]+")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_.]*")
_SIXTIES = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?i:inf|nan)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9:].*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")


class AmbiguousScalar(ValueError):
    """An unquoted value that must be quoted or written otherwise; the message is a sentence without subject."""


def read(text: str) -> Plain:
    """Read one unquoted value.

    Raises
    ------
    AmbiguousScalar
        With what it looks like and what to write instead.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not text[0].isascii() or text[0] not in "+-.0123456789yYnNoO":
        return text  # no pattern below can begin so
    if _WHOLE.fullmatch(text):
        return _whole(text)
    if _DAY.fullmatch(text):
        return _day(text)
    for pattern, looks_like in _AMBIGUOUS:
        if pattern.fullmatch(text):
            raise AmbiguousScalar(f"{looks_like}; quote this value: {quoted(text)}")
    if _NOT_FINITE.fullmatch(text):
        raise AmbiguousScalar(f"must be finite; quote this value if text is meant: {quoted(text)}")
    return _fraction(text) if _FRACTION.fullmatch(text) else text


_AMBIGUOUS = (
    (_BOOLEAN_TO_SOME, "is true or false to some readers of YAML (write true or false if that is meant)"),
    (_OTHER_BASE, "is a number in another base to some readers of YAML"),
    (_SIXTIES, "is a number in base 60 to some readers of YAML"),
    (_UNDERSCORES, "is a number without its underscores to some readers of YAML"),
    (_MOMENT, "is a point in time to some readers of YAML"),
)


def quoted(text: str) -> str:
    """Show a value in quotes, cut to a readable length."""
    shown = text if len(text) <= MAX_DIGITS else f"{text[: MAX_DIGITS - 3]}..."
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise AmbiguousScalar(f"is a number of {len(text)} digits; quote this value if text is meant: {quoted(text)}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AmbiguousScalar(f"is no day of the calendar; quote this value if text is meant: {quoted(text)}") from None


def _fraction(text: str) -> float:
    value = float(text) if len(text) <= MAX_DIGITS else float("inf")
    if value in {float("inf"), float("-inf")} or Decimal(repr(value)) != Decimal(text):
        raise AmbiguousScalar(f"has more digits than a number can hold; quote this value: {quoted(text)}")
    return value
