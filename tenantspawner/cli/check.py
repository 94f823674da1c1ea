"""``tenantspawner check FILE…``: every problem of a tenancy, with its line, without a cluster.

All files together are one tenancy, as the ConfigMaps of a hub are. Each may be a bare document or manifests with
ConfigMaps in them; ``-`` is standard input. One line a problem, ``file:line:col: path: message``, so that editors and
terminals can go there. Warnings are marked and do not fail.
"""

import json
from datetime import UTC, datetime

from traitlets import Enum, Unicode

from tenantspawner.cli.app import Command
from tenantspawner.cli.hubconfig import UnusableConfig, load
from tenantspawner.errors import Problem
from tenantspawner.policy import option_problems
from tenantspawner.tenancy import Reading, read


class Check(Command):
    """``check``."""

    name = "check"
    description = "Check tenancy documents, offline: every problem with its line."
    examples = """
    tenantspawner check tenants.yaml
    kubectl get configmap tenants -o yaml | tenantspawner check -
    tenantspawner check tenants.yaml --config jupyterhub_config.py --format github
    """
    aliases = {"config": "Check.config_file", "format": "Check.format"}
    flags = {}

    config_file = Unicode(
        "",
        help="The hub's configuration file: its bounds (c.TenantSpawner.allowed_…) and profile_list are checked as well.",
    ).tag(config=True)
    format = Enum(
        ["text", "json", "github"], default_value="text", help="How problems are printed: text, json, github."
    ).tag(config=True)

    def run(self) -> int:
        """Check the files: 0 when nothing is wrong, 1 when something is."""
        if not self.extra_args:
            self.stop("which files? Name at least one, or - for standard input")
        sources, problems = self.load_files(self.extra_args)
        unchecked: tuple[str, ...] = ()
        envelope, profiles = None, None
        if self.config_file:
            try:
                hub = load(self.config_file)
            except UnusableConfig as why:
                self.stop(str(why))
            envelope, profiles, unchecked = hub.envelope, hub.profiles, hub.unchecked
        reading = Reading(None)
        if sources:
            today = datetime.now(UTC).date()
            reading = read(sources, envelope, hub_profiles=profiles, today=today, further=option_problems)
        problems += reading.problems
        self._report(problems, list(reading.warnings), unchecked + reading.unchecked)
        self._summary(reading, problems)
        return 1 if problems else 0

    def _report(self, problems: list[Problem], warnings: list[Problem], unchecked: tuple[str, ...]) -> None:
        if self.format == "json":
            found = [_as_json(problem) for problem in (*problems, *warnings)]
            self.say(json.dumps({"problems": found, "unchecked": unchecked}, indent=2, ensure_ascii=False))
            return
        for problem in (*problems, *warnings):
            self.say(_as_github(problem) if self.format == "github" else str(problem))
        for what in unchecked:
            self.remark(f"not checked: {what}" + ("" if self.config_file else "; give the hub's file with --config"))

    def _summary(self, reading: Reading, problems: list[Problem]) -> None:
        if reading.tenancy is None or problems:
            self.remark(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}")
            return
        tenancy = reading.tenancy
        counts = ((tenancy.tenants, "tenant"), (tenancy.profiles, "profile"), (tenancy.images, "image"))
        self.remark("fine: " + ", ".join(f"{len(part)} {name}{'s' if len(part) != 1 else ''}" for part, name in counts))


def _as_json(problem: Problem) -> dict[str, str | int]:
    return {
        "file": problem.source,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "severity": "warning" if problem.warning else "error",
    }


def _as_github(problem: Problem) -> str:
    """Write a workflow command; https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands."""
    kind = "warning" if problem.warning else "error"
    file = _escaped(problem.source).replace(":", "%3A").replace(",", "%2C")
    message = _escaped(f"{problem.path}: {problem.message}" if problem.path else problem.message)
    return f"::{kind} file={file},line={problem.line},col={problem.column}::{message}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
