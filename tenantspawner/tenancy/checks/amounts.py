"""Amounts that make sense: resources that exist, limits above requests, devices that are whole.

The resource names are Kubernetes' own (core/v1 ResourceName, and what a ResourceQuota counts); anything else must be
an extended resource, ``domain/name``, and those are only ever counted by ``requests.domain/name``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tenantspawner.errors import Problem
from tenantspawner.kube.quantities import format as written
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Bounds, Ceilings, Devices, Limits, Profile, SelfService, Tenant, TenantId
from tenantspawner.tenancy.words import Location, suggestion

SHORT = {"cpu": "limits.cpu", "memory": "limits.memory", "storage": "requests.storage"}
COUNTED = (
    "requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "requests.storage", "ephemeral-storage",
    "requests.ephemeral-storage", "limits.ephemeral-storage",
)  # fmt: skip
WHOLE = (
    "pods", "persistentvolumeclaims", "services", "services.loadbalancers", "services.nodeports", "secrets",
    "configmaps", "replicationcontrollers", "resourcequotas",
)  # fmt: skip
OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
NOT_OF_PODS = ("storage", "requests.storage", "servers")
BYTES = ("memory", "storage", "ephemeral-storage")

_DOMAIN = re.compile(r"[a-z0-9][-a-z0-9.]*")
_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*")
_FREE_WHOLE = re.compile(r"count/[a-z]+(\.[a-z0-9.-]+)?|requests\..+/.+|.+\.deviceclass\.resource\.k8s\.io/devices")
_FREE = re.compile(
    r"(requests\.)?hugepages-[0-9]+(Ki|Mi|Gi)|.+\.storageclass\.storage\.k8s\.io/(requests\.storage|persistentvolumeclaims)"
)


def profiles(view: View) -> Iterator[Problem]:
    """Check what each profile asks for."""
    if not is_extended(view.tenancy.gpu):
        yield view.error(("gpu",), f"{view.tenancy.gpu} is no device's resource name, such as nvidia.com/gpu")
    for profile_id, profile in view.tenancy.profiles.items():
        base: Location = ("profiles", profile_id)
        for key, amount in (("cpu", profile.cpu), ("memory", profile.memory)):
            if isinstance(amount, Bounds) and None not in (amount.request, amount.limit):
                assert amount.request is not None
                assert amount.limit is not None
                if amount.limit < amount.request:
                    message = f"the limit {written(amount.limit)} is below the request {written(amount.request)}"
                    yield view.error((*base, key, "limit"), message)
        if isinstance(profile.memory, Bounds):
            parts = {"request": profile.memory.request, "limit": profile.memory.limit}
            yield from _whole_bytes(view, (*base, "memory"), parts)
        else:
            yield from _whole_bytes(view, base, {"memory": profile.memory})
        if isinstance(profile.gpu, Devices):
            yield from _devices(view, (*base, "gpu"), profile.gpu)


def quotas(view: View) -> Iterator[Problem]:
    """Check every quota's keys and numbers."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        base: Location = ("tenants", tenant_id)
        yield from _quota(view, (*base, "quota", "user"), tenant.quota.user)
        yield from _quota(view, (*base, "quota", "team"), tenant.quota.team)
        for index, rule in enumerate(tenant.members):
            yield from _quota(view, (*base, "members", index, "quota"), rule.quota)
        if tenant.quota.team is not None:
            yield from _team(view, (*base, "quota", "team"), tenant, tenant.quota.team)
        if tenant.on_exhausted != "refuse" and tenant.quota.team is None:
            yield view.warning(
                (*base, "onExhausted"), "there is no quota.team that could be exhausted, so nobody waits"
            )


def self_service(view: View) -> Iterator[Problem]:
    """Warn of what would be deleted above a grant where nothing is granted."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        said = tenant.self_service
        leases = tenant.quota.team is not None and tenant.namespace.per == "user"
        if isinstance(said, SelfService) and said.delete_above_grant and not leases:
            yield view.warning(
                ("tenants", tenant_id, "selfService", "deleteAboveGrant"),
                "nothing is granted here, so nothing is deleted: that needs quota.team and a namespace for each person (per: user)",
            )


def limits(view: View) -> Iterator[Problem]:
    """Check every LimitRange, and each person's home volume."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        if tenant.storage is not None:
            yield from _whole_bytes(view, ("tenants", tenant_id, "storage"), {"capacity": tenant.storage.capacity})
        if tenant.limits is not None:
            yield from _limits(view, ("tenants", tenant_id, "limits"), tenant.limits)


def affordable(view: View) -> Iterator[Problem]:
    """Warn of profiles that ask for more than a person or the team may have, and say where both were written."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        base: Location = ("tenants", tenant_id)
        bounds = {
            "quota.user": _best(view, base, tenant),
            "quota.team": _said(view, (*base, "quota", "team"), tenant.quota.team),
        }
        for index, name in enumerate(tenant.profiles):
            profile = view.tenancy.profiles.get(name)
            if profile is not None:
                for message in _too_much(view, name, profile, tenant_id, bounds):
                    yield view.warning((*base, "profiles", index), f"the profile {name} {message}")


def is_extended(name: str) -> bool:
    """Whether a resource has a device's name: a domain with a dot, a slash, a name."""
    domain, _, rest = name.partition("/")
    fits = _DOMAIN.fullmatch(domain) is not None and _NAME.fullmatch(rest) is not None
    return fits and "." in domain and domain[-1].isalnum() and rest[-1].isalnum()


def _devices(view: View, base: Location, devices: Devices) -> Iterator[Problem]:
    if devices.resource is not None and not is_extended(devices.resource):
        yield view.error(
            (*base, "resource"), f"{devices.resource} is no device's resource name, such as nvidia.com/gpu"
        )
    if not devices.choices:
        yield view.error((*base, "choices"), "must not be empty; leave gpu out for a profile without devices")
    for index, choice in enumerate(devices.choices):
        if choice in devices.choices[:index]:
            yield view.error((*base, "choices", index), f"{choice} is there twice")
    if devices.default is not None and devices.default not in devices.choices:
        among = ", ".join(map(str, devices.choices))
        yield view.error((*base, "default"), f"{devices.default} is not among the choices {among}")


def _quota(view: View, base: Location, ceilings: Ceilings | None) -> Iterator[Problem]:
    if ceilings is None:
        return
    said = ceilings.named()
    for key, amount in said.items():
        if key not in Ceilings.model_fields and (message := _unknown(key)) is not None:
            yield view.key((*base, key), message)
        if amount != amount.to_integral_value() and (key in {"gpu", *WHOLE} or _FREE_WHOLE.fullmatch(key)):
            yield view.error((*base, key), "must be a whole number")
        full = f"requests.{view.tenancy.gpu}" if key == "gpu" else SHORT.get(key, key)
        if full != key and full in said:
            yield view.key((*base, key), f"says the same as {full}; leave one of them out")
    yield from _whole_bytes(view, base, {key: amount for key, amount in said.items() if _resource(key) in BYTES})


def _resource(key: str) -> str:
    return key.rpartition(".")[2]


def _whole_bytes(view: View, base: Location, amounts: Mapping[str, Decimal | None]) -> Iterator[Problem]:
    """Find what is less than a byte: ``500m`` of memory is half of one, and was meant to be ``500M``."""
    for key, amount in amounts.items():
        if amount is not None and 0 < amount < 1:
            message = f"{written(amount)} is less than one byte: m is a thousandth; write M for a million bytes, or Mi"
            yield view.error((*base, key), message)


def _unknown(key: str) -> str | None:
    if key in COUNTED or key in WHOLE or _FREE_WHOLE.fullmatch(key) or _FREE.fullmatch(key):
        return None
    if is_extended(key) or key.startswith("limits."):
        return f"devices are counted by their requests, as in Kubernetes; write requests.{key.removeprefix('limits.')}"
    known = (*COUNTED, *WHOLE, *Ceilings.model_fields)
    return f"a quota has no resource {key}{suggestion(key, known) or '; there are cpu, memory, gpu, storage, servers and any key of a ResourceQuota'}"


def _team(view: View, base: Location, tenant: Tenant, team: Ceilings) -> Iterator[Problem]:
    for key in team.named():
        if key == "servers":
            yield view.key((*base, key), "servers are counted for each person; write it under quota.user")
        elif tenant.namespace.per != "tenant" and (key in NOT_OF_PODS or key.startswith("count/") or key in WHOLE[1:]):
            message = (
                "a team's budget takes what pods are charged for: cpu, memory, gpu, other devices, ephemeral-storage"
            )
            yield view.key((*base, key), message)


def _limits(view: View, base: Location, said: Limits) -> Iterator[Problem]:
    parts = {name: dict(getattr(said, name)) for name in type(said).model_fields}
    alias = {name: str(field.alias) for name, field in type(said).model_fields.items()}
    for name, amounts in parts.items():
        for key in amounts:
            if key not in OF_CONTAINERS and not is_extended(key) and not _FREE.fullmatch(key):
                hint = (
                    suggestion(key, OF_CONTAINERS)
                    or f"; there are {', '.join(OF_CONTAINERS)} and devices by their full name"
                )
                yield view.key((*base, alias[name], key), f"a container has no resource {key}{hint}")
        if name != "max_limit_request_ratio":
            of_bytes = {key: amount for key, amount in amounts.items() if key in BYTES}
            yield from _whole_bytes(view, (*base, alias[name]), of_bytes)
    for low, high in (
        ("min", "max"),
        ("min", "default"),
        ("default", "max"),
        ("default_request", "default"),
        ("default_request", "max"),
    ):
        for key in parts[low].keys() & parts[high].keys():
            if parts[low][key] > parts[high][key]:
                message = f"is above {alias[high]}, which is {written(parts[high][key])}"
                yield view.error((*base, alias[low], key), message)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A number, and where it was written."""

    amount: Decimal
    location: Location


@dataclass(frozen=True, slots=True)
class _Ask:
    """What a server of a profile asks of a quota key, at least and at most, and where that was written."""

    key: str
    least: Decimal
    most: Decimal
    location: Location


def _too_much(
    view: View, name: str, profile: Profile, tenant_id: str, bounds: Mapping[str, Mapping[str, _Bound]]
) -> Iterator[str]:
    asks = [*_asks(view, name, profile)]
    for whose, have in bounds.items():
        for ask in asks:
            bound = have.get(ask.key)
            if bound is None or ask.most <= bound.amount:
                continue
            never = ask.least > bound.amount
            what = f"{written(ask.least if never else ask.most)} of {ask.key} ({view.at(ask.location)})"
            have_words = f"and {whose} is {written(bound.amount)} ({view.at(bound.location)})"
            yield f"{'asks for' if never else 'offers'} {what}, {have_words}: {'it' if never else 'that choice'} never starts"
    limits = view.tenancy.tenants[TenantId(tenant_id)].limits
    for ask in asks:
        short = ask.key.partition(".")[2]
        highest = limits.max.get(short) if limits else None
        if highest is not None and ask.least > highest:
            where = view.at(("tenants", tenant_id, "limits", "max", short))
            yield (
                f"asks for {written(ask.least)} of {ask.key} ({view.at(ask.location)}), "
                f"and limits.max is {written(highest)} ({where}): it never starts"
            )


def _best(view: View, base: Location, tenant: Tenant) -> Mapping[str, _Bound]:
    """The most that anybody's own quota says: a rule may lift what the tenant gives everybody."""
    have = dict(_said(view, (*base, "quota", "user"), tenant.quota.user))
    for index, rule in enumerate(tenant.members):
        for key, bound in _said(view, (*base, "members", index, "quota"), rule.quota).items():
            if key not in have or bound.amount > have[key].amount:
                have[key] = bound
    return have


def _said(view: View, base: Location, ceilings: Ceilings | None) -> Mapping[str, _Bound]:
    said = ceilings.named() if ceilings else {}
    return {
        f"requests.{view.tenancy.gpu}" if key == "gpu" else SHORT.get(key, key): _Bound(amount, (*base, key))
        for key, amount in said.items()
    }


def _asks(view: View, name: str, profile: Profile) -> Iterator[_Ask]:
    base: Location = ("profiles", name)
    for resource, amount in (("cpu", profile.cpu), ("memory", profile.memory)):
        bounds = amount if isinstance(amount, Bounds) else Bounds(request=amount, limit=amount)
        for kind, part, value in (("limits", "limit", bounds.limit), ("requests", "request", bounds.request)):
            if value is not None:
                yield _Ask(f"{kind}.{resource}", value, value, (*base, resource, part))
    if isinstance(profile.gpu, Devices) and profile.gpu.choices:
        key, choices = f"requests.{profile.gpu.resource or view.tenancy.gpu}", profile.gpu.choices
        yield _Ask(key, Decimal(min(choices)), Decimal(max(choices)), (*base, "gpu", "choices"))
    elif isinstance(profile.gpu, int):
        yield _Ask(f"requests.{view.tenancy.gpu}", Decimal(profile.gpu), Decimal(profile.gpu), (*base, "gpu"))
