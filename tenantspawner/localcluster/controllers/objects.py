"""Objects that a controller makes, and how one is named in a queue."""

from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from uuid import uuid4

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.store import StoreEvent

Json = dict[str, Any]


class Reference(NamedTuple):
    """Where an object is."""

    kind: Kind
    namespace: str | None
    name: str

    @classmethod
    def to(cls, kind: Kind, obj: Json) -> Self:
        """Return the place of an object."""
        return cls(kind, obj["metadata"].get("namespace"), obj["metadata"]["name"])

    @classmethod
    def of(cls, event: StoreEvent) -> Self:
        """Return the place of the object an event is about."""
        return cls.to(event.kind, event.object)


def now() -> str:
    """The time as it stands in objects."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def made(kind: Kind, name: str, namespace: str | None = None, **content: Any) -> Json:
    """Return a new object with the identity the API would have given it."""
    metadata = {"name": name, "uid": str(uuid4()), "creationTimestamp": now()}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}
