"""The root command and the manner all commands share: how they take files, print, and end."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from traitlets.config import Application

from tenantspawner import __version__
from tenantspawner.errors import Problem
from tenantspawner.tenancy import Source, decode, documents

UNUSABLE = 2
"""Exit status: what was to be looked at could not be."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "budget": ("tenantspawner.cli.budget.Budget", "Budgets of the teams: granted, free, and who holds them."),
    "check": ("tenantspawner.cli.check.Check", "Check tenancy documents, offline."),
    "explain": ("tenantspawner.cli.explain.Explain", "What a person sees, and the rule behind every part."),
    "demo": ("tenantspawner.cli.demo.Demo", "The whole product on this machine."),
    "rbac": ("tenantspawner.cli.rbac.Rbac", "Print the hub's rights and the policies that bound it."),
    "schema": ("tenantspawner.cli.schema.Schema", "Print the document's JSON Schema, for editors."),
}


class TenantSpawnerApp(Application):
    """``tenantspawner``."""

    name = "tenantspawner"
    description = "Tenants of a JupyterHub on Kubernetes: check documents, explain what people see."
    version = __version__
    subcommands = dict(COMMANDS)

    def start(self) -> None:
        """Run the subcommand."""
        if self.subapp is None:
            self.stop(f"there is no command {next(iter(self.extra_args), '')!r}; there are {', '.join(COMMANDS)}")
        self.subapp.start()

    def stop(self, why: str) -> NoReturn:
        """End because nothing could be looked at."""
        self.remark(why)
        sys.exit(UNUSABLE)

    def remark(self, line: str) -> None:
        """Say something beside the result."""
        sys.stderr.write(f"{self.name}: {line}\n")


class Command(Application):
    """One subcommand: it takes files and prints lines."""

    version = __version__

    def run(self) -> int:
        """Do the work and return the exit status."""
        raise NotImplementedError

    def start(self) -> None:
        """Run, and exit with the status; a reader that went away is nobody's error."""
        try:
            status = self.run()
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 0
        sys.exit(status)

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read the options; one that does not exist is no warning but the end."""
        known = {*self.aliases, *self.flags, "help", "help-all", "version"}
        for argument in argv or ():
            option = argument.lstrip("-").partition("=")[0]
            if argument.startswith("--") and option and option not in known and "." not in option:
                self.stop(
                    f"there is no option --{option}; there are {', '.join(f'--{name}' for name in sorted(known))}"
                )
        super().parse_command_line(argv)

    def exit(self, exit_status: int | str | None = 0) -> None:
        """End; what traitlets finds wrong with the options means that nothing could be looked at."""
        super().exit(UNUSABLE if exit_status == 1 else exit_status)

    def stop(self, why: str) -> NoReturn:
        """End because nothing could be looked at."""
        self.remark(why)
        sys.exit(UNUSABLE)

    def remark(self, line: str) -> None:
        """Say something beside the result."""
        sys.stderr.write(f"tenantspawner {self.name}: {line}\n")

    def say(self, line: str) -> None:
        """Print one line of the result."""
        sys.stdout.write(f"{line}\n")

    def load_files(self, names: list[str]) -> tuple[list[Source], list[Problem]]:
        """Read files, and ``-`` as standard input, into documents; ends with status 2 where one cannot be read."""
        sources: list[Source] = []
        problems: list[Problem] = []
        for name in names:
            source = decode("<stdin>" if name == "-" else name, self._bytes(name))
            if isinstance(source, Problem):
                problems.append(source)
                continue
            found, wrong = documents(source)
            sources += found
            problems += wrong
        return sources, problems

    def _bytes(self, name: str) -> bytes:
        try:
            return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            self.stop(f"{name} cannot be read: {error.strerror}")


Json = dict[str, Any]
