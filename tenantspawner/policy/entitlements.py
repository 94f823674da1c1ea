"""From a document and a person to everything this person may have, with the rule behind each part.

What a person may have is the tenant's, within the union of the matching rules, within the profile. `Index` reads a
document once: rules by name, images parsed, quotas in full keys. Profiles depend only on which rules narrow them,
so people with equal rights share them, and a person costs a few look-ups.

An index is kept for the last few documents, by identity of the document value, which never changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from tenantspawner.policy.ceilings import TenantQuota, full_keys, offered_devices
from tenantspawner.policy.grants import profile_grant
from tenantspawner.policy.hubprofiles import PREFIX, HubProfile
from tenantspawner.policy.imagelists import ImageList
from tenantspawner.policy.membership import Match, Membership
from tenantspawner.policy.models import Because, Entitlement, Entitlements, Identity, ProfileGrant, RuleKind, Username
from tenantspawner.tenancy.models import Devices, Tenancy, Tenant, TenantId

Narrowing = tuple[int, ...] | None  # positions of the rules that narrow, None: nothing narrows


def entitle(
    tenancy: Tenancy, identity: Identity, today: date, hub_profiles: Mapping[str, HubProfile] | None = None
) -> Entitlements:
    """Answer what a person may have, in every tenant they belong to, in the document's order.

    `today` is the day in UTC; `hub_profiles` are the entries of the hub's ``profile_list`` by slug, for this person.
    """
    index = Index.of(tenancy)
    matches = index.membership.matches(identity, today)
    if not matches and tenancy.default in tenancy.tenants:
        matches = {TenantId(str(tenancy.default)): []}
    tenants = [
        index.entitlement(identity, tenant_id, matches[tenant_id], hub_profiles or {})
        for tenant_id in sorted(matches, key=index.order.__getitem__)
    ]
    return Entitlements(identity, tuple(tenants), tenancy.contact)


def entitle_tenant(
    tenancy: Tenancy, tenant_id: TenantId, hub_profiles: Mapping[str, HubProfile] | None = None
) -> Entitlement:
    """Answer what a tenant has by itself, whoever its members are; KeyError when there is no such tenant.

    A namespace that all of it share is made by this: its objects are the same whoever starts a server there first.
    """
    return Index.of(tenancy).entitlement(Identity(Username("")), tenant_id, [], hub_profiles or {})


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A document as a key: equal only to itself."""

    tenancy: Tenancy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.tenancy is self.tenancy

    def __hash__(self) -> int:
        return id(self.tenancy)


@lru_cache(maxsize=8)
def _indexed(key: _Same) -> "Index":
    tenancy = key.tenancy
    order = {TenantId(tenant_id): position for position, tenant_id in enumerate(tenancy.tenants)}
    return Index(tenancy, Membership.of(tenancy), order, tuple(dict.fromkeys(_device_names(tenancy))))


@dataclass(slots=True)
class Index:
    """A document, read for questions about people. Grows by what was asked; holds nothing of a person."""

    tenancy: Tenancy
    membership: Membership
    order: dict[TenantId, int]
    devices: tuple[str, ...]  # every one the document knows; what a tenant does not offer is bounded by 0
    _profiles: dict[tuple[TenantId, Narrowing, Narrowing], tuple[ProfileGrant, ...]] = field(default_factory=dict)
    _quotas: dict[TenantId, TenantQuota] = field(default_factory=dict)

    @staticmethod
    def of(tenancy: Tenancy) -> "Index":
        """Index a document; the same document gets the same index."""
        return _indexed(_Same(tenancy))

    def entitlement(
        self, identity: Identity, tenant_id: TenantId, matches: list[Match], hub: Mapping[str, HubProfile]
    ) -> Entitlement:
        """What one person has in one tenant; no matches means that it is theirs by default."""
        tenant = self.tenancy.tenants[tenant_id]
        because = tuple(match.because for match in matches) or (Because("default", RuleKind.DEFAULT, tenant_id),)
        quota = self._quota(tenant_id, hub)
        return Entitlement(
            identity=identity,
            tenant_id=tenant_id,
            tenant=tenant,
            display_name=tenant.display_name or tenant_id,
            profiles=self._profiles_for(tenant_id, matches, hub),
            ceilings=quota.for_person(matches),
            because=because,
            gpu=self.tenancy.gpu,
            contact=self.tenancy.contact,
            whole_profiles=self._profiles_for(tenant_id, [], hub),
            most=quota.most,
        )

    def _profiles_for(
        self, tenant_id: TenantId, matches: list[Match], hub: Mapping[str, HubProfile]
    ) -> tuple[ProfileGrant, ...]:
        key = (tenant_id, _narrowing(matches, "profiles"), _narrowing(matches, "images"))
        if _names_hub(self.tenancy.tenants[tenant_id]):
            return tuple(self._make(*key, hub))  # the hub may give each person another list
        if key not in self._profiles:
            self._profiles[key] = tuple(self._make(*key, {}))
        return self._profiles[key]

    def _make(
        self, tenant_id: TenantId, by_profile: Narrowing, by_image: Narrowing, hub: Mapping[str, HubProfile]
    ) -> Iterator[ProfileGrant]:
        tenant = self.tenancy.tenants[tenant_id]
        lists = self._image_lists(tenant_id, tenant, by_image)
        rules = [(position, tenant.members[position].profiles or ()) for position in by_profile or ()]
        for place, name in enumerate(dict.fromkeys(tenant.profiles)):
            naming = [position for position, names in rules if name in names]
            if by_profile is not None and not naming:
                continue
            because = (
                Because(f"tenants.{tenant_id}.profiles[{place}]", RuleKind.TENANT),
                *(Because(f"tenants.{tenant_id}.members[{rule}].profiles", RuleKind.RULE) for rule in naming),
            )
            grant = profile_grant(self.tenancy, name, lists, because, hub)
            if grant is not None:
                yield grant

    def _image_lists(self, tenant_id: TenantId, tenant: Tenant, by_image: Narrowing) -> tuple[ImageList, ...]:
        catalogue = self.tenancy.images
        path = f"tenants.{tenant_id}"
        lists = [ImageList.read(_entries(f"{path}.images", tenant.images), catalogue)]
        if by_image is not None:
            named = [(f"{path}.members[{rule}].images", tenant.members[rule].images or ()) for rule in by_image]
            lists.append(
                ImageList.read((entry for where, names in named for entry in _entries(where, names)), catalogue)
            )
        return tuple(lists)

    def _quota(self, tenant_id: TenantId, hub: Mapping[str, HubProfile]) -> TenantQuota:
        tenant = self.tenancy.tenants[tenant_id]
        if not _names_hub(tenant) and tenant_id in self._quotas:
            return self._quotas[tenant_id]
        devices = dict.fromkeys(self.devices, 0)
        for profile in self._profiles_for(tenant_id, [], hub):
            for resource, amount in offered_devices(profile).items():
                devices[resource] = max(devices.get(resource, 0), amount)
        quota = TenantQuota.of(tenant_id, tenant, self.tenancy.gpu, devices)
        if not _names_hub(tenant):
            self._quotas[tenant_id] = quota
        return quota


def _device_names(tenancy: Tenancy) -> Iterator[str]:
    yield tenancy.gpu
    for profile in tenancy.profiles.values():
        if isinstance(profile.gpu, Devices) and profile.gpu.resource:
            yield profile.gpu.resource
    for tenant in tenancy.tenants.values():
        for key in (*full_keys(tenant.quota.user, tenancy.gpu), *full_keys(tenant.quota.team, tenancy.gpu)):
            if key.startswith("requests.") and "/" in key:
                yield key.removeprefix("requests.")


def _narrowing(matches: Iterable[Match], field_name: str) -> Narrowing:
    """Which rules narrow a field; one rule that says nothing about it gives all the tenant has."""
    said = [(match.position, getattr(match.rule, field_name) is not None) for match in matches]
    return tuple(position for position, _ in said) if said and all(says for _, says in said) else None


def _names_hub(tenant: Tenant) -> bool:
    return any(name.startswith(PREFIX) for name in tenant.profiles)


def _entries(path: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((f"{path}[{position}]", name) for position, name in enumerate(names))
