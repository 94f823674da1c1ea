"""Further objects that a tenant's document brings along, with the template fields of names in their texts.

Fields are filled once, everywhere in the manifest's texts; what they hold is never read again. The namespace is ours
to say, and our labels win.
"""

from collections.abc import Mapping
from typing import Any

from tenantspawner.kube.names import compose, slug
from tenantspawner.plan.marks import Site, marks, merged
from tenantspawner.plan.models import Manifest


def further_objects(site: Site) -> tuple[Manifest, ...]:
    """The tenant's ``objects``, placed in the namespace and marked as ours."""
    envelope, entitlement = site.around.envelope, site.entitlement
    tenant = str(entitlement.tenant_id)
    own = entitlement.tenant.namespace.per == "user"  # a shared namespace's objects are the same whoever comes first
    fields = {
        "prefix": envelope.namespace_prefix,
        "hub": slug(envelope.hub_id),
        "tenant": tenant,
        "username": compose("{username}", {"username": str(entitlement.identity.name)}) if own else tenant,
        "namespace": site.namespace,
    }
    return tuple(_placed(site, _filled(obj, fields)) for obj in entitlement.tenant.objects)


def _placed(site: Site, obj: Manifest) -> Manifest:
    metadata = obj.get("metadata") or {}
    ours = marks(site.entitlement, site.around.envelope)
    return {**obj, "metadata": {**metadata, "namespace": site.namespace, **merged(metadata, ours)}}


def _filled(value: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _once(value, fields)
    if isinstance(value, Mapping):
        return {key: _filled(item, fields) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, fields) for item in value]
    return value


def _once(text: str, fields: Mapping[str, str]) -> str:
    """One pass from left to right; unknown fields and braces stay as they are."""
    done: list[str] = []
    while text:
        before, brace, rest = text.partition("{")
        name, close, after = rest.partition("}")
        known = bool(brace and close) and name in fields
        done += [before, fields[name] if known else brace]
        text = after if known else rest
    return "".join(done)
