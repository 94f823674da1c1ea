"""The garbage collector: what is owned goes when its last owner has gone.

By default an owner goes first and what it owned follows. An owner deleted in the foreground waits, marked,
for those of its dependents that block it; one deleted with orphans lets go of them first. An owner
counts by its uid: another object of the same name is not it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.controllers.objects import Json, Reference
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.deletion import FOREGROUND, ORPHAN, delete, settle
from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store, StoreEvent


class GarbageCollector(Controller):
    """Follows owner references. Knows by uid who depends on whom."""

    def __init__(self, store: Store, settings: ClusterSettings) -> None:
        super().__init__(store, settings)
        self._dependents: dict[str, set[Reference]] = defaultdict(set)
        for kind in store.kinds():
            for obj in store.list(kind):
                self._index(Reference.to(kind, obj), obj)

    def existing(self) -> Iterable[Hashable]:
        """Return everything that has an owner or is going away in a special manner."""
        everything = [(kind, obj) for kind in self.store.kinds() for obj in self.store.list(kind)]
        return [Reference.to(kind, obj) for kind, obj in everything if _owners(obj) or _marks(obj)]

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the object, what it owned when it is gone, and its owners, who may wait for it."""
        place, obj = Reference.of(event), event.object
        if event.type == "DELETED":
            self._forget(place, obj)
            owned = tuple(self._dependents.get(obj["metadata"]["uid"], ()))
            return (*owned, *self._owner_places(place, obj))
        before = event.previous or {"metadata": {}}
        if _owners(before) != _owners(obj):
            self._forget(place, before)
            self._index(place, obj)
            return (place,)
        return (place,) if _marks(obj) else ()

    def reconcile(self, key: Hashable) -> float | None:
        """Delete what nobody owns any more; let go of, or wait for, what an owner that is going away owns."""
        assert isinstance(key, Reference)
        obj = self.store.get(*key)
        if obj is None:
            return None
        marks = _marks(obj)
        if ORPHAN in marks:
            self._orphan(key, obj)
        elif FOREGROUND in marks:
            self._go_after_dependents(key, obj)
        elif _owners(obj):
            self._go_with_owners(key, obj)
        return None

    def _go_with_owners(self, place: Reference, obj: Json) -> None:
        alive = [owner for owner in _owners(obj) if self._lives(place, owner)]
        gone = [owner for owner in _owners(obj) if owner not in alive]
        staying = [owner for owner in alive if not self._waits(place, owner)]
        if not staying and not obj["metadata"].get("deletionTimestamp"):
            deep = len(alive) > 0 and bool(self._dependents.get(obj["metadata"]["uid"]))
            delete(self.store, *place, propagation="Foreground" if deep else None)
        elif staying and gone:
            self._keep_owners(place, obj, alive)

    def _orphan(self, place: Reference, owner: Json) -> None:
        for dependent in tuple(self._dependents.get(owner["metadata"]["uid"], ())):
            obj = self.store.get(*dependent)
            if obj is not None:
                uid = owner["metadata"]["uid"]
                self._keep_owners(dependent, obj, [entry for entry in _owners(obj) if entry["uid"] != uid])
        self._unmark(place, owner, ORPHAN)

    def _go_after_dependents(self, place: Reference, owner: Json) -> None:
        uid = owner["metadata"]["uid"]
        places = tuple(self._dependents.get(uid, ()))
        for dependent in places:
            obj = self.store.get(*dependent)
            if obj is not None:
                self._go_with_owners(dependent, obj)
        left = [obj for dependent in places if (obj := self.store.get(*dependent)) is not None]
        if not any(entry["uid"] == uid and entry.get("blockOwnerDeletion") for obj in left for entry in _owners(obj)):
            self._unmark(place, owner, FOREGROUND)

    def _keep_owners(self, place: Reference, obj: Json, owners: list[Json]) -> None:
        metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        self.store.put(place.kind, {**obj, "metadata": metadata})

    def _unmark(self, place: Reference, obj: Json, mark: str) -> None:
        finalizers = [entry for entry in obj["metadata"]["finalizers"] if entry != mark]
        metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
        if finalizers:
            metadata["finalizers"] = finalizers
        settle(self.store, place.kind, {**obj, "metadata": metadata})

    def _owner(self, place: Reference, entry: Json) -> tuple[Kind, Json] | None:
        """The owner an object names, when it is there and is the one meant."""
        if not _known(entry):
            return None
        kind = kind_of(entry)
        owner = self.store.get(kind, place.namespace if kind.namespaced else None, entry["name"])
        return (kind, owner) if owner is not None and owner["metadata"]["uid"] == entry["uid"] else None

    def _lives(self, place: Reference, entry: Json) -> bool:
        return self._owner(place, entry) is not None or not _known(entry)

    def _waits(self, place: Reference, entry: Json) -> bool:
        """Whether the owner is going away and waits for what it owns."""
        found = self._owner(place, entry)
        return found is not None and FOREGROUND in _marks(found[1])

    def _owner_places(self, place: Reference, obj: Json) -> Iterable[Reference]:
        found = (self._owner(place, entry) for entry in _owners(obj))
        return [Reference.to(*owner) for owner in found if owner is not None and _marks(owner[1])]

    def _index(self, place: Reference, obj: Json) -> None:
        for owner in _owners(obj):
            self._dependents[owner["uid"]].add(place)

    def _forget(self, place: Reference, obj: Json) -> None:
        for owner in _owners(obj):
            dependents = self._dependents.get(owner["uid"], set())
            dependents.discard(place)
            if not dependents:
                self._dependents.pop(owner["uid"], None)


def _owners(obj: Json) -> list[Json]:
    return obj["metadata"].get("ownerReferences") or []


def _known(entry: Json) -> bool:
    """Whether owners of that kind can be looked up at all; if not, what they own is left alone."""
    try:
        kind_of(entry)
    except KeyError:
        return False
    return True


def _marks(obj: Json) -> set[str]:
    """How an object that is going away goes: with orphans, in the foreground, or neither."""
    metadata = obj["metadata"]
    return {FOREGROUND, ORPHAN} & set(metadata.get("finalizers") or ()) if metadata.get("deletionTimestamp") else set()
