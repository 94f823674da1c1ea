"""A profile's controls: its image, its number of devices, its options.

Each is a list of choices as the document has them. What cannot be met stays visible, disabled, with the reason.
Few images are radio buttons with their descriptions beside them; many are one list, so that the page stays small.
"""

from dataclasses import dataclass

from tenantspawner.form.fields import UNLISTED, control
from tenantspawner.form.view import Control, Free, Item, Text
from tenantspawner.policy import DeviceGrant, Entitlement, OptionGrant, ProfileGrant, SpawnRequest, default_amount


@dataclass(frozen=True, slots=True)
class Asked:
    """What is filled in, and what is wrong: a field of the request, and a sentence."""

    request: SpawnRequest
    field: str = ""
    sentence: str = ""

    def error(self, name: str) -> str:
        """The sentence that belongs to a field."""
        return self.sentence if self.field in {name, f"options.{name}"} else ""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a control stands: the value of its profile, and the id of its card."""

    server: str
    card: str


NOTHING_ASKED = Asked(SpawnRequest())


def image_control(profile: ProfileGrant, where: Where, asked: Asked, *, dense: bool) -> Control | None:
    """Ask for the image; None where there is nothing to choose."""
    if profile.image_by_option or (len(profile.images) < 2 and not profile.patterns):  # noqa: PLR2004  # one is no choice
        return None
    wanted = asked.request.image
    named = next((image for image in profile.images if wanted in {image.id, str(image.reference)}), None)
    typed = wanted if named is None and profile.patterns else None
    chosen = named or (None if typed else next(iter(profile.images), None))
    items = [
        Item(image.id, image.display_name, "" if dense else image.description, image is chosen)
        for image in profile.images
    ]
    text = None
    if profile.patterns:
        allowed = ", ".join(map(str, profile.patterns))
        items.append(Item(UNLISTED, "Another image", chosen=bool(typed) or not items))
        text = Text(control("image-text", where.server), "Other image", typed or "", f"Allowed: {allowed}")
    return Control(
        id=f"{where.card}-i",
        name=control("image", where.server),
        label="Image",
        items=tuple(items),
        written=True,
        text=text,
        error=asked.error("image"),
        radios=not dense,
    )


def device_control(
    entitlement: Entitlement, profile: ProfileGrant, where: Where, asked: Asked, free: Free | None
) -> Control | None:
    """Ask for the number of devices; None where there is nothing to choose."""
    grant = profile.devices
    if grant is None or len(grant.choices) == 1:
        return None
    reasons = {amount: too_many(entitlement, grant, amount, free) for amount in grant.choices}
    usable = [amount for amount, why in reasons.items() if not why]
    wanted = asked.request.devices if asked.request.devices in reasons else default_amount(entitlement, grant)
    chosen = (
        wanted if wanted in usable else max((one for one in usable if one < wanted), default=min(usable, default=0))
    )
    items = (
        Item(str(amount), f"{amount} ({why})" if why else str(amount), "", amount == chosen, bool(why))
        for amount, why in reasons.items()
    )
    return Control(
        id=f"{where.card}-n",
        name=control("devices", where.server),
        label=device_word(grant.resource, entitlement.gpu),
        items=tuple(items),
        hint=f"Not {wanted}: {reasons[wanted]}." if wanted != chosen and reasons[wanted] else "",
        error=asked.error("devices"),
    )


def option_controls(profile: ProfileGrant, where: Where, asked: Asked) -> tuple[Control, ...]:
    """Ask for each option of the profile."""
    return tuple(
        _option(option, where.server, f"{where.card}-o{position}", asked)
        for position, option in enumerate(profile.options)
        if option.free or len(option.choices) > 1
    )


def too_many(entitlement: Entitlement, grant: DeviceGrant, amount: int, free: Free | None) -> str:
    """Say why an amount cannot be had now; empty when it can."""
    ceiling = entitlement.ceiling(f"requests.{grant.resource}")
    if ceiling is not None and amount > ceiling.amount:
        return f"you may use {ceiling.amount:f}"
    if free is not None and free.by and amount > free.free:
        return f"another quota, {free.by}, leaves {free.free}"
    if free is not None and amount > free.total:
        return f"the team has {free.total}"
    if free is not None and amount > free.free and not free.waits:
        return f"{free.free} free now"
    return ""


def device_word(resource: str, gpu: str) -> str:
    """What people call a device: the document's own gpu is a GPU."""
    return "GPUs" if resource == gpu else resource


def _option(option: OptionGrant, server: str, card: str, asked: Asked) -> Control:
    given = asked.request.options
    typed = given.get(option.key + UNLISTED, "")
    default = option.default
    keys = {choice.key for choice in option.choices}
    wanted = given.get(option.key) if given.get(option.key) in keys else default.key if default else None
    items = [
        Item(choice.key, choice.display_name, "", chosen=choice.key == wanted and not (typed and option.free))
        for choice in option.choices
    ]
    text = None
    if option.free:
        items.append(Item(UNLISTED, option.free.choice_name, chosen=bool(typed) or not option.choices))
        label, hint = option.free.display_name, option.free.message
        text = Text(control("option-text", server, option.key), label, typed, hint)
    return Control(
        id=card,
        name=control("option", server, option.key),
        label=option.display_name,
        items=tuple(items),
        written=True,
        text=text,
        error=asked.error(option.key) or asked.error(option.key + UNLISTED),
    )
