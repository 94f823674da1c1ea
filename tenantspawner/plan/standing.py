"""Whose a namespace says it is, and what the tenancy of this moment makes of that.

A namespace is kept when the tenancy still gives it to that person or tenant, under that very name. Else it is closed:
every key of its quota is 0 and servers in it run on. Where the hub does not know enough to say (nobody in its database,
a list of profiles that only a person's own spawner can make) the namespace is left as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tenantspawner.kube import labels
from tenantspawner.plan.namespace import namespace_name
from tenantspawner.policy.entitlements import entitle, entitle_tenant
from tenantspawner.policy.hubprofiles import PREFIX, HubProfile
from tenantspawner.policy.models import Entitlement, Identity, Username
from tenantspawner.tenancy.models import Envelope, Tenancy, TenantId

_SHARED = "tenant:"


@dataclass(frozen=True, slots=True)
class Standing:
    """A namespace of ours: its tenant, and the exact name of its person; `person` is None where all share it."""

    namespace: str
    tenant: TenantId
    person: Username | None


@dataclass(frozen=True, slots=True)
class Keep:
    """It is to be what this entitlement makes of it."""

    entitlement: Entitlement


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody may start anything in it; `why` is for the administrator."""

    why: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing can be said about it now."""

    why: str


Ruling = Keep | Close | Leave


@dataclass(frozen=True, slots=True)
class Law:
    """By what a namespace is judged: the tenancy, the day in UTC, the hub's profiles (None: they differ by person)."""

    tenancy: Tenancy
    today: date
    envelope: Envelope
    hub_profiles: Mapping[str, HubProfile] | None


def standing_of(name: str, marks: Mapping[str, str], notes: Mapping[str, str]) -> Standing | None:
    """Read labels and annotations of a namespace; None where they do not say whose it is."""
    owner, tenant = notes.get(labels.OWNER, ""), marks.get(labels.TENANT, "")
    if owner.startswith(_SHARED) and labels.USER not in marks:
        return Standing(name, TenantId(owner.removeprefix(_SHARED)), None)
    return Standing(name, TenantId(tenant), Username(owner)) if owner and tenant else None


def judge(standing: Standing, law: Law, identity: Identity | None) -> Ruling:
    """Decide what becomes of a namespace; `identity` is its person as the hub knows them, None where nobody is known."""
    tenant = law.tenancy.tenants.get(standing.tenant)
    if tenant is None:
        return Close(f"there is no tenant {standing.tenant}")
    if (standing.person is None) is not (tenant.namespace.per == "tenant") or tenant.namespace.per == "hub":
        return Close(f"servers of {standing.tenant} are elsewhere now (per: {tenant.namespace.per})")
    if law.hub_profiles is None and any(name.startswith(PREFIX) for name in tenant.profiles):
        return Leave("the hub's list of profiles differs from person to person; the next start brings it in line")
    if standing.person is not None and identity is None:
        return Leave("the hub knows nobody at the moment")
    entitlement = _entitlement(standing, law, identity)
    if entitlement is None:
        return Close(f"its owner is not a member of {standing.tenant}")
    name = namespace_name(entitlement, law.envelope, law.envelope.hub_namespace)
    return Keep(entitlement) if name == standing.namespace else Close(f"its owner's servers are in {name} now")


def _entitlement(standing: Standing, law: Law, identity: Identity | None) -> Entitlement | None:
    if standing.person is None or identity is None:
        return entitle_tenant(law.tenancy, standing.tenant, law.hub_profiles)
    every = entitle(law.tenancy, identity, law.today, law.hub_profiles).tenants
    return next((one for one in every if one.tenant_id == standing.tenant), None)
