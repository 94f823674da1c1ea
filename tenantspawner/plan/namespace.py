"""The namespace of a tenant's server: its name, and the object where the hub makes it."""

from tenantspawner.kube import labels
from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.kube.names import compose
from tenantspawner.plan.marks import marks, merged
from tenantspawner.plan.models import Manifest
from tenantspawner.policy.models import Entitlement
from tenantspawner.tenancy.models import Envelope

DEFAULT_TEMPLATES = {"user": "{prefix}{tenant}--{username}", "tenant": "{prefix}{tenant}"}


def namespace_name(entitlement: Entitlement, envelope: Envelope, hub_pods: str) -> str:
    """Return where the servers of an entitlement live; `hub_pods` is the namespace of ``per: hub``."""
    rule = entitlement.tenant.namespace
    if rule.per == "hub":
        return hub_pods
    template = rule.name or DEFAULT_TEMPLATES[rule.per]
    owner = {"tenant": str(entitlement.tenant_id), "username": str(entitlement.identity.name)}
    return compose(template, owner, {"prefix": envelope.namespace_prefix, "hub": envelope.hub_id})


def namespace_object(name: str, entitlement: Entitlement, envelope: Envelope) -> Manifest:
    """Return the Namespace with the hub's label, its owner and its Pod Security level.

    ``enforce-version`` is left out on purpose: an old version would weaken the level.
    """
    rule = entitlement.tenant.namespace
    level: dict[str, str] = {f"pod-security.kubernetes.io/{mode}": rule.pod_security for mode in ("enforce", "warn")}
    if entitlement.tenant.self_service:
        level[labels.SELF_SERVICE] = "true"
    theirs = {"labels": rule.labels, "annotations": rule.annotations}
    ours = marks(entitlement, envelope)
    ours["labels"] = {**ours["labels"], **level, "kubernetes.io/metadata.name": name}
    return {
        "apiVersion": NAMESPACE.api_version,
        "kind": NAMESPACE.kind,
        "metadata": {"name": name, **merged(theirs, ours)},
    }
