"""A world on a real control plane, read and changed as its administrator: what the embedded cluster's store is to the other.

Requests do not pass through the product's client. They are short and hold the loop that long.
"""

import json
from collections.abc import Mapping
from typing import Any

from tenantspawner.kube.kinds import Kind, kind_of
from tenantspawner.localcluster.demo.world import World, WorldOptions
from tests.support.controlplane.plane import ControlPlane

GIVEN = {"kube-root-ca.crt", "default"}
"""What Kubernetes puts into each namespace, in its own time."""


class PlaneWorld(World):
    """A world, and the control plane it stands on."""

    def __init__(self, options: WorldOptions, plane: ControlPlane) -> None:
        super().__init__(options)
        self.plane = plane

    def listed(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        """All objects of a kind."""
        return list(self._asked("GET", kind.path(namespace))["items"])

    def changed(self, kind: Kind, namespace: str | None, name: str, parts: Mapping[str, Any]) -> None:
        """Merge parts into an object."""
        self._asked("PATCH", kind.path(namespace, name), parts, content="application/merge-patch+json")

    def created(self, manifest: Mapping[str, Any]) -> None:
        """Create an object."""
        self._asked("POST", kind_of(manifest).path(manifest["metadata"].get("namespace")), manifest)

    def removed(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        """Delete an object, and return what it was, as a manifest."""
        path = kind.path(namespace, name)
        was: dict[str, Any] = self._asked("GET", path)
        self._asked("DELETE", path)
        return was

    def _asked(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        reply = self.plane.request(method, path, body, **more)
        assert reply.status in {200, 201, 202}, f"{method} {path}: {reply}"
        return reply.body


def version(world: World, item: Mapping[str, Any]) -> str:
    """What tells two versions of an object apart; on Kubernetes without what its controllers write by and by."""
    if not isinstance(world, PlaneWorld):
        return str(item["metadata"]["resourceVersion"])
    metadata = {
        key: value for key, value in item["metadata"].items() if key not in {"resourceVersion", "managedFields"}
    }
    return json.dumps({**item, "metadata": metadata, "status": None}, sort_keys=True)
