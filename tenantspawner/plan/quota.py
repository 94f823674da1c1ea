"""The ResourceQuota of a namespace, and the LimitRange that makes it bearable.

A quota on cpu or memory refuses every container without a limit, in words nobody understands; so where one is
set, a LimitRange gives defaults. Devices a tenant has none of are 0, since a name that is not in a quota is
not limited. Both objects are always made, empty where nothing is said, so that a later edit has something to change.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from tenantspawner.kube.kinds import LIMIT_RANGE, RESOURCE_QUOTA
from tenantspawner.kube.quantities import format as written
from tenantspawner.plan.marks import Site
from tenantspawner.plan.models import Manifest, Surroundings
from tenantspawner.policy.ceilings import CLAIMS, full_keys
from tenantspawner.policy.models import SERVERS, Entitlement
from tenantspawner.tenancy.models import Bounds, Limits, Profile, Quantity, Tenant

NAME = "tenantspawner"


def team_budget(tenant: Tenant, gpu: str) -> dict[str, Decimal]:
    """What the whole tenant may have, in the ResourceQuota's own keys; `gpu` is the document's gpu resource."""
    return {key: amount for key, amount in full_keys(tenant.quota.team, gpu).items() if key != SERVERS}


def own_ceilings(entitlement: Entitlement) -> dict[str, Decimal]:
    """What this person may have in the tenant, in the ResourceQuota's own keys."""
    return {ceiling.key: ceiling.amount for ceiling in entitlement.ceilings if ceiling.key != SERVERS}


def leased_keys(tenant: Tenant, gpu: str) -> frozenset[str]:
    """Keys of the team's budget that are leased to its people's namespaces: what pods are charged for.

    A shared namespace has the budget as its ResourceQuota; in the hub's own the hub alone counts.
    """
    if tenant.namespace.per != "user":
        return frozenset()
    charged = (key for key in team_budget(tenant, gpu) if key.startswith(("limits.", "requests.")))
    return frozenset(key for key in charged if "storage" not in _resource(key))


def _resource(key: str) -> str:
    """The resource of a key, without ``ephemeral-``: storage claims are no affair of pods."""
    return key.partition(".")[2].removeprefix("ephemeral-storage")


def hard(entitlement: Entitlement, around: Surroundings) -> dict[str, Decimal]:
    """Return the bounds of one namespace: the person's own, or in a shared namespace the team's.

    What is leased is left out: grants write it. In a shared namespace what nobody of the tenant may have stays 0 all the
    same. Resource claims are left out where the cluster does not know them, since a key that is never counted would never
    be in force.
    """
    own = own_ceilings(entitlement)
    if entitlement.tenant.namespace.per == "tenant":
        nobodys = {ceiling.key: ceiling.amount for ceiling in entitlement.most if not ceiling.amount}
        nobodys.pop(SERVERS, None)
        own = nobodys | team_budget(entitlement.tenant, entitlement.gpu)
    if "resource.k8s.io" not in around.features:
        own.pop(CLAIMS, None)
    leased = leased_keys(entitlement.tenant, entitlement.gpu)
    return {key: amount for key, amount in own.items() if key not in leased}


def resource_quota(site: Site, bounds: Mapping[str, Decimal]) -> Manifest:
    """The ResourceQuota with these bounds."""
    return site.manifest(RESOURCE_QUOTA, NAME, spec={"hard": {key: written(bounds[key]) for key in sorted(bounds)}})


def limit_range(site: Site, counted: Collection[str]) -> Manifest:
    """The LimitRange: what the tenant says, else the smallest profile's limits where the quota counts cpu or memory."""
    limits = site.entitlement.tenant.limits
    item = _said(limits) if limits is not None else _defaults(site.entitlement, counted)
    return site.manifest(LIMIT_RANGE, NAME, spec={"limits": [{"type": "Container", **item}] if item else []})


def _said(limits: Limits) -> Manifest:
    said = {
        "default": limits.default,
        "defaultRequest": limits.default_request,
        "min": limits.min,
        "max": limits.max,
        "maxLimitRequestRatio": limits.max_limit_request_ratio,
    }
    return {key: {name: written(amount) for name, amount in value.items()} for key, value in said.items() if value}


def _defaults(entitlement: Entitlement, counted: Collection[str]) -> Manifest:
    needed = [name for name in ("cpu", "memory") if {f"limits.{name}", f"requests.{name}", name} & set(counted)]
    default = {name: amount for name in needed if (amount := _smallest(entitlement, name)) is not None}
    return {"default": {name: written(amount) for name, amount in default.items()}} if default else {}


def _smallest(entitlement: Entitlement, name: str) -> Decimal | None:
    """The smallest limit that any profile names for cpu or memory: the person's, or in a shared namespace the tenant's."""
    shared = entitlement.tenant.namespace.per == "tenant"
    profiles = entitlement.whole_profiles if shared else entitlement.profiles
    amounts = [_limit(profile.profile, name) for profile in profiles]
    return min((amount for amount in amounts if amount is not None), default=None)


def _limit(profile: Profile, name: str) -> Decimal | None:
    value: Quantity | Bounds | None = getattr(profile, name)
    if isinstance(value, Bounds):
        return value.limit if value.limit is not None else value.request
    return value
