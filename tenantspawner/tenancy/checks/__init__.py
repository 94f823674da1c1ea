"""Checks that need the whole document: one function a question, all of them in one table.

Each takes a `View` and yields problems; none stops another. What one key alone can tell is the models' affair.
"""

from tenantspawner.tenancy.checks import amounts, catalogue, envelope, namespaces, network, people, pods
from tenantspawner.tenancy.checks.view import Check, View

CHECKS: tuple[Check, ...] = (
    catalogue.images,
    catalogue.profiles,
    catalogue.reach,
    catalogue.default,
    people.members,
    people.groups,
    amounts.profiles,
    amounts.quotas,
    amounts.limits,
    amounts.self_service,
    amounts.affordable,
    namespaces.templates,
    namespaces.shared,
    namespaces.pod_security,
    envelope.roles,
    envelope.overrides,
    envelope.objects,
    envelope.accounts,
    envelope.counted_by_hub,
    pods.labels,
    pods.profiles,
    pods.mounts,
    network.rules,
)

__all__ = ["CHECKS", "View"]
