"""May this person have that? The one place where it is answered.

Form, REST, query and stored options all end here, and again at every start. What is not this person's is looked
for nowhere: a name is sought among their own things only, so "unknown" and "not yours" have the same words, and
no refusal tells what others may have. Overrides are merged in this order: profile, options, then the image.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from tenantspawner.errors import NotEntitled, Refused
from tenantspawner.kube.images import ImageReference
from tenantspawner.policy.ceilings import default_amount, within_ceilings
from tenantspawner.policy.grants import image_of
from tenantspawner.policy.imagelists import same
from tenantspawner.policy.models import (
    Choice,
    Entitlement,
    Entitlements,
    FreeText,
    ImageGrant,
    OptionGrant,
    ProfileGrant,
    SpawnRequest,
)
from tenantspawner.policy.options import UNLISTED, fill
from tenantspawner.policy.patterns import MAX_TEXT, Pattern
from tenantspawner.policy.request import shown
from tenantspawner.tenancy.models import ProfileId

HUB = "hub:"


def choose(entitlements: Entitlements, request: SpawnRequest) -> Choice:
    """Choose one server: what was asked for, the defaults for the rest.

    Raises
    ------
    NotEntitled
        No tenant is this person's.
    Refused
        Something asked for is not to be had; names the field, and nothing of anybody else.
    OverOwnQuota
        One such server alone is more than this person may have.
    """
    entitlement = tenant_of(entitlements, request.tenant)
    profile = profile_of(entitlement, request.profile)
    asked, image_text = options_of(profile, request)
    overrides = [profile.override, *(_override(profile, option, asked) for option in profile.options)]
    merged = merge(*overrides)
    image, image_id = _image(entitlement, profile, image_text, merged)
    devices = _devices(entitlement, profile, request.devices)
    within_ceilings(entitlement, profile, sum(devices.values()))
    merged.pop("image", None)
    return Choice(entitlement, profile, image, image_id, devices, asked, merged)


def tenant_of(entitlements: Entitlements, asked: str | None) -> Entitlement:
    """Find the tenant asked for among the person's own; the first when none was."""
    if not entitlements.tenants:
        raise NotEntitled(shown(entitlements.identity.name), entitlements.contact)
    if asked is None:
        return entitlements.tenants[0]
    for entitlement in entitlements.tenants:
        if entitlement.tenant_id == asked:
            return entitlement
    raise Refused("tenant", f"{shown(asked)} is not among your teams.")


def profile_of(entitlement: Entitlement, asked: str | None) -> ProfileGrant:
    """Find the profile asked for; KubeSpawner's plain slug also finds ``hub:<slug>``."""
    if not entitlement.profiles:
        ask = f" Ask {entitlement.contact}." if entitlement.contact else " Ask the administrator of this hub."
        raise Refused("profile", f"{entitlement.display_name} has nothing that you may start.{ask}")
    if asked is None:
        return entitlement.profiles[0]
    own = {profile.id: profile for profile in entitlement.profiles}
    found = own.get(ProfileId(asked)) or own.get(ProfileId(HUB + asked))
    if found is None:
        _not_among("profile", asked, f"{owner(entitlement.display_name)} profiles")
    return found


def options_of(profile: ProfileGrant, request: SpawnRequest) -> tuple[dict[str, str], str | None]:
    """Sort what was asked into options of the profile and an image.

    KubeSpawner's stored options may have an option called ``image``: then that text is the option's.
    """
    asked = dict(request.options)
    image = request.image
    keys = {option.key for option in profile.options}
    if image is not None and "image" in keys and "image" not in asked:
        asked["image"], image = image, None
    for key in asked:
        if key not in keys and key.removesuffix(UNLISTED) not in keys:
            _not_among(shown(key), key, f"the options of {profile.display_name}")
    return asked, image


def merge(*overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merge overrides as KubeSpawner applies them: mappings key by key, everything else replaced.

    None stays None: it removes a key of hub configuration when the result is applied there.
    """
    merged: dict[str, Any] = {}
    for override in overrides:
        for key, value in override.items():
            before = merged.get(key)
            if isinstance(before, Mapping) and isinstance(value, Mapping):
                merged[key] = merge(before, value)
            else:
                merged[key] = value
    return merged


def owner(name: str) -> str:
    """Write whose: ``Physics'``, ``Chemistry's``."""
    return f"{name}'" if name[-1:] in {"s", "S"} else f"{name}'s"


def _override(profile: ProfileGrant, option: OptionGrant, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """What an option adds: free text before a listed choice, as KubeSpawner; nothing asked is the default."""
    text = asked.get(option.key + UNLISTED)
    if text is not None:
        return fill(free_text(option, text, profile).override, text)
    key = asked.get(option.key)
    choice = option.default if not key else next((one for one in option.choices if one.key == key), None)
    if choice is not None:
        return choice.override
    if not key:
        raise Refused(option.key, f"{profile.display_name} needs a text for {option.display_name}.")
    return _not_among(option.key, key, f"the choices of {option.display_name}")


def free_text(option: OptionGrant, text: str, profile: ProfileGrant) -> FreeText:
    """Hold free text against its pattern, which must match the whole of it."""
    if option.free is None:
        _not_among(option.key, text, f"the choices of {option.display_name} in {profile.display_name}")
    if not text:
        raise Refused(option.key, f"Type a text for {option.display_name}.")
    if len(text) > MAX_TEXT:
        raise Refused(option.key, f"is too long: {len(text)} characters, at most {MAX_TEXT}.")
    if not Pattern(option.free.pattern).fullmatch(text):
        why = option.free.message or f"must match {option.free.pattern}"
        raise Refused(option.key, f"{shown(text)} cannot be used for {option.display_name}: {why}")
    return option.free


def _image(
    entitlement: Entitlement, profile: ProfileGrant, asked: str | None, merged: Mapping[str, Any]
) -> tuple[ImageReference, str | None]:
    """Decide the image: the one asked for, else the one that profile or options set, else the first."""
    brought = merged.get("image")
    if asked is None and brought is None:
        return _first_image(profile)
    text = str(brought) if asked is None else asked
    granted = next((image for image in profile.images if image.id == text), None)
    reference = granted.reference if granted else _reference(text)
    fixed = profile.image_by_option or "image" in profile.override
    if (
        reference is None
        or not profile.allows(reference)
        or (asked is not None and fixed and brought is not None and same(reference) != _same_as(merged))
    ):
        _not_among("image", text, f"{owner(entitlement.display_name)} images")
    granted = granted or next((image for image in profile.images if same(image.reference) == same(reference)), None)
    return reference, granted.id if granted else None


def _first_image(profile: ProfileGrant) -> tuple[ImageReference, str]:
    first: ImageGrant | None = next(iter(profile.images), None)
    if first is None:
        raise Refused("image", f"{profile.display_name} has no image of its own; name one.")
    return first.reference, first.id


def _reference(text: str) -> ImageReference | None:
    try:
        return ImageReference.parse(text)
    except ValueError:
        return None


def _same_as(merged: Mapping[str, Any]) -> object:
    brought = image_of(merged)
    return None if brought is None else same(brought)


def _devices(entitlement: Entitlement, profile: ProfileGrant, asked: int | None) -> dict[str, int]:
    grant = profile.devices
    if grant is None:
        if asked:
            raise Refused("devices", f"{profile.display_name} has none.")
        return {}
    amount = default_amount(entitlement, grant) if asked is None else asked
    if amount not in grant.choices:
        _not_among("devices", str(amount), f"the choices of {profile.display_name}")
    return {grant.resource: amount}


def _not_among(field: str, asked: str, what: str) -> NoReturn:
    raise Refused(field, f"{shown(asked)} is not among {what}.")
