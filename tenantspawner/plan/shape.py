"""From hub settings and a choice to the settings of this one server.

Hub configuration is the start; the tenant, then the profile, then what was overridden on purpose, then the image and
the devices that were chosen are laid over it, each as a new frozen value. Nothing is ever written back.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tenantspawner.kube.labels import QUEUE
from tenantspawner.kube.quantities import format as written
from tenantspawner.kube.templates import literal
from tenantspawner.plan.pod import in_order
from tenantspawner.plan.settings import PodSettings, overridden
from tenantspawner.policy.models import Choice
from tenantspawner.tenancy.models import Bounds, Profile, Storage, Tenant

HOME = "tenantspawner-home"


def shape(settings: PodSettings, choice: Choice, pvc_name: str) -> PodSettings:
    """Return the settings of the server that was chosen.

    Raises
    ------
    Misconfigured
        An override's value is not what the setting takes; names the setting.
    """
    settings = _of_tenant(settings, choice.entitlement.tenant, pvc_name)
    settings = _of_profile(settings, choice.profile.profile)
    settings = overridden(settings, choice.override)
    devices = {resource: str(amount) for resource, amount in choice.devices.items() if amount}
    return replace(
        settings,
        image=str(choice.image),
        extra_resource_limits={**settings.extra_resource_limits, **devices},
        extra_resource_guarantees={**settings.extra_resource_guarantees, **devices},
    )


def _of_tenant(settings: PodSettings, tenant: Tenant, pvc_name: str) -> PodSettings:
    labels = {QUEUE: tenant.local_queue} if tenant.local_queue else {}
    pull_secrets = [name for name in dict.fromkeys(tenant.pull_secrets) if name not in settings.image_pull_secrets]
    settings = replace(
        settings,
        image_pull_secrets=[*settings.image_pull_secrets, *pull_secrets],
        extra_labels={**settings.extra_labels, **labels},
    )
    if has_own_account(tenant):
        account = tenant.service_account
        settings = replace(
            settings, service_account=account.name, automount_service_account_token=account.automount_token
        )
    if tenant.storage is not None:
        settings = _with_home(settings, tenant.storage, pvc_name)
    for number, volume in enumerate(tenant.volumes):
        claim = {"claimName": volume.claim, "readOnly": volume.read_only}
        mount: dict[str, Any] = {"mountPath": volume.mount_path, "readOnly": volume.read_only}
        if volume.sub_path:
            mount["subPath"] = volume.sub_path
        settings = _mounted(settings, f"tenantspawner-shared-{number}", {"persistentVolumeClaim": claim}, mount)
    return settings


def has_own_account(tenant: Tenant) -> bool:
    """Whether servers run as the tenant's account; in the hub's namespace only where it names one, else as hub configuration's."""
    return tenant.namespace.per != "hub" or "name" in tenant.service_account.model_fields_set


def _with_home(settings: PodSettings, storage: Storage, pvc_name: str) -> PodSettings:
    settings = replace(
        settings,
        storage_pvc_ensure=True,
        storage_capacity=written(storage.capacity),
        storage_class=storage.storage_class or settings.storage_class,
        storage_access_modes=list(storage.access_modes),
    )
    claim = {"persistentVolumeClaim": {"claimName": pvc_name}}
    return _mounted(settings, HOME, claim, {"mountPath": storage.mount_path})


def _mounted(settings: PodSettings, name: str, volume: Mapping[str, Any], mount: Mapping[str, Any]) -> PodSettings:
    """Mount a volume; whatever hub configuration mounts at that very path gives way, and its volume if unused.

    The settings are templates; a document's texts are not.
    """
    mount = {key: literal(item) if isinstance(item, str) else item for key, item in mount.items()}
    before = in_order(settings.volume_mounts)
    mounts = [item for item in before if str(item.get("mountPath")).rstrip("/") != mount["mountPath"].rstrip("/")]
    gone = {item.get("name") for item in before} - {item.get("name") for item in mounts} - _mounted_elsewhere(settings)
    volumes = [item for item in in_order(settings.volumes) if item.get("name") not in gone]
    return replace(
        settings, volumes=[*volumes, {"name": name, **volume}], volume_mounts=[*mounts, {"name": name, **mount}]
    )


def _mounted_elsewhere(settings: PodSettings) -> set[str]:
    """The volumes that other containers of hub configuration mount."""
    containers = (*in_order(settings.init_containers), *in_order(settings.extra_containers))
    mounts = (
        item
        for container in containers
        for item in container.get("volumeMounts") or container.get("volume_mounts") or ()
    )
    return {item.get("name") for item in mounts}


def _of_profile(settings: PodSettings, profile: Profile) -> PodSettings:
    cpu, memory = _bounds(profile.cpu), _bounds(profile.memory)
    tolerations = [item.model_dump(by_alias=True, exclude_none=True) for item in profile.tolerations]
    changes: dict[str, Any] = {
        "node_selector": {**settings.node_selector, **profile.node_selector},
        "tolerations": [*in_order(settings.tolerations), *tolerations],
        # The setting is a template; a document's texts are not.
        "environment": {**settings.environment, **{name: literal(text) for name, text in profile.env.items()}},
    }
    changes |= _amounts("cpu_guarantee", "cpu_limit", float, settings, cpu)
    changes |= _amounts("mem_guarantee", "mem_limit", int, settings, memory)
    return replace(settings, **changes)


def _amounts(
    request: str, limit: str, number: Callable[[Decimal], float], settings: PodSettings, said: Bounds
) -> dict[str, float]:
    """What a profile says of one resource; where it says only half, hub configuration's other half has to fit it."""
    changes: dict[str, float] = {}
    lowest, highest = getattr(settings, request), getattr(settings, limit)
    if said.request is not None:
        lowest = changes[request] = number(said.request)
    if said.limit is not None:
        highest = changes[limit] = number(said.limit)
    if lowest is not None and highest is not None and lowest > highest:
        changes |= {limit: lowest} if said.limit is None else {request: highest}
    return changes


def _bounds(value: Decimal | Bounds | None) -> Bounds:
    """One quantity stands for both request and limit."""
    return value if isinstance(value, Bounds) else Bounds(request=value, limit=value)
