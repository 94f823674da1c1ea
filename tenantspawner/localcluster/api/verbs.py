"""What each verb does: from a question to a reply. Nothing here awaits, so each write is atomic.

Subresources other than ``status`` are in `subresources`, reviews in `reviews`, watches in `server`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tenantspawner.localcluster.api import events, patch
from tenantspawner.localcluster.api.apply import apply
from tenantspawner.localcluster.api.bodies import parse_apply, parse_patch
from tenantspawner.localcluster.api.decode import Mismatch, Shaper, shape_applied, shape_object, shape_patched
from tenantspawner.localcluster.api.deletion import ANSWERED_WITH_OBJECT, DeleteOptions, delete
from tenantspawner.localcluster.api.exchange import Question, Reply
from tenantspawner.localcluster.api.listing import list_page
from tenantspawner.localcluster.api.registry import CREATED_BY_UPDATE, Call, Registry
from tenantspawner.localcluster.api.representation import Representation
from tenantspawner.localcluster.api.routes import EVENTS_EVENT
from tenantspawner.localcluster.api.selectors import selector
from tenantspawner.localcluster.api.types import Field, root, root_of
from tenantspawner.localcluster.attributes import FieldProblem, Refusal

Object = dict[str, Any]

OK = 200
CREATED = 201


def represent(question: Question) -> Representation:
    """Return how the client wants objects shown."""
    headers = question.headers
    return Representation.wanted(question.target, headers.get("Accept", ""), question.query.get("includeObject", ""))


def answer(registry: Registry, question: Question) -> Reply:
    """Answer a question about a stored resource."""
    work = _VERBS.get(question.target.verb)
    if work is None:
        raise Refusal.method_not_allowed()
    return work(registry, question)


def _get(registry: Registry, question: Question) -> Reply:
    return Reply(OK, represent(question).one(registry.existing(question.call)))


def _list(registry: Registry, question: Question) -> Reply:
    target, query = question.target, question.query
    selected = selector(target.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    page = list_page(registry.store, target.kind, target.namespace, selected, query)
    return Reply(OK, represent(question).many(page))


def shaped(question: Question, raw: Any) -> tuple[Object, list[str]]:
    """Return the object in a body, in the words it is stored in, and the warnings about it."""
    served = question.target.served_as
    obj, warnings = shape_object(raw, root(served), served.api_version, served.kind, strictness=question.strictness)
    obj.setdefault("metadata", {})
    return (events.to_core(obj) if served is EVENTS_EVENT else obj), warnings


def _create(registry: Registry, question: Question) -> Reply:
    target = question.target
    if target.name or (target.kind.namespaced and not target.namespace):
        raise Refusal.method_not_allowed()
    obj, warnings = shaped(question, question.read())
    call = question.call
    created = registry.create(call, obj)
    return Reply(CREATED, represent(question).one(created), warnings=[*warnings, *call.warnings])


def _update(registry: Registry, question: Question) -> Reply:
    obj, warnings = shaped(question, question.read())
    call = question.call
    existed = registry.find(call) is not None
    updated = registry.update(call, lambda _: obj, create_absent=call.kind.kind in CREATED_BY_UPDATE)
    return Reply(OK if existed else CREATED, represent(question).one(updated), warnings=[*warnings, *call.warnings])


def _patch(registry: Registry, question: Question) -> Reply:
    kind = question.content_type
    if kind == patch.APPLY_YAML:
        return _apply(registry, question)
    if kind not in patch.ACCEPTED:
        raise Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    body = parse_patch(question.body)
    field, strictness = root(question.target.kind), question.strictness
    call = question.call

    def build(old: Object | None) -> Object:
        new, found = shape_patched(_patched(kind, old or {}, body, field), field, question.target.kind, strictness)
        call.warnings.extend(found)
        uid = new.get("metadata", {}).get("uid")
        if old is not None and uid and uid != old["metadata"]["uid"]:
            raise Refusal.invalid(
                call.kind, call.name, [FieldProblem.invalid("metadata.uid", uid, "field is immutable")]
            )
        return new

    updated = registry.update(call, build)
    return Reply(OK, represent(question).one(updated), warnings=call.warnings)


def _patched(kind: str, current: Object, body: Any, field: Field) -> Object:
    if kind == patch.JSON_PATCH:
        return patch.json_patch(current, body)
    if not isinstance(body, dict):
        raise patch.not_a_patch(body, "map[string]interface {}")
    merge = patch.merge_patch if kind == patch.MERGE_PATCH else partial(patch.strategic_patch, field=field)
    patched: Object = merge(current, body)
    return patched


def _apply(registry: Registry, question: Question) -> Reply:
    if not question.query.get("fieldManager"):
        raise _missing_manager()
    served = question.target.served_as
    config = shape_applied(parse_apply(question.body), root(served), served.api_version, served.kind)
    config.setdefault("metadata", {})
    call = question.call
    existed = registry.find(call) is not None
    applied = apply(registry, call, config, force=question.query.get("force") == "true")
    return Reply(OK if existed else CREATED, represent(question).one(applied), warnings=call.warnings)


def _missing_manager() -> Refusal:
    words = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    cause = {
        "reason": "FieldValueRequired",
        "message": "Required value: is required for apply patch",
        "field": "fieldManager",
    }
    return Refusal(422, "Invalid", words, {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause]})


def read_delete_options(question: Question) -> DeleteOptions:
    """Read the options of a delete from body or query."""
    query = question.query
    body: Object = {}
    if question.body.strip():
        body = _options_in(question)
    grace = body.get("gracePeriodSeconds")
    if grace is None and query.get("gracePeriodSeconds"):
        grace = int(query["gracePeriodSeconds"])
    propagation = body.get("propagationPolicy") or query.get("propagationPolicy")
    if (orphan := body.get("orphanDependents")) is not None:
        if propagation is not None:
            words = "orphanDependents and deletionPropagation cannot be both set"
            raise Refusal.bad_options("DeleteOptions", FieldProblem.invalid("propagationPolicy", propagation, words))
        propagation = "Orphan" if orphan else "Background"
    if propagation not in {None, "Foreground", "Background", "Orphan"}:
        problem = FieldProblem.not_supported(
            "propagationPolicy", propagation, ["Foreground", "Background", "Orphan", "nil"]
        )
        raise Refusal.bad_options("DeleteOptions", problem)
    if (stages := body.get("dryRun")) and stages != ["All"]:
        raise Refusal.bad_options("DeleteOptions", FieldProblem.not_supported("dryRun", stages, ["All"]))
    preconditions = body.get("preconditions", {})
    dry_run = "All" in body.get("dryRun", []) or question.call.dry_run
    return DeleteOptions(
        grace, preconditions.get("uid"), preconditions.get("resourceVersion"), propagation, dry_run=dry_run
    )


def _options_in(question: Question) -> Object:
    """Read the body of a delete; its refusals say less than those of an object's body."""
    try:
        raw = question.read_any()
    except ValueError as error:
        raise Refusal.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    version, kind = str(raw.get("apiVersion", "v1")), str(raw.get("kind", "DeleteOptions"))
    if kind != "DeleteOptions":
        words = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        raise Refusal.bad_request(words)
    try:
        options: Object = Shaper().shape(raw, root_of("v1", "DeleteOptions"))
    except Mismatch as mismatch:
        raise Refusal.bad_request(str(mismatch)) from None
    return options


def _call_of(question: Question, options: DeleteOptions, obj: Object | None = None) -> Call:
    call = question.call
    name = obj["metadata"]["name"] if obj else call.name
    namespace = obj["metadata"].get("namespace") if obj else call.namespace
    return Call(call.user, call.kind, namespace, name, None, options.dry_run, call.manager)


def _delete(registry: Registry, question: Question) -> Reply:
    options = read_delete_options(question)
    call = _call_of(question, options)
    old, gone = delete(registry, call, options)
    if not gone or call.kind in ANSWERED_WITH_OBJECT:
        return Reply(OK, represent(question).one(old))
    details = {"name": call.name, "group": call.kind.group, "kind": call.kind.plural, "uid": old["metadata"]["uid"]}
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return Reply(OK, status | {"details": {key: value for key, value in details.items() if value}})


def _delete_collection(registry: Registry, question: Question) -> Reply:
    target, query = question.target, question.query
    if target.kind.kind == "Namespace" or (target.kind.namespaced and not target.namespace):
        raise Refusal.method_not_allowed()
    options = read_delete_options(question)
    selected = selector(target.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    page = list_page(registry.store, target.kind, target.namespace, selected, query)
    for obj in page.items:
        delete(registry, _call_of(question, options, obj), options)
    return Reply(OK, represent(question).many(page))


_VERBS: Mapping[str, Callable[[Registry, Question], Reply]] = {
    "get": _get,
    "list": _list,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}
