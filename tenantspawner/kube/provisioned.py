"""Slim structs of what is put around servers and then watched for drift: limits, network policies, accounts, bindings.

Their bodies stay plain JSON, since they are only ever compared with what the plan says of them.
"""

from typing import Any

from tenantspawner.kube import kinds
from tenantspawner.kube.objects import KubeObject

Json = dict[str, Any]


class LimitRange(KubeObject, frozen=True):
    """Defaults and bounds of a namespace's containers."""

    KIND = kinds.LIMIT_RANGE

    spec: Json = {}


class NetworkPolicy(KubeObject, frozen=True):
    """Who may talk to whom."""

    KIND = kinds.NETWORK_POLICY

    spec: Json = {}


class ServiceAccount(KubeObject, frozen=True):
    """Whom pods run as."""

    KIND = kinds.SERVICE_ACCOUNT

    automount_service_account_token: bool | None = None


class RoleBinding(KubeObject, frozen=True):
    """Who has which role in a namespace."""

    KIND = kinds.ROLE_BINDING

    role_ref: Json = {}
    subjects: list[Json] = []
