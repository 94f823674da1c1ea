"""The result is what is checked: the finished pod, after every override and default, against the choice.

A way to ask differently is not a way to get more. Whatever profile, option, override or free text led to it, in the
pod as it would be sent every image is within the lists, every device and amount within the choice and the person's
own quota, the account is the tenant's, volumes are the person's or the team's, and nothing reaches the host.
What the hub's own configuration added is the hub admin's affair: the caller names it in `HubAdditions`.

These refusals mean that an administrator has to mend a profile, so they say which one and what is wrong with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tenantspawner.errors import OverOwnQuota, Refused
from tenantspawner.kube.charges import charge
from tenantspawner.kube.images import ImageReference
from tenantspawner.kube.quantities import format as written
from tenantspawner.policy.ceilings import extra_devices, spoken
from tenantspawner.policy.choice import owner
from tenantspawner.policy.imagelists import same
from tenantspawner.policy.models import Choice, Entitlement
from tenantspawner.policy.request import shown
from tenantspawner.tenancy.models import Bounds, Envelope

_LEVELS = ("restricted", "baseline", "privileged")
_HARMLESS_VOLUMES = frozenset({"emptyDir", "configMap", "downwardAPI"})
_TRAITS = {"limits.cpu": "cpu_limit", "limits.memory": "mem_limit"}
_UNCOUNTED = frozenset({"cpu", "memory", "ephemeral-storage"})


@dataclass(frozen=True, slots=True)
class HubAdditions:
    """What in the pod is hub configuration's own, by name; `claims` and `secrets` also those made for this server."""

    containers: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    resources: Mapping[str, Decimal] = field(default_factory=dict)  # extended resources, with their amounts
    service_account: str | None = None  # hub configuration's account, where servers stay in the hub's namespace


def check_effective(
    pod: Mapping[str, Any],
    choice: Choice,
    entitlement: Entitlement,
    envelope: Envelope,
    *,
    hub: HubAdditions = HubAdditions(),
) -> None:
    """Hold the pod as it would be sent against the choice.

    Raises
    ------
    Refused
        Something in it is more than the choice allows; names the field and the profile.
    OverOwnQuota
        It is charged for more than this person may have.
    """
    spec = pod.get("spec") or {}
    for container in _containers(spec, hub):
        _check_image(container, choice, entitlement)
        _check_privilege(container, choice, entitlement, envelope)
        _check_secrets(container, choice, hub)
    _check_host(spec, choice)
    _check_account(spec, choice, entitlement, hub)
    for volume in spec.get("volumes") or ():
        if volume.get("name") not in hub.volumes:
            _check_volume(volume, choice, entitlement, hub)
    _check_amounts(spec, choice, entitlement, hub)


def _containers(spec: Mapping[str, Any], hub: HubAdditions) -> Iterator[Mapping[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            if container.get("name") not in hub.containers:
                yield container


def _check_image(container: Mapping[str, Any], choice: Choice, entitlement: Entitlement) -> None:
    text = container.get("image")
    try:
        reference = ImageReference.parse(text) if isinstance(text, str) else None
    except ValueError:
        reference = None
    if reference is None or not (same(reference) == same(choice.image) or choice.profile.allows(reference)):
        raise Refused("image", f"{shown(text)} is not among {owner(entitlement.display_name)} images.")


def _check_privilege(
    container: Mapping[str, Any], choice: Choice, entitlement: Entitlement, envelope: Envelope
) -> None:
    level = min(entitlement.tenant.namespace.pod_security, envelope.max_pod_security, key=_LEVELS.index)
    if level == "privileged":
        return
    context = container.get("securityContext") or {}
    added = set((context.get("capabilities") or {}).get("add") or ()) - {"NET_BIND_SERVICE"}
    if context.get("privileged") or (context.get("windowsOptions") or {}).get("hostProcess"):
        _mend(choice, "asks for a privileged container")
    if level == "restricted" and (added or context.get("allowPrivilegeEscalation")):
        _mend(choice, "asks for more privilege than restricted Pod Security allows")
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        _mend(choice, "asks for a port of the host")


def _check_secrets(container: Mapping[str, Any], choice: Choice, hub: HubAdditions) -> None:
    named = [(source.get("secretRef") or {}).get("name") for source in container.get("envFrom") or ()]
    named += [
        ((variable.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        for variable in container.get("env") or ()
    ]
    if any(name is not None and name not in hub.secrets for name in named):
        _mend(choice, "reads a Secret that is not this server's")


def _check_host(spec: Mapping[str, Any], choice: Choice) -> None:
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        _mend(choice, "asks for a namespace of the host")
    if spec.get("resourceClaims"):
        _mend(choice, "asks for devices by resource claims")


def _check_account(spec: Mapping[str, Any], choice: Choice, entitlement: Entitlement, hub: HubAdditions) -> None:
    account = entitlement.tenant.service_account
    expected = account.name if hub.service_account is None else hub.service_account
    for key in ("serviceAccountName", "serviceAccount"):
        if spec.get(key, expected) != expected:
            _mend(choice, f"asks for another service account than {expected}")
    if "serviceAccountName" not in spec and hub.service_account is None:
        _mend(choice, "names no service account")
    if hub.service_account is None and not account.automount_token and spec.get("automountServiceAccountToken", True):
        _mend(choice, "mounts the token of its service account")


def _check_volume(volume: Mapping[str, Any], choice: Choice, entitlement: Entitlement, hub: HubAdditions) -> None:
    for kind, source in volume.items():
        match kind:
            case "name":
                continue
            case "persistentVolumeClaim":
                own = hub.claims | {shared.claim for shared in entitlement.tenant.volumes}
                allowed = (source or {}).get("claimName") in own
            case "secret":
                allowed = (source or {}).get("secretName") in hub.secrets
            case "projected":
                allowed = all(_projected(part, hub) for part in (source or {}).get("sources") or ())
            case _:
                allowed = kind in _HARMLESS_VOLUMES
        if not allowed:
            _mend(choice, f"mounts a volume that is neither this person's nor the team's ({shown(kind)})")


def _projected(part: Mapping[str, Any], hub: HubAdditions) -> bool:
    secret = part.get("secret")
    inert = not part.keys() - {"secret", "configMap", "downwardAPI"}
    return inert and (secret is None or secret.get("name") in hub.secrets)


def _check_amounts(spec: Mapping[str, Any], choice: Choice, entitlement: Entitlement, hub: HubAdditions) -> None:
    try:
        charged = charge(spec)
    except ValueError as problem:
        raise Refused("profile", f"{choice.profile.display_name} asks for an amount that {problem}") from None
    for resource, allowed in _allowed(choice, charged, hub).items():
        if charged[resource] > allowed:
            what = spoken(resource.replace("limits.", "requests."), charged[resource], entitlement.gpu)
            _mend(choice, f"comes to {what}, where {written(allowed)} was chosen")
    for ceiling in entitlement.ceilings:
        amount = charged.get(f"requests.{ceiling.key}" if ceiling.key in _UNCOUNTED else ceiling.key)
        if amount is not None and amount > ceiling.amount:
            allowed_words = spoken(ceiling.key, ceiling.amount, entitlement.gpu)
            raise OverOwnQuota(f"You may use {allowed_words}; this server comes to {written(amount)}. Choose less.")


def _allowed(choice: Choice, charged: Mapping[str, Decimal], hub: HubAdditions) -> dict[str, Decimal]:
    """What the choice says about each amount that is charged; amounts it is silent on are left to the ceilings."""
    extra = extra_devices(choice.override)
    allowed: dict[str, Decimal] = {}
    for key in charged:
        resource = key.partition(".")[2]
        if resource not in _UNCOUNTED:
            chosen = Decimal(choice.devices.get(resource, 0))
            allowed[key] = max(chosen, extra.get(resource, Decimal(0)), hub.resources.get(resource, Decimal(0)))
        elif (limit := _limit(choice, key)) is not None and not hub.containers:
            allowed[key] = limit
    return allowed


def _limit(choice: Choice, key: str) -> Decimal | None:
    """The profile's own limit, None where it says none or an override sets another."""
    trait = _TRAITS.get(key)
    if trait is None or trait in choice.override:
        return None
    size = choice.profile.profile.cpu if key == "limits.cpu" else choice.profile.profile.memory
    return size.limit if isinstance(size, Bounds) else size


def _mend(choice: Choice, what: str) -> None:
    contact = choice.entitlement.contact
    ask = f"Ask {contact} to mend it." if contact else "Ask the administrator of this hub to mend it."
    raise Refused("profile", f"{choice.profile.display_name} {what}. {ask}")
