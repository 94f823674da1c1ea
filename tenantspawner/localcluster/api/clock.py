"""The time as objects carry it."""

from datetime import UTC, datetime, timedelta


def now() -> str:
    """Return the time in whole seconds, as ``creationTimestamp`` has it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def later(seconds: int) -> str:
    """Return the time so many seconds from now."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def parse_time(text: str) -> datetime:
    """Read a time in seconds or finer; ValueError when it is none."""
    return datetime.fromisoformat(text)
