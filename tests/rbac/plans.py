"""The objects of one start, as the product draws them, for hubs of the three modes."""

from datetime import date

import yaml

from tenantspawner.plan import Binding, PodSettings, ServerContext, Surroundings, draw, namespace_name, with_secret_env
from tenantspawner.plan.draw import Chosen
from tenantspawner.policy import Identity, SpawnRequest, Username, choose, entitle
from tenantspawner.tenancy.models import Envelope, Tenancy

PULL_SECRET = "tenantspawner-pull-secret"
DOCUMENT = """
version: 1
images: {scipy: {image: "quay.io/jupyter/scipy-notebook:2026-10-20"}}
profiles:
  small: {cpu: {request: 100m, limit: 1}, memory: {request: 128Mi, limit: 1Gi}}
  gpu: {cpu: 1, memory: 1Gi, gpu: 1}
tenants:
  physics:
    members: [{groups: [physics]}]
    images: [scipy]
    profiles: [small, gpu]
    namespace: {per: PER}
    roles: ROLES
    selfService: SELF
    pullSecrets: PULL
    storage: {capacity: 1Gi}
    quota: {user: {cpu: 4, memory: 8Gi, gpu: 2, storage: 5Gi}TEAM}
"""
TEAM = ", team: {cpu: 8, memory: 16Gi, gpu: 2, storage: 20Gi}"


def the_plan(hub, person="ada", *, per="user", profile="gpu", binds=True, self_service=False, team=True):
    """Draw what `person` needs; `hub` is a `World`."""
    shared = per == "hub"
    text = DOCUMENT.replace("PER", per).replace("ROLES", "[]" if shared else "[tenantspawner-notebook]")
    text = (
        text.replace("SELF", str(self_service).lower())
        .replace("TEAM", TEAM if team else "")
        .replace("PULL", "[]" if shared else f"[{PULL_SECRET}]")
    )
    return drawn(hub, chosen(text, person, "physics", profile), shared=shared, binds=binds)


def chosen(text, person, tenant, profile):
    """What somebody of the group `physics` chooses under a document."""
    identity = Identity(Username(person), frozenset({"physics"}))
    entitled = entitle(Tenancy.model_validate(yaml.safe_load(text)), identity, date(2026, 11, 24), {})
    return choose(entitled, SpawnRequest(tenant=tenant, profile=profile))


def drawn(hub, choice, *, shared=False, binds=True):
    """Draw what a choice needs; `hub` is a `World`."""
    person = str(choice.entitlement.identity.name)
    envelope = Envelope(hubId=hub.hub_id, hubNamespace=hub.namespace, namespacePrefix=hub.prefix)
    account = {"kind": "ServiceAccount", "name": "hub", "namespace": hub.namespace}
    around = Surroundings(
        envelope,
        hub_binding=Binding("tenantspawner-hub-namespace", account) if binds else None,
        pull_secrets={PULL_SECRET: {"type": "Opaque", "data": {}}},
        features=frozenset({"resource.k8s.io"}),
    )
    server = ServerContext(
        pod_name=f"jupyter-{person}",
        namespace=namespace_name(choice.entitlement, envelope, hub.namespace),
        username=person,
        pvc_name=f"claim-{person}",
        hub_namespace=hub.namespace,
        env={"JUPYTERHUB_API_TOKEN": "0123456789abcdef", "JUPYTERHUB_USER": person},
    )
    server = with_secret_env(server, around, f"token-{person}")
    chosen = Chosen.of(choice, PodSettings(), server.pvc_name)
    return draw(chosen, server, around, spawn_id="spawn-1")
