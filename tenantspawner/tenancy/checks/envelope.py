"""The hub's bounds, which no document can pass: roles, overrides, objects, accounts. Each refusal names the trait.

Without the hub's configuration these are not checked, and what was not is named.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tenantspawner.errors import Problem
from tenantspawner.kube.kinds import ALL
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Envelope
from tenantspawner.tenancy.words import Location

CLUSTER_WIDE = {kind.kind for kind in ALL if not kind.namespaced}


def roles(view: View) -> Iterator[Problem]:
    """Check the ClusterRoles that are bound."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        for index, role in enumerate(tenant.roles):
            if view.envelope is None:
                view.unsure("roles", "allowed_cluster_roles")
            elif role not in view.envelope.allowed_cluster_roles:
                message = f"the role {role} is not listed in the hub's c.TenantSpawner.allowed_cluster_roles"
                yield view.error(("tenants", tenant_id, "roles", index), message)


def overrides(view: View) -> Iterator[Problem]:
    """Check which traits a profile and its options name."""
    for location, override in _overrides(view):
        for trait in override:
            if view.envelope is None:
                view.unsure("overrides", "allowed_overrides")
            elif trait not in view.envelope.allowed_overrides:
                message = f"{trait} is not listed in the hub's c.TenantSpawner.allowed_overrides"
                yield view.key((*location, trait), message)


def objects(view: View) -> Iterator[Problem]:
    """Check extra manifests: their shape, and whether the hub lets their kind be made."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        for index, manifest in enumerate(tenant.objects):
            location: Location = ("tenants", tenant_id, "objects", index)
            if (message := _shape(manifest)) is not None:
                yield view.error(location, message)
                continue
            kind, group = manifest["kind"], manifest["apiVersion"].rpartition("/")[0]
            if kind in CLUSTER_WIDE:
                yield view.error((*location, "kind"), f"{kind} does not live in a namespace")
            elif view.envelope is None:
                view.unsure("objects", "allowed_object_kinds")
            elif (name := f"{kind}.{group}" if group else kind) not in view.envelope.allowed_object_kinds:
                yield view.error(
                    (*location, "kind"), f"{name} is not listed in the hub's c.TenantSpawner.allowed_object_kinds"
                )


def accounts(view: View) -> Iterator[Problem]:
    """Check the service account that pods run as."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        name = tenant.service_account.name
        location: Location = ("tenants", tenant_id, "serviceAccount", "name")
        if name == "default":
            yield view.error(
                location,
                "the account default comes later than the namespace, and everything uses it; choose another name",
            )
        if "name" not in tenant.service_account.model_fields_set:
            continue
        if view.envelope is None:
            view.unsure("service accounts", "allowed_service_accounts")
        elif not _account_allowed(view.envelope, name, tenant.namespace.per):
            message = f"the account {name} is not listed in the hub's c.TenantSpawner.allowed_service_accounts"
            yield view.error(location, message)


def counted_by_hub(view: View) -> Iterator[Problem]:
    """Say what ``per: hub`` does not do."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        if tenant.namespace.per != "hub":
            continue
        base: Location = ("tenants", tenant_id)
        if tenant.quota.user or tenant.quota.team or any(rule.quota for rule in tenant.members):
            message = "with per: hub these quotas are counted by the hub alone; Kubernetes does not enforce them"
            yield view.warning((*base, "namespace", "per"), message)
        for key in ("roles", "limits", "objects"):
            if getattr(tenant, key):
                yield view.warning((*base, key), f"with per: hub nothing is provisioned, so {key} have no effect")


def _account_allowed(envelope: Envelope, name: str, per: str) -> bool:
    allowed = envelope.allowed_service_accounts
    return name in allowed or (not allowed and per != "hub")


def _overrides(view: View) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    for profile_id, profile in view.tenancy.profiles.items():
        base: Location = ("profiles", profile_id)
        yield (*base, "override"), profile.override
        for key, option in profile.options.items():
            yield from _of_option((*base, "options", key), option)


def _of_option(base: Location, option: object) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """Yield the overrides of one option; what has another shape is the options' own check."""
    if not isinstance(option, Mapping):
        return
    choices = option.get("choices")
    parts: list[tuple[Location, object]] = [(("unlisted_choice",), option.get("unlisted_choice"))]
    if isinstance(choices, Mapping):
        parts += [(("choices", str(name)), choice) for name, choice in choices.items()]
    for location, part in parts:
        override = part.get("kubespawner_override") if isinstance(part, Mapping) else None
        if isinstance(override, Mapping):
            yield (*base, *location, "kubespawner_override"), override


def _shape(manifest: Mapping[str, Any]) -> str | None:
    for key in ("apiVersion", "kind"):
        if not isinstance(manifest.get(key), str):
            return f"a manifest needs {key}, as text"
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        return "a manifest needs metadata.name, as text"
    return "the namespace is the tenant's; leave metadata.namespace out" if "namespace" in metadata else None
