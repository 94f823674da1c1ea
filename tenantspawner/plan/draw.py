"""Drawing: from a choice to every object of a spawn, as one value, before the first write.

`draw` is for a server under a tenancy, `draw_plain` for one without, which is KubeSpawner's own. The effective pod,
after every override and default, is what is compared with the tenancy at the end; a way to ask differently is not a
way to get more.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from tenantspawner.kube import labels
from tenantspawner.kube.names import label_value
from tenantspawner.plan.account import hub_rights, pull_secrets, role_bindings, service_account
from tenantspawner.plan.additions import additions
from tenantspawner.plan.claim import claim
from tenantspawner.plan.extras import further_objects
from tenantspawner.plan.harden import hardened
from tenantspawner.plan.marks import Site, marks, merged, owner_of
from tenantspawner.plan.models import Manifest, Plan, Provisions, Surroundings
from tenantspawner.plan.namespace import namespace_object
from tenantspawner.plan.network import network_policies
from tenantspawner.plan.pod import pod
from tenantspawner.plan.quota import hard, leased_keys, limit_range, resource_quota
from tenantspawner.plan.room import with_room, with_written_amounts
from tenantspawner.plan.service import service
from tenantspawner.plan.settings import PodSettings, ServerContext
from tenantspawner.plan.shape import has_own_account, shape
from tenantspawner.plan.token import secret_names, token_secret
from tenantspawner.policy import Choice, check_effective


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice with the hub's settings before (`configured`) and after (`shaped`) it was laid over them."""

    choice: Choice
    configured: PodSettings
    shaped: PodSettings

    @classmethod
    def of(cls, choice: Choice, configured: PodSettings, pvc_name: str) -> "Chosen":
        """Lay a choice over the hub's settings; Misconfigured where an override does not fit its setting."""
        return cls(choice, configured, shape(configured, choice, pvc_name))


def draw(chosen: Chosen, server: ServerContext, around: Surroundings, spawn_id: str) -> Plan:
    """Draw everything a chosen server needs.

    Raises
    ------
    Refused
        The effective pod is more than the tenancy allows.
    Misconfigured
        An override does not fit its setting; names the setting.
    """
    choice, settings = chosen.choice, chosen.shaped
    tenant = choice.entitlement.tenant
    ground = provisions(Site(server.namespace, choice.entitlement, around))
    server = _with_literal_env(server, settings)
    shaped = pod(settings, server)
    added = additions(chosen.configured, shaped, server, tenant)
    made = _under_tenancy(shaped, choice, server, around)
    if ground is not None:
        made = with_room(made, ground.fences[0])
    made["metadata"]["annotations"] |= {labels.SPAWN: spawn_id, labels.SERVER: server.servername}
    check_effective(made, choice, choice.entitlement, around.envelope, hub=added)
    home = _placed(claim(settings, server), server.namespace) if settings.storage_pvc_ensure else None
    return Plan(
        namespace=server.namespace,
        provisions=ground,
        claim=_marked(home, choice, around) if home else None,
        pod=made,
        token=_token(made, server),
        service=_marked(front, choice, around) if (front := _service(settings, server, made)) else None,
        contact=choice.entitlement.contact,
    )


def draw_plain(settings: PodSettings, server: ServerContext, spawn_id: str) -> Plan:
    """Draw a server without a tenancy: KubeSpawner's pod and claim, and a note by which a lost answer is found."""
    made = _placed(pod(settings, server), server.namespace)
    made["metadata"]["annotations"][labels.SPAWN] = spawn_id
    home = _placed(claim(settings, server), server.namespace) if settings.storage_pvc_ensure else None
    front = _service(settings, server, made)
    return Plan(namespace=server.namespace, provisions=None, claim=home, pod=made, service=front)


def provisions(site: Site) -> Provisions | None:
    """Return what must exist before any pod; None for ``per: hub``, where everything is the hub admin's."""
    if site.entitlement.tenant.namespace.per == "hub":
        return None
    bounds = hard(site.entitlement, site.around)
    leased = leased_keys(site.entitlement.tenant, site.entitlement.gpu)
    quota = resource_quota(site, bounds)
    rights = hub_rights(site)
    fences = (limit_range(site, {*bounds, *leased}), *network_policies(site))
    furnishings = (service_account(site), *role_bindings(site), *pull_secrets(site), *further_objects(site))
    space = namespace_object(site.namespace, site.entitlement, site.around.envelope)
    everything = [obj for obj in (space, rights, quota, *fences, *furnishings) if obj]
    digest = digest_of(everything, leased)
    return Provisions(
        namespace=site.namespace,
        owner=owner_of(site.entitlement),
        space=space,
        rights=rights,
        quota=quota,
        fences=fences,
        furnishings=furnishings,
        digest=digest,
        leased=leased,
    )


def digest_of(objects: Sequence[Manifest], leased: Collection[str] = ()) -> str:
    """Hash objects by value and whatever order, 128 bits; secrets go in but cannot be read out.

    What is `leased` counts too: a quota whose keys become leased is another one, although its text is the same.
    """
    ordered = sorted(objects, key=lambda obj: (obj["kind"], obj["metadata"]["name"]))
    hashed: list[object] = [*ordered, *([sorted(leased)] if leased else [])]
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _under_tenancy(shaped: Manifest, choice: Choice, server: ServerContext, around: Surroundings) -> Manifest:
    """Return the pod in its namespace, hardened and marked as ours."""
    tenant = choice.entitlement.tenant
    made = hardened(
        with_written_amounts(_placed(shaped, server.namespace)),
        restricted=tenant.namespace.pod_security == "restricted",
        automount_token=tenant.service_account.automount_token if has_own_account(tenant) else None,
        devices=_devices(choice),
    )
    made = _marked(made, choice, around)
    made["metadata"]["labels"][labels.PROFILE] = label_value(str(choice.profile.id))
    return made


def _devices(choice: Choice) -> frozenset[str]:
    """Every device the document knows of, and those that were chosen."""
    bounded = (ceiling.key.removeprefix("requests.") for ceiling in choice.entitlement.ceilings)
    return frozenset({choice.entitlement.gpu, *choice.devices, *(name for name in bounded if "/" in name)})


def _with_literal_env(server: ServerContext, settings: PodSettings) -> ServerContext:
    """Double ``$`` in what the hub gives: a person called ``$(JUPYTERHUB_API_TOKEN)`` is called just that."""
    env = {
        name: value.replace("$", "$$")
        if isinstance(value, str) and name not in settings.environment and name not in server.secret_env_names
        else value
        for name, value in server.env.items()
    }
    return replace(server, env=env)


def _placed(obj: Manifest, namespace: str) -> Manifest:
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


def _service(settings: PodSettings, server: ServerContext, made: Manifest) -> Manifest | None:
    """The service in front of the pod where one is asked for; its owner is told when the pod is made."""
    if not server.with_service:
        return None
    port = settings.port if server.port is None else server.port
    obj = service(settings, server, {}, port)
    del obj["metadata"]["ownerReferences"]
    theirs = made["metadata"]["labels"]
    obj["spec"]["selector"] = {key: theirs[key] for key in obj["spec"]["selector"] if key in theirs}
    return _placed(obj, server.namespace)


def _marked(obj: Manifest, choice: Choice, around: Surroundings) -> Manifest:
    ours = marks(choice.entitlement, around.envelope, personal=True)
    ours["labels"].pop(labels.MANAGED_BY)  # KubeSpawner's stays, by which tools in the field select
    return {**obj, "metadata": {**obj["metadata"], **merged(obj["metadata"], ours)}}


def _token(made: Manifest, server: ServerContext) -> Manifest | None:
    if not server.secret_env_names or server.env_secret_name is None:
        return None
    return token_secret(server.env_secret_name, made, server.env, server.secret_env_names)


def with_secret_env(server: ServerContext, around: Surroundings, secret_name: str) -> ServerContext:
    """Say which variables of a server's environment are taken from the Secret of that name."""
    chosen = secret_names(server.env, around.secret_env)
    return replace(server, secret_env_names=chosen, env_secret_name=secret_name)
