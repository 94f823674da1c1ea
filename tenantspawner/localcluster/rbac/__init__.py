"""Who may do what: Role-based access control, evaluated from the objects in the store.

`authorize` answers a request before anything else looks at it, `check_escalation` looks at the
roles and bindings people write, and `rules_for` tells them what they may. Nothing is cached: a
binding counts from the moment it is stored. Aggregated cluster roles are not put together.
"""

from tenantspawner.localcluster.attributes import Refusal, UserInfo, aggregate
from tenantspawner.localcluster.rbac.bindings import MASTERS, Missing, held
from tenantspawner.localcluster.rbac.escalation import check_escalation
from tenantspawner.localcluster.rbac.rules import Request, Rule, allows
from tenantspawner.localcluster.rbac.seed import seed_roles
from tenantspawner.localcluster.store import Store

__all__ = [
    "Request",
    "allowed",
    "authorize",
    "authorize_path",
    "check_escalation",
    "rules_for",
    "seed_roles",
]


def authorize(  # noqa: PLR0917  the words of a request, in the order in which a rule has them
    store: Store,
    user: UserInfo,
    verb: str,
    group: str,
    resource: str,
    subresource: str | None = None,
    namespace: str | None = None,
    name: str | None = None,
) -> None:
    """Let the request pass, or raise the 403 that says who cannot do what where."""
    request = Request(verb, group, resource, subresource or "", namespace or "", name or "")
    missing = _missing_right(store, user, request)
    if missing is None:
        return
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    why = f'User "{user.name}" cannot {verb} resource "{request.combined}" in API group "{group}" {where}{missing}'
    subject = f"{resource}.{group}" if group else resource
    subject += f' "{request.name}"' if request.name else ""
    details = {"name": request.name, "group": group, "kind": resource}
    raise Refusal(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def authorize_path(store: Store, user: UserInfo, verb: str, path: str) -> None:
    """Let a request for something that is no resource pass (``/version``), or raise 403."""
    missing = _missing_right(store, user, Request(verb, path=path))
    if missing is not None:
        why = f'User "{user.name}" cannot {verb} path "{path}"{missing}'
        raise Refusal(403, "Forbidden", f"forbidden: {why}")


def allowed(store: Store, user: UserInfo, request: Request) -> bool:
    """Whether the user may do that."""
    return _missing_right(store, user, request) is None


def rules_for(store: Store, user: UserInfo, namespace: str) -> list[Rule]:
    """Return the rules the user holds in a namespace, as SelfSubjectRulesReview lists them."""
    return [rule for rule in held(store, user, namespace) if not isinstance(rule, Missing)]


def _missing_right(store: Store, user: UserInfo, request: Request) -> str | None:
    """None when the request is allowed; else what to add to the refusal, mostly nothing."""
    if MASTERS in user.groups:
        return None
    missing: list[str] = []
    for rule in held(store, user, request.namespace):
        if isinstance(rule, Missing):
            missing.append(str(rule))
        elif allows(rule, request):
            return None
    return f": RBAC: {aggregate(missing)}" if missing else ""
