"""May this person ask that? A thin face over `rbac`, so that the API can be run without it in tests."""

from typing import Any, Protocol

from tenantspawner.localcluster import rbac
from tenantspawner.localcluster.attributes import Refusal, UserInfo
from tenantspawner.localcluster.store import Store

Object = dict[str, Any]


class Authorizer(Protocol):
    """Answers questions about rights."""

    def authorize(  # noqa: PLR0917  # the words of a request, in the order in which a rule has them
        self,
        user: UserInfo,
        verb: str,
        group: str,
        resource: str,
        subresource: str | None,
        namespace: str | None,
        name: str,
    ) -> None:
        """Let the request pass, or raise 403."""

    def authorize_path(self, user: UserInfo, verb: str, path: str) -> None:
        """Let a request for something that is no resource pass, or raise 403."""

    def allows(self, user: UserInfo, attributes: Object) -> bool:
        """Whether the ``resourceAttributes`` of a review are allowed."""

    def allows_path(self, user: UserInfo, verb: str, path: str) -> bool:
        """Whether a path that is no resource is allowed."""

    def rules_status(self, user: UserInfo, namespace: str) -> Object:
        """Return the status of a SelfSubjectRulesReview."""


class RbacAuthorizer:
    """Asks the Role objects in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def authorize(  # noqa: PLR0917  # the words of a request, in the order in which a rule has them
        self,
        user: UserInfo,
        verb: str,
        group: str,
        resource: str,
        subresource: str | None,
        namespace: str | None,
        name: str,
    ) -> None:
        """Let the request pass, or raise 403."""
        rbac.authorize(self._store, user, verb, group, resource, subresource, namespace, name)

    def authorize_path(self, user: UserInfo, verb: str, path: str) -> None:
        """Let a request for something that is no resource pass, or raise 403."""
        rbac.authorize_path(self._store, user, verb, path)

    def allows(self, user: UserInfo, attributes: Object) -> bool:
        """Whether the ``resourceAttributes`` of a review are allowed."""
        words = {
            key: attributes.get(key) or "" for key in ("verb", "group", "resource", "subresource", "namespace", "name")
        }
        try:
            self.authorize(user, **words)
        except Refusal:
            return False
        return True

    def allows_path(self, user: UserInfo, verb: str, path: str) -> bool:
        """Whether a path that is no resource is allowed."""
        try:
            self.authorize_path(user, verb, path)
        except Refusal:
            return False
        return True

    def rules_status(self, user: UserInfo, namespace: str) -> Object:
        """Return the status of a SelfSubjectRulesReview."""
        rules = rbac.rules_for(self._store, user, namespace)
        resource_rules = [
            {key: rule[key] for key in ("verbs", "apiGroups", "resources", "resourceNames") if rule.get(key)}
            for rule in rules
            if rule.get("resources")
        ]
        path_rules = [
            {"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]}
            for rule in rules
            if rule.get("nonResourceURLs")
        ]
        return {"resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": False}
