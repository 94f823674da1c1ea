"""``tenantspawner schema``: the document's JSON Schema, for editors that check and complete while one types.

In an editor with the YAML language server: ``# yaml-language-server: $schema=tenancy.schema.json`` as first line.
"""

import json

from tenantspawner.cli.app import Command
from tenantspawner.tenancy import schema


class Schema(Command):
    """``schema``."""

    name = "schema"
    description = "Print the JSON Schema of the tenancy document, for editors."

    def run(self) -> int:
        """Print the schema."""
        self.say(json.dumps(schema(), indent=2, ensure_ascii=False))
        return 0
