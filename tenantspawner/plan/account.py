"""Who a tenant's pods are, and what they may do: service account, role bindings, copied pull secrets.

No token is mounted unless the tenant asks for it. A binding's name holds the role's, because a ``roleRef`` cannot be
changed: another role is another object.
"""

from tenantspawner.kube.kinds import ROLE_BINDING, SECRET, SERVICE_ACCOUNT
from tenantspawner.kube.names import compose
from tenantspawner.plan.marks import Site, merged
from tenantspawner.plan.models import Manifest


def service_account(site: Site) -> Manifest:
    """The account the pods run as."""
    account = site.entitlement.tenant.service_account
    made = site.manifest(SERVICE_ACCOUNT, account.name, automountServiceAccountToken=account.automount_token)
    made["metadata"] |= merged({"annotations": account.annotations}, made["metadata"])
    return made


def hub_rights(site: Site) -> Manifest | None:
    """The hub's own role bound to the hub: in namespaces it makes, it has no other rights than these."""
    hub = site.around.hub_binding
    return _binding(site, "tenantspawner-hub", hub.cluster_role, dict(hub.subject)) if hub else None


def subject_of(username: str) -> dict[str, str]:
    """The subject of a binding for a user name, be it a service account's or another."""
    prefix = "system:serviceaccount:"
    if username.startswith(prefix):
        namespace, _, name = username.removeprefix(prefix).partition(":")
        return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return {"kind": "User", "name": username, "apiGroup": ROLE_BINDING.group}


def role_bindings(site: Site) -> tuple[Manifest, ...]:
    """The tenant's roles bound to its account."""
    tenant = site.entitlement.tenant
    account = {"kind": "ServiceAccount", "name": tenant.service_account.name, "namespace": site.namespace}
    roles = dict.fromkeys(tenant.roles)
    return tuple(_binding(site, compose("notebook-{role}", {"role": role}), role, account) for role in roles)


def _binding(site: Site, name: str, role: str, subject: Manifest) -> Manifest:
    role_ref = {"apiGroup": ROLE_BINDING.group, "kind": "ClusterRole", "name": role}
    return site.manifest(ROLE_BINDING, name, roleRef=role_ref, subjects=[subject])


def pull_secrets(site: Site) -> tuple[Manifest, ...]:
    """Copies of the hub's own pull secrets that the tenant names, as far as the hub could read them."""
    had = site.around.pull_secrets
    return tuple(
        site.manifest(SECRET, name, type=had[name]["type"], data=had[name].get("data", {}))
        for name in dict.fromkeys(site.entitlement.tenant.pull_secrets)
        if name in had
    )
