"""A person's own quota: one number for each key, and the rule behind it.

For each key a rule that names the person beats rules that name groups; among equals the largest wins; else the
tenant's ``quota.user``; else absence has a meaning of its own: devices are bounded by the most that one server of
this tenant's profiles may ask for, so that nobody gets a device that no profile offers, and resource claims by 0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tenantspawner.errors import OverOwnQuota
from tenantspawner.kube.quantities import format as written
from tenantspawner.kube.quantities import parse
from tenantspawner.policy.membership import Match
from tenantspawner.policy.models import SERVERS, Because, Ceiling, DeviceGrant, Entitlement, ProfileGrant, RuleKind
from tenantspawner.tenancy.models import Bounds, Ceilings, Rule, Tenant, TenantId

CLAIMS = "count/resourceclaims.resource.k8s.io"
EXTRA_LIMITS = "extra_resource_limits"
EXTRA_GUARANTEES = "extra_resource_guarantees"

_SHORT = {"cpu": "limits.cpu", "memory": "limits.memory", "storage": "requests.storage", SERVERS: SERVERS}


def full_key(key: str, gpu: str) -> str:
    """Write a quota key in ResourceQuota's full form; `gpu` is the document's gpu resource."""
    return f"requests.{gpu}" if key == "gpu" else _SHORT.get(key, key)


def full_keys(ceilings: Ceilings | None, gpu: str) -> dict[str, Decimal]:
    """Write a quota in full keys; where two spellings name one key, the smaller number holds."""
    amounts: dict[str, Decimal] = {}
    for key, amount in (ceilings.named() if ceilings else {}).items():
        full = full_key(key, gpu)
        amounts[full] = min(amount, amounts.get(full, amount))
    return amounts


@dataclass(frozen=True, slots=True)
class TenantQuota:
    """What a tenant says about everybody in it; made once, asked for each person."""

    gpu: str
    own: tuple[Ceiling, ...]
    absent: tuple[Ceiling, ...]
    most: tuple[Ceiling, ...] = ()  # that anybody of the tenant may have: its own, or what a rule raises it to

    @classmethod
    def of(cls, tenant_id: TenantId, tenant: Tenant, gpu: str, devices: Mapping[str, int]) -> "TenantQuota":
        """Read it; `devices` is the most one server of this tenant's profiles may ask for, 0 for those none offers."""
        path = f"tenants.{tenant_id}"
        own = tuple(
            Ceiling(key, amount, Because(f"{path}.quota.user", RuleKind.TENANT, key))
            for key, amount in full_keys(tenant.quota.user, gpu).items()
        )
        most = Because(f"{path}.profiles", RuleKind.ABSENT, "the most one server of its profiles may ask for")
        absent = [Ceiling(f"requests.{resource}", Decimal(amount), most) for resource, amount in devices.items()]
        claims = Ceiling(CLAIMS, Decimal(0), Because(f"{path}.quota.user", RuleKind.ABSENT, "none unless said"))
        raised = _raised((*absent, claims, *own), tenant.members, gpu)
        return cls(gpu, own, (*absent, claims), raised)

    def for_person(self, matches: Iterable[Match]) -> tuple[Ceiling, ...]:
        """Decide every key for somebody whom these rules name."""
        decided = {ceiling.key: ceiling for ceiling in (*self.absent, *self.own)}
        decided.update(self._best(matches))
        return tuple(decided.values())

    def _best(self, matches: Iterable[Match]) -> dict[str, Ceiling]:
        ranked: dict[str, tuple[bool, Decimal]] = {}
        best: dict[str, Ceiling] = {}
        for match in matches:
            because = Because(f"{match.because.path}.quota", match.because.kind, match.because.matched)
            for key, amount in full_keys(match.rule.quota, self.gpu).items():
                rank = (because.kind is RuleKind.USER, amount)
                if key not in ranked or rank > ranked[key]:
                    ranked[key], best[key] = rank, Ceiling(key, amount, because)
        return best


def _raised(ceilings: Iterable[Ceiling], rules: Iterable[Rule], gpu: str) -> tuple[Ceiling, ...]:
    """Raise each ceiling to the most that any rule says; the last of two for one key counts."""
    most = {ceiling.key: ceiling for ceiling in ceilings}
    for rule in rules:
        for key, amount in full_keys(rule.quota, gpu).items():
            if key in most and amount > most[key].amount:
                most[key] = replace(most[key], amount=amount)
    return tuple(most.values())


def offered_devices(profile: ProfileGrant) -> dict[str, int]:
    """The most of each device that one server of a profile may ask for, through its choices and its overrides."""
    most: dict[str, int] = {}
    if profile.devices:
        most[profile.devices.resource] = max(profile.devices.choices)
    overrides = [profile.override, *(choice.override for option in profile.options for choice in option.choices)]
    for override in overrides:
        for resource, amount in extra_devices(override).items():
            most[resource] = max(most.get(resource, 0), int(amount))
    return most


def extra_devices(override: Mapping[str, object]) -> dict[str, Decimal]:
    """Extended resources that an override asks for by KubeSpawner's traits; amounts that are none are left out."""
    amounts: dict[str, Decimal] = {}
    for trait in (EXTRA_LIMITS, EXTRA_GUARANTEES):
        extra = override.get(trait)
        for resource, amount in extra.items() if isinstance(extra, Mapping) else ():
            try:
                amounts[resource] = max(amounts.get(resource, Decimal(0)), parse(str(amount)))
            except ValueError:
                continue
    return amounts


def obstacle(entitlement: Entitlement, profile: ProfileGrant) -> str | None:
    """Say why no server of this profile fits the person's own quota, None when one does."""
    return next(_over(entitlement, needs(profile, min(_amounts(profile)))), None)


def default_amount(entitlement: Entitlement, grant: DeviceGrant) -> int:
    """The number of devices when none is asked for: the default, or the most below it that this person may use."""
    ceiling = entitlement.ceiling(f"requests.{grant.resource}")
    if ceiling is None or grant.default <= ceiling.amount:
        return grant.default
    return max((amount for amount in grant.choices if amount <= ceiling.amount), default=grant.default)


def within_ceilings(entitlement: Entitlement, profile: ProfileGrant, devices: int) -> None:
    """Hold one server against the person's own quota: what would not fit alone never will.

    Raises
    ------
    OverOwnQuota
        With both numbers.
    """
    for sentence in _over(entitlement, needs(profile, devices)):
        raise OverOwnQuota(f"{sentence} Choose less.")


def needs(profile: ProfileGrant, devices: int) -> dict[str, Decimal]:
    """What one server of a profile is charged for, by full quota key, as far as the profile says it."""
    charged: dict[str, Decimal] = {}
    for key, size in (("limits.cpu", profile.profile.cpu), ("limits.memory", profile.profile.memory)):
        limit = size.limit if isinstance(size, Bounds) else size
        if limit is not None:
            charged[key] = limit
    if profile.devices:
        charged[f"requests.{profile.devices.resource}"] = Decimal(devices)
    return charged


def _amounts(profile: ProfileGrant) -> tuple[int, ...]:
    return profile.devices.choices if profile.devices else (0,)


def _over(entitlement: Entitlement, charged: Mapping[str, Decimal]) -> Iterator[str]:
    for key, amount in charged.items():
        ceiling = entitlement.ceiling(key)
        if ceiling is not None and amount > ceiling.amount:
            yield (
                f"You may use {spoken(key, ceiling.amount, entitlement.gpu)}; this server asks for {written(amount)}."
            )


def spoken(key: str, amount: Decimal, gpu: str) -> str:
    """Say an amount of a quota key: ``2 GPUs``, ``16 CPUs``, ``64Gi of memory``."""
    number = written(amount)
    match key:
        case "limits.cpu" | "requests.cpu" | "cpu":
            return f"{number} CPU" if amount == 1 else f"{number} CPUs"
        case "limits.memory" | "requests.memory" | "memory":
            return f"{number} of memory"
        case _ if key.removeprefix("requests.") == gpu:
            return f"{number} GPU" if amount == 1 else f"{number} GPUs"
        case _:
            return f"{number} of {key.removeprefix('requests.')}"
