"""The manifests of a start that nobody asked for yet: the defaults of a profile, drawn with what is known offline."""

from typing import Any

from tenantspawner.cli.hubconfig import HubConfig
from tenantspawner.kube.templates import expand
from tenantspawner.plan import ServerContext, Surroundings, draw, namespace_name
from tenantspawner.plan.draw import Chosen
from tenantspawner.plan.expand import person_fields
from tenantspawner.policy import Entitlement, Entitlements, SpawnRequest, choose


def manifests(
    entitled: Entitlements, entitlement: Entitlement, hub: HubConfig, profile: str | None
) -> list[dict[str, Any]]:
    """Draw every object of a default start, in the order in which they are made.

    Raises
    ------
    TenantSpawnerError
        The start would be refused.
    """
    choice = choose(entitled, SpawnRequest(tenant=str(entitlement.tenant_id), profile=profile))
    namespace = namespace_name(entitlement, hub.envelope, hub.envelope.hub_namespace)
    username = str(entitlement.identity.name)
    fields = person_fields(
        username, "", userid="", hub_namespace=hub.envelope.hub_namespace, slug_scheme=hub.slug_scheme
    )
    server = ServerContext(
        pod_name=expand(hub.pod_name_template, fields),
        namespace=namespace,
        username=username,
        pvc_name=expand(hub.pvc_name_template, fields),
        hub_namespace=hub.envelope.hub_namespace,
        slug_scheme=hub.slug_scheme,
    )
    chosen = Chosen.of(choice, hub.settings, server.pvc_name)
    plan = draw(chosen, server, Surroundings(hub.envelope), spawn_id="explain")
    return list(plan.objects())
