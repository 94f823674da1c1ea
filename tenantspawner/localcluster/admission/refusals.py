"""How admission names the object it refuses, whatever the plugin."""

from tenantspawner.localcluster.attributes import Attributes, Refusal


def forbidden(attributes: Attributes, why: str, causes: tuple[dict[str, str], ...] = ()) -> Refusal:
    """Return the 403 of an admission plugin for the object in question."""
    return Refusal.forbidden(attributes.kind, _name(attributes), why, causes)


def _name(attributes: Attributes) -> str:
    metadata = (attributes.object or {}).get("metadata") or {}
    return attributes.name or metadata.get("name") or metadata.get("generateName") or "Unknown"
