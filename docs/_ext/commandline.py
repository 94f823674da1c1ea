"""The command line as it describes itself."""

import re

from traitlets.utils.importstring import import_item

from tenantspawner.cli.app import COMMANDS


def page():
    return "\n".join(f"## {name}\n\n```text\n{text(path)}\n```\n" for name, (path, _) in COMMANDS.items())


def text(path):
    command = import_item(path)()
    lines = "\n".join(command.emit_help(classes=False)).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("The options below"))
    end = next(place for place, line in enumerate(lines) if place > start and not line.strip())
    kept = lines[:start] + lines[end + 1 :]  # traitlets' words about itself
    kept = [line for line in kept if not line.lstrip().startswith(("Equivalent to:", "To see all"))]
    return "\n".join(re.sub(r"^ +(?=tenantspawner|kubectl)", "    ", line) for line in kept).strip()
