"""Nobody gives away rights they do not hold.

Writing a role needs all its rights, or ``escalate`` on it; writing a binding needs all the rights
of its role, or ``bind`` on that role. Checked where the API server does it: after mutation, before
the object is validated.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from typing import Any

from tenantspawner.kube.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from tenantspawner.localcluster.attributes import Attributes, Refusal
from tenantspawner.localcluster.rbac.bindings import MASTERS, Missing, held, role_rules
from tenantspawner.localcluster.rbac.rules import Request, Rule, allows, compact, described, quoted, uncovered
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
_ROLES = (ROLE, CLUSTER_ROLE)
_BINDINGS = (ROLE_BINDING, CLUSTER_ROLE_BINDING)
_COLLECTORS_FIELDS = frozenset({"ownerReferences", "finalizers", "managedFields", "resourceVersion"})


def check_escalation(attributes: Attributes, store: Store) -> None:
    """Refuse a role or binding that would grant more than its writer holds."""
    written = attributes.object
    if written is None or attributes.subresource or MASTERS in attributes.user.groups:
        return
    if attributes.kind not in (*_ROLES, *_BINDINGS) or _only_for_collector(written, attributes.old_object):
        return
    rules = [rule for rule in held(store, attributes.user, attributes.namespace or "") if not isinstance(rule, Missing)]
    if any(allows(rule, _exemption(attributes, written)) for rule in rules):
        return
    missing = uncovered(rules, _granted(attributes, written, store))
    if missing:
        lines = sorted({described(rule) for rule in compact(missing)})
        who = f'user "{attributes.user.name}" (groups={quoted(attributes.user.groups)})'
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n" + "\n".join(lines)
        raise Refusal.forbidden(attributes.kind, written["metadata"].get("name", ""), why)


def _exemption(attributes: Attributes, written: Json) -> Request:
    """The right that makes the check unnecessary. A create has no name in its request."""
    group, namespace = attributes.kind.group, attributes.namespace or ""
    if attributes.kind in _ROLES:
        name = "" if attributes.operation == "CREATE" else attributes.name
        return Request("escalate", group, attributes.kind.plural, "", namespace, name)
    reference = written["roleRef"]
    plural = "roles" if reference["kind"] == "Role" else "clusterroles"
    return Request("bind", reference.get("apiGroup", group), plural, "", namespace, reference["name"])


def _granted(attributes: Attributes, written: Json, store: Store) -> list[Rule]:
    if attributes.kind in _ROLES:
        return list(written.get("rules") or ())
    rules = role_rules(store, written["roleRef"], attributes.namespace or "")
    if isinstance(rules, Missing):
        raise Refusal.not_found(attributes.kind, rules.name)  # the binding's resource with the role's name: as it is
    return rules


def _only_for_collector(new: Json, old: Json | None) -> bool:
    """Whether an update changes only what the garbage collector needs."""

    def rest(obj: Json) -> Json:
        metadata = {key: value for key, value in obj["metadata"].items() if key not in _COLLECTORS_FIELDS}
        return {**obj, "metadata": metadata}

    return old is not None and rest(old) == rest(new)
