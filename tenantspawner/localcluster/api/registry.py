"""The write path: each function reads what is stored, decides, and writes, without awaiting anything between.

The order of a write is the real API server's: defaults, mutating admission, preparation, validation
(422), validating admission (quota, Pod Security), then the store. So a create that is answered
AlreadyExists has been charged to the quota.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tenantspawner.kube import kinds as kube
from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import managed, preparation
from tenantspawner.localcluster.api.addresses import Addresses
from tenantspawner.localcluster.api.defaults import apply_defaults
from tenantspawner.localcluster.api.validation import validate_create, validate_update
from tenantspawner.localcluster.attributes import Attributes, FieldProblem, Operation, Refusal, UserInfo
from tenantspawner.localcluster.store import Store

Object = dict[str, Any]
Build = Callable[[Object | None], Object]

CREATED_BY_UPDATE = {
    "LimitRange", "Event", "Service", "Endpoints", "RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole", "Lease",
}  # fmt: skip
_WRONG_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
_NEED_VERSION = {"Lease", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


class Admit(Protocol):
    """Admission as a whole; it calls `validation` between the steps that change and those that only look."""

    def __call__(
        self, attributes: Attributes, store: Store, *, validation: Callable[[Object], None] | None = None
    ) -> Object:
        """Return the object as it shall be stored, or raise a Refusal."""


def admit_everything(
    attributes: Attributes, store: Store, *, validation: Callable[[Object], None] | None = None
) -> Object:
    """Admission that only validates: for tests of the API alone."""
    del store
    if validation is not None and attributes.object is not None:
        validation(attributes.object)
    return attributes.object if attributes.object is not None else attributes.old_object or {}


@dataclass(frozen=True, slots=True)
class Call:
    """One write: who, what, and how it is to be done."""

    user: UserInfo
    kind: Kind
    namespace: str | None
    name: str
    subresource: str | None = None
    dry_run: bool = False
    manager: str = "unknown"
    warnings: list[str] = field(default_factory=list, compare=False)


class Registry:
    """Creates and changes objects; `Deletions` removes them."""

    def __init__(self, store: Store, admit: Admit) -> None:
        self.store = store
        self.admit = admit
        self.addresses = Addresses(store)

    def find(self, call: Call) -> Object | None:
        """Return what is stored, None when there is none."""
        return self.store.get(call.kind, _namespace_of(call), call.name)

    def existing(self, call: Call) -> Object:
        """Return what is stored, or raise 404."""
        found = self.find(call)
        if found is None:
            raise Refusal.not_found(call.kind, call.name)
        return found

    def create(self, call: Call, obj: Object, *, tracked: bool = False) -> Object:
        """Store a new object; `tracked` when its owners are noted already, as apply does."""
        metadata = obj["metadata"]
        preparation.wipe_system_fields(obj)
        _place(call, metadata)
        if metadata.get("resourceVersion") and not tracked:
            raise Refusal.plain("resourceVersion should not be set on objects to be created")
        metadata.pop("resourceVersion", None)
        apply_defaults(call.kind, obj)
        if not tracked:
            if call.kind is kube.SECRET:
                preparation.merge_string_data(obj)
            managed.track_create(call.kind, obj, call.manager)

        def finish(obj: Object) -> None:
            preparation.generate_name(obj)
            preparation.prepare_create(call.kind, obj, self.addresses.next)
            if problems := validate_create(call.kind, obj):
                raise Refusal.invalid(call.kind, obj["metadata"].get("name", ""), problems)

        obj = self.admit(_attributes(call, "CREATE", obj, None), self.store, validation=finish)
        name = obj["metadata"]["name"]
        if (old := self.store.get(call.kind, _namespace_of(call), name)) is not None:
            raise Refusal.already_exists(call.kind, name, being_deleted="deletionTimestamp" in old["metadata"])
        return self._put(call, obj)

    def update(self, call: Call, build: Build, *, tracked: bool = False, create_absent: bool = False) -> Object:
        """Replace an object by what `build` makes of it.

        `build` gets what is stored and returns an object of its own; the stored one comes back
        unchanged when nothing differs.
        """
        old = self.find(call)
        if old is None:
            if create_absent:
                new = build(None)
                new["metadata"].pop("resourceVersion", None)  # creates all the same, as the real one does
                return self.create(call, new, tracked=tracked)
            raise Refusal.not_found(call.kind, call.name)
        new = build(old)
        _check_identity(call, new, old)
        apply_defaults(call.kind, new)
        if call.subresource in {None, "finalize", "ephemeralcontainers"}:
            preparation.prepare_update(call.kind, new, old)
        else:
            preparation.prepare_status_update(call.kind, new, old)
        return self.finish_update(call, new, old, tracked=tracked)

    def finish_update(self, call: Call, new: Object, old: Object, *, tracked: bool = False) -> Object:
        """Admit, validate and store a prepared change."""

        def check(obj: Object) -> None:
            if problems := validate_update(call.kind, obj, old, call.subresource):
                raise Refusal.invalid(call.kind, call.name, problems)

        if not tracked:
            managed.track_update(call.kind, new, old, call.manager, call.subresource)
        new = self.admit(_attributes(call, "UPDATE", new, old), self.store, validation=check)
        if _finished(call.kind, new):
            if not call.dry_run:
                self.store.remove(call.kind, _namespace_of(call), call.name)  # watches see it as it was
            return new
        return self._put(call, new)

    def admit_delete(self, call: Call, old: Object) -> None:
        """Let admission see a delete."""
        self.admit(_attributes(call, "DELETE", None, old), self.store)

    def _put(self, call: Call, obj: Object) -> Object:
        return obj if call.dry_run else self.store.put(call.kind, obj)


def _attributes(call: Call, operation: Operation, obj: Object | None, old: Object | None) -> Attributes:
    namespace = call.namespace
    name = call.name or ((obj or {}).get("metadata", {}).get("name") or "")
    if call.kind is kube.NAMESPACE:
        namespace = name
    return Attributes(
        call.user, operation, call.kind, namespace, name, call.subresource, obj, old, call.dry_run, call.warnings
    )


def _namespace_of(call: Call) -> str | None:
    return call.namespace if call.kind.namespaced else None


def _place(call: Call, metadata: Object) -> None:
    """Put a new object into the namespace of the URL."""
    if not call.kind.namespaced:
        if metadata.get("namespace"):
            raise Refusal.bad_request(_WRONG_NAMESPACE)
        return
    given = metadata.setdefault("namespace", call.namespace)
    if given != call.namespace:
        raise Refusal.bad_request(_WRONG_NAMESPACE)


def _check_identity(call: Call, new: Object, old: Object) -> None:
    """Hold a replacement against the URL and what is stored: name, namespace, uid, version."""
    metadata, stored = new["metadata"], old["metadata"]
    name = metadata.setdefault("name", call.name)
    if name != call.name:
        raise Refusal.bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    if call.kind.namespaced:
        namespace = metadata.setdefault("namespace", call.namespace)
        if namespace != call.namespace:
            raise Refusal.bad_request(_WRONG_NAMESPACE)
    uid = metadata.get("uid")
    if uid and uid != stored["uid"]:
        raise Refusal.conflict(call.kind, call.name, uid_mismatch(call, uid, stored["uid"]))
    mark = metadata.get("deletionTimestamp")
    if mark and mark != stored.get("deletionTimestamp"):
        problem = FieldProblem.invalid("metadata.deletionTimestamp", mark, "field is immutable")
        raise Refusal.invalid(call.kind, call.name, [problem])
    version = metadata.get("resourceVersion")
    if version and not version.isdigit():
        raise Refusal.plain(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version in {None, "", "0"}:
        if call.kind.kind in _NEED_VERSION:
            problem = FieldProblem.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise Refusal.invalid(replace(call.kind, kind=call.kind.plural), call.name, [problem])
        metadata["resourceVersion"] = stored["resourceVersion"]
    elif version != stored["resourceVersion"]:
        raise Refusal.stale(call.kind, call.name)


def uid_mismatch(call: Call, given: str, stored: str) -> str:
    """Return the words of a write that means another object of that name."""
    key = "/".join(part for part in ("/registry", call.kind.plural, call.namespace, call.name) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {given}, UID in object meta: {stored}"
    )


def _finished(kind: Kind, obj: Object) -> bool:
    """Whether an object that was only waiting for its finalizers has lost the last of them."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if kind is kube.NAMESPACE and obj.get("spec", {}).get("finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds")
