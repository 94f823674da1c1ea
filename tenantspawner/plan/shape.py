"""From hub settings and a choice to the settings of this one server.

Hub configuration is the start; the tenant, then the profile, then what was overridden on purpose, then the image and
the devices that were chosen are laid over it, each as a new frozen value. Nothing is ever written back.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tenantspawner.kube.quantities import format as written
from tenantspawner.kube.templates import literal
from tenantspawner.plan.pod import in_order
from tenantspawner.plan.settings import PodSettings, overridden
from tenantspawner.policy.models import Choice
from tenantspawner.tenancy.models import Bounds, Profile, Storage, Tenant

HOME = "tenantspawner-home"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


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
    account = tenant.service_account
    labels = {QUEUE_LABEL: tenant.local_queue} if tenant.local_queue else {}
    settings = replace(
        settings,
        service_account=account.name,
        automount_service_account_token=account.automount_token,
        image_pull_secrets=[*settings.image_pull_secrets, *tenant.pull_secrets],
        extra_labels={**settings.extra_labels, **labels},
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
    """Mount a volume; whatever hub configuration mounts at that very path gives way, and its volume if unused."""
    mounts = [item for item in in_order(settings.volume_mounts) if item.get("mountPath") != mount["mountPath"]]
    gone = {item.get("name") for item in in_order(settings.volume_mounts)} - {item.get("name") for item in mounts}
    volumes = [item for item in in_order(settings.volumes) if item.get("name") not in gone]
    return replace(
        settings, volumes=[*volumes, {"name": name, **volume}], volume_mounts=[*mounts, {"name": name, **mount}]
    )


def _of_profile(settings: PodSettings, profile: Profile) -> PodSettings:
    cpu, memory = _bounds(profile.cpu), _bounds(profile.memory)
    tolerations = [item.model_dump(by_alias=True, exclude_none=True) for item in profile.tolerations]
    changes: dict[str, Any] = {
        "node_selector": {**settings.node_selector, **profile.node_selector},
        "tolerations": [*in_order(settings.tolerations), *tolerations],
        # The setting is a template; a document's texts are not.
        "environment": {**settings.environment, **{name: literal(text) for name, text in profile.env.items()}},
    }
    if cpu.limit is not None:
        changes["cpu_limit"] = float(cpu.limit)
    if cpu.request is not None:
        changes["cpu_guarantee"] = float(cpu.request)
    if memory.limit is not None:
        changes["mem_limit"] = int(memory.limit)
    if memory.request is not None:
        changes["mem_guarantee"] = int(memory.request)
    return replace(settings, **changes)


def _bounds(value: Decimal | Bounds | None) -> Bounds:
    """One quantity stands for both request and limit."""
    return value if isinstance(value, Bounds) else Bounds(request=value, limit=value)
