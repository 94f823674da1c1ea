"""The JSON Schema of the document, made of the models, for editors; ``profiles/tenancy.schema.json`` is its output."""

from typing import Any

from tenantspawner.tenancy.models import Tenancy


def schema() -> dict[str, Any]:
    """Describe the document, version 1."""
    described = Tenancy.model_json_schema(by_alias=True)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tenancy document of tenantspawner, version 1",
        "description": "Tenants of a JupyterHub on Kubernetes: who may start what, where, and how much of it.",
    }
    _close(described)
    return head | {key: value for key, value in described.items() if key not in head}


def _close(part: Any) -> None:
    """Refuse keys that match none of the patterns of a mapping's ids."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for value in part.values():
            _close(value)
    elif isinstance(part, list):
        for value in part:
            _close(value)
