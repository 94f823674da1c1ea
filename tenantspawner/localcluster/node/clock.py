"""The time as Kubernetes writes it: ``Time`` to the second, ``MicroTime`` and log lines finer. Always UTC."""

from datetime import UTC, datetime


def timestamp() -> str:
    """Return now to the second, as in ``metadata`` and ``status``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp() -> str:
    """Return now to the microsecond, as in leases and logs."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """Read either form."""
    return datetime.fromisoformat(text)
