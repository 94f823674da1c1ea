"""The objects of one watch in memory: by key, by index, and awaited.

A store changes only through its watch: a whole list replaces it, an event changes one object. Each change goes to
the waiters of that key and to every callback, as (old, new), in the order in which Kubernetes told it; a callback
that raises is logged and harms nobody. Waiting is by event: whoever waits is woken in the same turn of the loop.

Before the first list an absent object is unknown, not gone: `complete` tells, and `until` waits for it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from tenantspawner.cluster.deadline import Deadline
from tenantspawner.kube.objects import KubeObject

log = logging.getLogger(__name__)

T = TypeVar("T", bound=KubeObject)
Key = tuple[str, str]
Index = Callable[[T], Iterable[str]]
OnChange = Callable[[T | None, T | None], None]
Predicate = Callable[[T | None], bool]
Waiter = tuple[Predicate[T], asyncio.Future[T | None]]


def by_namespace(obj: KubeObject) -> Iterable[str]:
    """Index by namespace."""
    return (obj.metadata.namespace,)


def by_label(label: str) -> Callable[[KubeObject], Iterable[str]]:
    """Index by the value of a label; objects without it are not in it."""

    def values(obj: KubeObject) -> Iterable[str]:
        value = obj.metadata.labels.get(label)
        return () if value is None else (value,)

    return values


class Store(Generic[T]):
    """Objects by (namespace, name). An index ``namespace`` is always there."""

    def __init__(self, indexes: Mapping[str, Index[T]] | None = None) -> None:
        self.complete = False
        self._objects: dict[Key, T] = {}
        self._indexers: dict[str, Index[T]] = {"namespace": by_namespace, **(indexes or {})}
        self._indexes: dict[str, dict[str, dict[Key, T]]] = {name: {} for name in self._indexers}
        self._callbacks: list[OnChange[T]] = []
        self._waiters: defaultdict[Key, list[Waiter[T]]] = defaultdict(list)

    def get(self, namespace: str | None, name: str) -> T | None:
        """The object as last seen; None when it is absent, or when nothing has been seen yet."""
        return self._objects.get((namespace or "", name))

    def all(self) -> list[T]:
        """All objects."""
        return [*self._objects.values()]

    def indexed(self, index: str, value: str) -> list[T]:
        """The objects with that value in that index; KeyError for an index that was not asked for."""
        return [*self._indexes[index].get(value, {}).values()]

    def __len__(self) -> int:
        return len(self._objects)

    def on_change(self, callback: OnChange[T]) -> Callable[[], None]:
        """Call back for each change from now on, with (old, new); returns what ends it."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    async def until(self, namespace: str | None, name: str, predicate: Predicate[T], deadline: Deadline) -> T | None:
        """Wait until `predicate` holds for the object (None: it is certainly absent), and return what it held for.

        Each change is shown to the predicate, so that a state that lasts a moment is not missed.

        Raises
        ------
        DeadlinePassed
            It did not hold in time.
        """
        key = (namespace or "", name)
        present = self._objects.get(key)
        if (present is not None or self.complete) and predicate(present):
            return present
        waiter: Waiter[T] = (predicate, asyncio.get_running_loop().create_future())
        self._waiters[key].append(waiter)
        try:
            async with deadline.timeout(f"wait for {'/'.join(filter(None, key))}"):
                return await waiter[1]
        finally:
            self._forget(key, waiter)

    def replace(self, objects: Iterable[T]) -> None:
        """Make the store equal to a whole list; what is not in it has been deleted."""
        new = {obj.key: obj for obj in objects}
        first, self.complete = not self.complete, True
        for key in [key for key in self._objects if key not in new]:
            self._set(key, None)
        for obj in new.values():
            self._change(obj)
        if first:
            for key in [key for key in self._waiters if key not in new]:
                self._wake(key, None)

    def put(self, obj: T) -> None:
        """Take an added or modified object, unless a newer view of it is here already."""
        old = self._objects.get(obj.key)
        same = old is not None and old.metadata.uid == obj.metadata.uid
        if old is None or not same or newer(obj.metadata.resource_version, old.metadata.resource_version):
            self._change(obj)

    def remove(self, obj: T) -> None:
        """Take a deleted object, unless the name is another one's by now."""
        old = self._objects.get(obj.key)
        if old is not None and old.metadata.uid == obj.metadata.uid:
            self._set(obj.key, None)

    def _change(self, obj: T) -> None:
        old = self._objects.get(obj.key)
        if old is not None and old.metadata.uid != obj.metadata.uid:
            self._set(obj.key, None)  # another object of the same name: the old one has been deleted in between
            old = None
        if old is None or old.metadata.resource_version != obj.metadata.resource_version:
            self._set(obj.key, obj)

    def _set(self, key: Key, new: T | None) -> None:
        old = self._objects.pop(key, None)
        if old is not None:
            self._unindex(key, old)
        if new is not None:
            self._objects[key] = new
            for name, values in self._indexers.items():
                for value in values(new):
                    self._indexes[name].setdefault(value, {})[key] = new
        self._wake(key, new)
        for callback in [*self._callbacks]:
            try:
                callback(old, new)
            except Exception:
                log.exception("a callback failed on a change of %s", "/".join(key))

    def _unindex(self, key: Key, old: T) -> None:
        for name, values in self._indexers.items():
            index = self._indexes[name]
            for value in values(old):
                index[value].pop(key, None)
                if not index[value]:
                    del index[value]

    def _wake(self, key: Key, new: T | None) -> None:
        if new is None and not self.complete:
            return
        for predicate, future in [*self._waiters.get(key, ())]:
            if future.done():
                continue
            try:
                if predicate(new):
                    future.set_result(new)
            except Exception as error:  # noqa: BLE001 - whose predicate it is, gets it
                future.set_exception(error)

    def _forget(self, key: Key, waiter: Waiter[T]) -> None:
        self._waiters[key].remove(waiter)
        if not self._waiters[key]:
            del self._waiters[key]


def newer(version: str, than: str) -> bool:
    """Whether a resource version is newer; those that are not numbers can only be told apart.

    Comparing them is allowed since Kubernetes 1.35 and has always worked.
    """
    if version.isdigit() and than.isdigit():
        return int(version) > int(than)
    return version != than
