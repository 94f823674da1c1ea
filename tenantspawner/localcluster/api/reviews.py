"""Questions about rights and identities, answered and never stored."""

from typing import Any

from tenantspawner.localcluster.api.clock import now
from tenantspawner.localcluster.api.decode import shape_object
from tenantspawner.localcluster.api.exchange import Question, Reply
from tenantspawner.localcluster.api.types import root
from tenantspawner.localcluster.attributes import FieldProblem, Refusal, UserInfo
from tenantspawner.localcluster.authentication import Authenticator
from tenantspawner.localcluster.authorization import Authorizer

Object = dict[str, Any]

CREATED = 201


def review(question: Question, authorizer: Authorizer, authenticator: Authenticator) -> Reply:
    """Answer a review with itself and its status."""
    kind = question.target.kind
    if question.target.verb != "create" or question.target.name:
        raise Refusal.method_not_allowed()
    asked, warnings = shape_object(
        question.read(), root(kind), kind.api_version, kind.kind, strictness=question.strictness
    )
    spec = asked.get("spec", {})
    match kind.kind:
        case "SelfSubjectAccessReview":
            status = _access(spec, question.user, authorizer)
        case "SubjectAccessReview" | "LocalSubjectAccessReview":
            subject = UserInfo(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups", [])))
            status = _access(spec, subject, authorizer)
        case "SelfSubjectRulesReview":
            if not spec.get("namespace"):
                raise Refusal.bad_request("no namespace on request")
            status = authorizer.rules_status(question.user, spec["namespace"])
            return Reply(CREATED, {**asked, "metadata": {}, "spec": {}, "status": status}, warnings=warnings)
        case "TokenReview":
            status = _token(spec, authenticator)
        case _:
            status = {"userInfo": _user(question.user)}
            return Reply(CREATED, {**asked, "metadata": {"creationTimestamp": now()}, "status": status})
    return Reply(CREATED, {**asked, "metadata": {}, "status": status}, warnings=warnings)


def _access(spec: Object, user: UserInfo, authorizer: Authorizer) -> Object:
    if path := spec.get("nonResourceAttributes"):
        return {"allowed": authorizer.allows_path(user, path.get("verb", ""), path.get("path", ""))}
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        problem = FieldProblem.invalid(
            "spec.resourceAttributes",
            None,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )
        details = {"group": "authorization.k8s.io", "causes": [problem.cause]}
        message = f'.authorization.k8s.io "" is invalid: {problem.field}: {problem.message}'
        raise Refusal(422, "Invalid", message, details)
    return {"allowed": authorizer.allows(user, wanted)}


def _token(spec: Object, authenticator: Authenticator) -> Object:
    user = authenticator.user(spec.get("token", ""))
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": _user(user), "audiences": ["https://kubernetes.default.svc"]}


def _user(user: UserInfo) -> Object:
    info: Object = {"username": user.name, "groups": list(user.groups)}
    return info | ({"uid": user.uid} if user.uid else {})
