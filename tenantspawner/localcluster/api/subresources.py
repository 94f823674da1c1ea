"""Subresources that are verbs in disguise: binding, eviction, finalize, tokens. Logs are streamed by `logs`."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster.api.clock import now
from tenantspawner.localcluster.api.decode import shape_object
from tenantspawner.localcluster.api.deletion import DeleteOptions, delete
from tenantspawner.localcluster.api.exchange import Question, Reply
from tenantspawner.localcluster.api.registry import Call, Registry, uid_mismatch
from tenantspawner.localcluster.api.types import root_of
from tenantspawner.localcluster.attributes import FieldProblem, Refusal
from tenantspawner.localcluster.authentication import AUDIENCE, Authenticator

Object = dict[str, Any]

CREATED = 201
_HOUR = 3600
_SHORTEST = 600
_LONGEST = 1 << 32


def _read(question: Question, api_version: str, kind: str) -> Object:
    obj, _ = shape_object(question.read(), root_of(api_version, kind), api_version, kind, strictness="Ignore")
    return obj


def _check_name(body: Object, question: Question, kind: str) -> None:
    name = body.get("metadata", {}).get("name")
    if name and name != question.call.name:
        raise Refusal.bad_request(f"name in URL does not match name in {kind} object")


def bind(registry: Registry, question: Question) -> Reply:
    """Put a pod on a node: once, and only while it is not going away."""
    binding = _read(question, "v1", "Binding")
    call = question.call
    pod = registry.existing(call)
    _check_name(binding, question, "Binding")
    target = binding.get("target", {})
    node = target.get("name", "")
    if target.get("kind", "Node") not in {"", "Node"}:
        raise Refusal.plain(f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"')
    if not node:
        raise Refusal.plain("target.name: Required value")
    if (uid := binding.get("metadata", {}).get("uid")) and uid != pod["metadata"]["uid"]:
        raise Refusal.conflict(call.kind, call.name, uid_mismatch(call, uid, pod["metadata"]["uid"]))
    current = pod["spec"].get("nodeName")
    if "deletionTimestamp" in pod["metadata"]:
        raise Refusal.conflict(
            call.kind,
            call.name,
            f"pod {call.name} is being deleted, cannot be assigned to a host",
            subject="pods/binding",
        )
    if current:
        raise Refusal.conflict(
            call.kind, call.name, f'pod {call.name} is already assigned to node "{current}"', subject="pods/binding"
        )
    if pod["spec"].get("schedulingGates"):
        raise Refusal.conflict(
            call.kind, call.name, f"pod {call.name} has non-empty .spec.schedulingGates", subject="pods/binding"
        )
    condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now()}
    conditions = [c for c in pod.get("status", {}).get("conditions", []) if c["type"] != "PodScheduled"]
    bound = {
        **pod,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**pod.get("status", {}), "conditions": [*conditions, condition]},
    }
    if not call.dry_run:
        registry.store.put(kube.POD, bound)
    return Reply(CREATED, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": CREATED})


def evict(registry: Registry, question: Question) -> Reply:
    """Delete a pod as a drain does; there are no disruption budgets here."""
    eviction = _read(question, "policy/v1", "Eviction")
    _check_name(eviction, question, "Eviction")
    body = eviction.get("deleteOptions", {})
    preconditions = body.get("preconditions", {})
    call = question.call
    options = DeleteOptions(
        body.get("gracePeriodSeconds"),
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
        body.get("propagationPolicy"),
        dry_run=call.dry_run,
    )
    delete(registry, Call(call.user, call.kind, call.namespace, call.name, None, call.dry_run, call.manager), options)
    return Reply(CREATED, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": CREATED})


def finalize(registry: Registry, question: Question) -> Reply:
    """Set a namespace's ``spec.finalizers``; without any, one that is going away goes."""
    given = _read(question, "v1", "Namespace")
    old = registry.existing(question.call)
    new = {
        **old,
        "metadata": {
            **old["metadata"],
            "resourceVersion": given["metadata"].get("resourceVersion") or old["metadata"]["resourceVersion"],
        },
        "spec": {**old.get("spec", {}), "finalizers": given.get("spec", {}).get("finalizers", [])},
    }
    if new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
        raise Refusal.stale(question.call.kind, question.call.name)
    return Reply(200, registry.finish_update(question.call, new, old))


def issue_token(registry: Registry, question: Question, authenticator: Authenticator) -> Reply:
    """Make a token for a service account."""
    request = _read(question, "authentication.k8s.io/v1", "TokenRequest")
    account = registry.existing(question.call)
    spec = request.setdefault("spec", {})
    seconds = spec.setdefault("expirationSeconds", _HOUR)
    if seconds < _SHORTEST or seconds > _LONGEST:
        words = (
            "may not specify a duration less than 10 minutes"
            if seconds < _SHORTEST
            else "may not specify a duration larger than 2^32 seconds"
        )
        problem = FieldProblem.invalid("spec.expirationSeconds", seconds, words)
        message = f'TokenRequest.authentication.k8s.io "" is invalid: {problem.field}: {problem.message}'
        details = {"group": "authentication.k8s.io", "kind": "TokenRequest", "causes": [problem.cause]}
        raise Refusal(422, "Invalid", message, details)
    spec["audiences"] = spec.get("audiences") or [AUDIENCE]
    token, expires = authenticator.issue(account, seconds, spec["audiences"])
    expiration = f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%dT%H:%M:%SZ}"
    metadata = {"name": question.call.name, "namespace": question.call.namespace, "uid": str(uuid4())}
    metadata["creationTimestamp"] = now()
    return Reply(
        CREATED, {**request, "metadata": metadata, "status": {"token": token, "expirationTimestamp": expiration}}
    )
