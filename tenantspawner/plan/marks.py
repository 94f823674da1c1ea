"""What makes an object ours: the hub's label, the tenant's, the owner's; and who an object belongs to.

`Site` is where an entitlement's objects stand; every drawing function takes one.
"""

from dataclasses import dataclass

from tenantspawner.kube import labels
from tenantspawner.kube.kinds import Kind
from tenantspawner.kube.names import label_value
from tenantspawner.plan.models import Manifest, Surroundings
from tenantspawner.policy.models import Entitlement
from tenantspawner.tenancy.models import Envelope

_RESERVED = (labels.PREFIX, "pod-security.kubernetes.io/")


@dataclass(frozen=True, slots=True)
class Site:
    """The namespace of one entitlement, and what is around it."""

    namespace: str
    entitlement: Entitlement
    around: Surroundings

    def manifest(self, kind: Kind, name: str, **parts: object) -> Manifest:
        """Make an object of ours in this namespace; `parts` are its top-level fields."""
        metadata = {"name": name, "namespace": self.namespace, **marks(self.entitlement, self.around.envelope)}
        return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **parts}


def owner_of(entitlement: Entitlement) -> str:
    """Whose a tenant's namespace is: the person's own, or the tenant's when it is shared."""
    if entitlement.tenant.namespace.per == "user":
        return str(entitlement.identity.name)
    return f"tenant:{entitlement.tenant_id}"


def marks(entitlement: Entitlement, envelope: Envelope, *, personal: bool = False) -> Manifest:
    """Labels and annotations for one object; `personal` when it is one person's own in a shared namespace."""
    person = str(entitlement.identity.name)
    own = personal or entitlement.tenant.namespace.per == "user"
    who = {labels.USER: label_value(person)} if own else {}
    return {
        "labels": {
            labels.HUB: label_value(envelope.hub_id),
            labels.TENANT: entitlement.tenant_id,
            labels.MANAGED_BY: "tenantspawner",
            **who,
        },
        "annotations": {labels.OWNER: person if own else owner_of(entitlement)},
    }


def merged(theirs: Manifest, ours: Manifest) -> Manifest:
    """Merge labels and annotations; what makes an object ours, and a Pod Security level, is nobody else's to say."""
    both = {
        key: {name: value for name, value in (theirs.get(key) or {}).items() if not name.startswith(_RESERVED)}
        | ours.get(key, {})
        for key in ("labels", "annotations")
    }
    return {key: value for key, value in both.items() if value}
