"""What ``explain`` says, as one JSON object: what a person may have, and the rule behind every part. Pure.

A rule is ``{"rule": path, "kind": …, "matched": …}``; ``kind`` is ``absent`` where nobody said anything and the
document's own meaning of absence holds.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tenantspawner.kube.quantities import format as written
from tenantspawner.plan import namespace_name
from tenantspawner.policy import Because, Ceiling, Entitlement, ImageGrant, OptionGrant, ProfileGrant, RuleKind
from tenantspawner.tenancy import Envelope
from tenantspawner.tenancy.models import Bounds

Json = dict[str, Any]


def explain(entitlement: Entitlement, envelope: Envelope, profile: str | None = None) -> Json:
    """Explain one tenant; `profile` leaves only that one."""
    shown = [grant for grant in entitlement.profiles if profile in {None, grant.id}]
    return {
        "tenant": summary(entitlement),
        "namespace": _namespace(entitlement, envelope),
        "serviceAccount": _account(entitlement),
        "profiles": [_profile(grant) for grant in shown],
        "quota": {"user": [_ceiling(each) for each in entitlement.ceilings], "team": _team(entitlement)},
    }


def summary(entitlement: Entitlement) -> Json:
    """One tenant to choose from."""
    return {
        "id": str(entitlement.tenant_id),
        "displayName": entitlement.display_name,
        "because": _rules(entitlement.because),
    }


def lines(explained: Json) -> Iterator[str]:
    """Write an explanation as text: a part a line, the rule behind it in parentheses."""
    for key, value in explained.items():
        yield from _lines(key, value, 0)


def _namespace(entitlement: Entitlement, envelope: Envelope) -> Json:
    rule = entitlement.tenant.namespace
    return {
        "name": namespace_name(entitlement, envelope, envelope.hub_namespace),
        "per": rule.per,
        "podSecurity": rule.pod_security,
        "because": [_said(entitlement, "namespace", rule.model_fields_set)],
    }


def _account(entitlement: Entitlement) -> Json:
    account = entitlement.tenant.service_account
    return {
        "name": account.name,
        "automountToken": account.automount_token,
        "roles": list(entitlement.tenant.roles),
        "because": [_said(entitlement, "serviceAccount", account.model_fields_set)],
    }


def _profile(grant: ProfileGrant) -> Json:
    choices: Json = {option.key: _option(option) for option in grant.options}
    return {
        "id": str(grant.id),
        "displayName": grant.display_name,
        "images": [_image(image) for image in grant.images],
        "patterns": [str(pattern) for pattern in grant.patterns],
        "choices": choices,
        "resources": _resources(grant),
        "because": _rules(grant.because),
    }


def _image(image: ImageGrant) -> Json:
    return {"id": image.id, "image": str(image.reference), "because": _rules(image.because)}


def _option(option: OptionGrant) -> Json:
    default = option.default
    return {
        "displayName": option.display_name,
        "choices": [choice.key for choice in option.choices],
        "default": default.key if default else None,
        "freeText": option.free.pattern if option.free else None,
    }


def _resources(grant: ProfileGrant) -> Json:
    resources: Json = {}
    for name, amount in (("cpu", grant.profile.cpu), ("memory", grant.profile.memory)):
        bounds = amount if isinstance(amount, Bounds) else Bounds(request=amount, limit=amount)
        said = {"request": bounds.request, "limit": bounds.limit}
        if any(value is not None for value in said.values()):
            resources[name] = {kind: written(value) for kind, value in said.items() if value is not None}
    if grant.devices is not None:
        resources[grant.devices.resource] = {
            "choices": list(grant.devices.choices),
            "default": grant.devices.default,
        }
    return resources


def _ceiling(ceiling: Ceiling) -> Json:
    return {"resource": ceiling.key, "amount": written(ceiling.amount), "because": _rules([ceiling.because])}


def _team(entitlement: Entitlement) -> list[Json]:
    team = entitlement.tenant.quota.team
    said = team.named() if team else {}
    where = f"tenants.{entitlement.tenant_id}.quota.team"
    return [
        {
            "resource": key,
            "amount": written(amount),
            "because": _rules([Because(f"{where}.{key}", RuleKind.TENANT)]),
        }
        for key, amount in said.items()
    ]


def _said(entitlement: Entitlement, key: str, fields: Iterable[str]) -> Json:
    path = f"tenants.{entitlement.tenant_id}.{key}"
    return _rules([Because(path, RuleKind.TENANT if list(fields) else RuleKind.ABSENT)])[0]


def _rules(because: Iterable[Because]) -> list[Json]:
    return [
        {"rule": each.path, "kind": str(each.kind)} | ({"matched": each.matched} if each.matched else {})
        for each in because
    ]


def _lines(key: str, value: object, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        if value:
            yield f"{indent}{key}: {', '.join(map(str, value))}"
    elif isinstance(value, list):
        yield f"{indent}{key}:"
        for item in value:
            yield from _lines("-", item, depth + 1)
    elif isinstance(value, dict):
        yield from _mapping_lines(key, value, depth)
    elif value not in {None, ""}:
        yield f"{indent}{key}: {value}"


def _mapping_lines(key: str, value: Json, depth: int) -> Iterator[str]:
    """Write scalars on the line itself, the rule at its end, and what is deeper below."""
    flat = {name: part for name, part in value.items() if isinstance(part, (str, int, float))}
    shown = ", ".join(f"{name} {part}" for name, part in flat.items())
    colon = "" if key == "-" else ":"
    yield f"{'  ' * depth}{key}{colon} {shown}{_behind(value.get('because', []))}".rstrip()
    for name, part in value.items():
        if name not in flat and name != "because" and part:
            yield from _lines(name, part, depth + 1)


def _behind(because: list[Json]) -> str:
    said = [
        each["rule"]
        + (f" {each['kind']} {each['matched']}" if "matched" in each else " absent" if each["kind"] == "absent" else "")
        for each in because
    ]
    return f" ({'; '.join(said)})" if said else ""
