"""Durations of a document, as in ``30m`` or ``1h30m``: read into seconds, and said in words."""

import re

_PARTS = re.compile(r"([0-9]+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Read a duration that has passed the document's check."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _PARTS.findall(duration))


def spoken(whole: float) -> str:
    """Say seconds in the largest unit that fits: ``30 minutes``, ``1 hour``, ``45 seconds``."""
    units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    size, word = next((unit for unit in units if whole >= unit[0]), units[-1])
    number = round(whole / size)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
