"""The demo command; filled in soon."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be set."""

    port: int = 0


def run(options: DemoOptions) -> int:
    """Run it."""
    return options.port
