"""The command line: ``tenantspawner check | explain | schema`` and what later joins them.

A traitlets Application, as Jupyter's tools are: every command is a subcommand in `app.COMMANDS`, in a module of its
own, loaded when it is called. Commands print results to stdout and remarks to stderr; exit 0 means fine, 1 that
something is wrong with what was looked at, 2 that it could not be looked at.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantspawner.cli.app import TenantSpawnerApp

__all__ = ["TenantSpawnerApp", "main"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit; Ctrl-C while it still loads is no traceback."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        from tenantspawner.cli.app import TenantSpawnerApp

        TenantSpawnerApp.launch_instance(argv=arguments or ["--help"])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def __getattr__(name: str) -> object:
    if name == "TenantSpawnerApp":
        from tenantspawner.cli.app import TenantSpawnerApp

        return TenantSpawnerApp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
