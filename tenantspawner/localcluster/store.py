"""What the embedded cluster remembers: objects by kind, namespace and name, and what happened to them.

One counter numbers every change of every kind, as etcd's revision does; it is each object's
``metadata.resourceVersion`` and orders all watches. A bounded history lets a watch resume from a
version it has seen; older than that, it is told to list again (`Expired`).

Objects are shared, never copied: whoever reads one must copy before changing it. `put` stores a
new top level and a new ``metadata``, so an object once handed out does not change any more.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tenantspawner.kube.kinds import Kind

Object = dict[str, Any]
Objects = list[Object]  # names of their own, since `Store.list` hides the builtin in its class
EventType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One change. `previous` is the object before it; a DELETED one carries the version of the deletion."""

    type: EventType
    kind: Kind
    object: Object
    resource_version: int
    previous: Object | None = None


StoreEvents = list[StoreEvent]
Subscriber = Callable[[StoreEvent], None]


class Expired(Exception):
    """The history no longer reaches back to that version (HTTP 410)."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")
        self.asked = asked
        self.oldest = oldest


class Store:
    """All objects of one cluster; belongs to one event loop."""

    def __init__(self, history: int = 20_000) -> None:
        self.resource_version = 1
        self._objects: dict[Kind, dict[str, dict[str, Object]]] = {}
        self._history: deque[StoreEvent] = deque()
        self._history_limit = history
        self._forgotten = 0  # the newest version whose event is no longer in the history
        self._subscribers: list[Subscriber] = []

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """Return the object, None when there is none. It is shared: copy before changing it."""
        return self._objects.get(kind, {}).get(namespace or "", {}).get(name)

    def list(self, kind: Kind, namespace: str | None = None) -> Objects:
        """Return the objects of a kind in one namespace, or in all, ordered by namespace and name."""
        spaces = self._objects.get(kind, {})
        if namespace is not None:
            return [obj for _, obj in sorted(spaces.get(namespace, {}).items())]
        return [obj for _, space in sorted(spaces.items()) for _, obj in sorted(space.items())]

    def put(self, kind: Kind, obj: Object) -> Object:
        """Create or replace an object and return it as stored, with its new ``resourceVersion``.

        Content equal to what is stored writes nothing: the stored object comes back as it was.
        """
        metadata = obj["metadata"]
        space = self._objects.setdefault(kind, {}).setdefault(metadata.get("namespace") or "", {})
        previous = space.get(metadata["name"])
        if previous is not None and _same(previous, obj):
            return previous
        version = self._next()
        stored = {**obj, "metadata": {**metadata, "resourceVersion": str(version)}}
        space[metadata["name"]] = stored
        self._tell(StoreEvent("ADDED" if previous is None else "MODIFIED", kind, stored, version, previous))
        return stored

    def remove(self, kind: Kind, namespace: str | None, name: str, last: Object | None = None) -> Object | None:
        """Remove an object and return its last state under the version of its deletion; None when there was none.

        `last` is that state where it differs from what is stored.
        """
        previous = self._objects.get(kind, {}).get(namespace or "", {}).pop(name, None)
        if previous is None:
            return None
        version = self._next()
        last = last or previous
        last = {**last, "metadata": {**last["metadata"], "resourceVersion": str(version)}}
        self._tell(StoreEvent("DELETED", kind, last, version, previous))
        return last

    def kinds(self) -> tuple[Kind, ...]:
        """Return the kinds that have had objects."""
        return tuple(self._objects)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` with each later change, before the write returns; returns how to end it.

        A callback must not write to the store: it notes what happened and acts afterwards.
        """
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._subscribers.remove(callback)

        return unsubscribe

    def history_since(self, resource_version: int) -> StoreEvents:
        """Return the changes after that version, oldest first.

        Raises
        ------
        Expired
            The history does not reach back that far.
        """
        if resource_version < self._forgotten:
            raise Expired(resource_version, self._forgotten)
        newer: StoreEvents = []
        for event in reversed(self._history):
            if event.resource_version <= resource_version:
                break
            newer.append(event)
        newer.reverse()
        return newer

    def compact(self) -> None:
        """Forget the history: whoever resumes from an older version is told to list again."""
        self._history.clear()
        self._forgotten = self.resource_version

    def restore(self, resource_version: int, objects: Iterable[tuple[Kind, Object]]) -> None:
        """Fill an empty store with objects as they were, versions included; tells nobody and has no history."""
        for kind, obj in objects:
            metadata = obj["metadata"]
            self._objects.setdefault(kind, {}).setdefault(metadata.get("namespace") or "", {})[metadata["name"]] = obj
        self.resource_version = max(self.resource_version, resource_version)
        self.compact()

    def _next(self) -> int:
        self.resource_version += 1
        return self.resource_version

    def _tell(self, event: StoreEvent) -> None:
        self._history.append(event)
        if len(self._history) > self._history_limit:
            self._forgotten = self._history.popleft().resource_version
        for subscriber in tuple(self._subscribers):
            subscriber(event)


def _same(stored: Object, obj: Object) -> bool:
    """Equal but for the version; compares the short metadata last."""
    if stored.keys() != obj.keys():
        return False
    if any(stored[key] != value for key, value in obj.items() if key != "metadata"):
        return False
    return {**stored["metadata"], "resourceVersion": ""} == {**obj["metadata"], "resourceVersion": ""}
