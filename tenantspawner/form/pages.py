"""From what a person may have to the page that asks: teams, cards, and what is filled in.

Filled in is, in this order: what was just refused (as typed), what a link says, what was chosen last time, the
defaults. A link and a last choice are kept as far as they hold today, and a sentence says what of them does not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from tenantspawner.errors import NotEntitled, Refused
from tenantspawner.form.controls import (
    NOTHING_ASKED,
    Asked,
    Where,
    device_control,
    image_control,
    option_controls,
    too_many,
)
from tenantspawner.form.fields import server_value
from tenantspawner.form.view import Card, Control, Free, Page, Team
from tenantspawner.policy import (
    Entitlement,
    Entitlements,
    ProfileGrant,
    SpawnRequest,
    obstacle,
    read_request,
    spoken,
    still_holds,
)
from tenantspawner.policy.request import shown as printable
from tenantspawner.tenancy.models import Bounds

Availability = Mapping[str, Mapping[str, Free]]
"""What is free now: tenant id -> device resource -> how much."""

Place = tuple[Entitlement, ProfileGrant]

DENSE = 40
"""From so many images on the page on, they are lists instead of radio buttons: at most 60 kB for 60 profiles."""


def page(
    entitlements: Entitlements,
    *,
    prefill: object = None,
    last: object = None,
    refusal: tuple[str, str] | None = None,
    availability: Availability | None = None,
) -> Page:
    """Decide everything the form shows."""
    shown = [entitlement for entitlement in entitlements.tenants if entitlement.profiles]
    if not shown:
        return Page((), nothing=_nothing(entitlements))
    asked, notice = _filled_in(entitlements, prefill, last, refusal)
    free = availability or {}
    wanted = _wanted(shown, asked.request)
    chosen = _startable(shown, wanted, free)
    if chosen is not wanted:
        notice = f"{notice} {_blocked(wanted, asked.request, free)}".strip()
        asked = Asked(SpawnRequest(), "", asked.sentence)  # what was filled in belongs to the other card
    several = len(shown) > 1
    dense = sum(len(profile.images) for entitlement in shown for profile in entitlement.profiles) > DENSE
    teams = tuple(
        Team(
            f"ts-{place}",
            entitlement.display_name,
            tuple(_cards(entitlement, f"ts-{place}", chosen, asked, free, several=several, dense=dense)),
            _described(entitlement) if dense else (),
        )
        for place, entitlement in enumerate(shown)
    )
    placed = any(control.error for team in teams for card in team.cards for control in card.controls)
    return Page(teams, notice, "" if placed else asked.sentence)


def _nothing(entitlements: Entitlements) -> str:
    if not entitlements.tenants:
        return str(NotEntitled(printable(entitlements.identity.name), entitlements.contact))
    teams = ", ".join(entitlement.display_name for entitlement in entitlements.tenants)
    ask = entitlements.contact or "the administrator of this hub"
    return f"{teams}: nothing there is set up for you to start. Ask {ask}."


def _filled_in(
    entitlements: Entitlements, prefill: object, last: object, refusal: tuple[str, str] | None
) -> tuple[Asked, str]:
    """What stands in the controls, and the sentence about what of it does not hold."""
    if refusal is not None:
        return Asked(_as_typed(last if prefill is None else prefill), *refusal), ""
    if prefill:
        held = still_holds(entitlements, prefill)
        return Asked(held.request), f"Not all of this link holds for you. {held.sentence}" if held.lost else ""
    held = still_holds(entitlements, last)
    return Asked(held.request), f"Your last choice has changed. {held.sentence}" if held.lost else ""


def _as_typed(options: object) -> SpawnRequest:
    """Keep of refused options whatever can stand in a control."""
    try:
        return read_request(options)
    except Refused:
        pass
    kept: dict[str, object] = {}
    for key, value in list(options.items())[:100] if isinstance(options, Mapping) else ():
        try:
            read_request({**kept, key: value})
        except Refused:
            continue
        kept[key] = value
    return read_request(kept)


def _wanted(shown: list[Entitlement], request: SpawnRequest) -> Place:
    """Which card is asked for: the one named, or the first."""
    tenant = next((one for one in shown if one.tenant_id == request.tenant), shown[0])
    names = {request.profile, f"hub:{request.profile}"}
    return tenant, next((one for one in tenant.profiles if one.id in names), tenant.profiles[0])


def _startable(shown: list[Entitlement], wanted: Place, availability: Availability) -> Place:
    """The card to choose: the one wanted where it can be started, else the first that can."""
    places = ((tenant, profile) for tenant in shown for profile in tenant.profiles)
    return next((place for place in (wanted, *places) if not _obstacle(*place, availability)), wanted)


def _blocked(wanted: Place, request: SpawnRequest, availability: Availability) -> str:
    """Say why not the card that was asked for; nothing where none was."""
    if request.profile is None:
        return ""
    return f"{wanted[1].display_name} cannot be started now. {_obstacle(*wanted, availability)}"


def _cards(
    entitlement: Entitlement,
    team: str,
    chosen: Place,
    asked: Asked,
    availability: Availability,
    *,
    several: bool,
    dense: bool,
) -> Iterator[Card]:
    names = Counter(profile.display_name for profile in entitlement.profiles)
    free = availability.get(entitlement.tenant_id, {})
    for place, profile in enumerate(entitlement.profiles):
        is_chosen = chosen[0] is entitlement and chosen[1] is profile
        spoken_name = (
            profile.display_name if names[profile.display_name] == 1 else f"{profile.display_name} ({profile.id})"
        )
        card = Card(
            id=f"{team}-{place}",
            value=server_value(entitlement.tenant_id, profile.id),
            name=profile.display_name,
            spoken=f"{spoken_name}, {entitlement.display_name}" if several else spoken_name,
            description=profile.description,
            facts=tuple(_facts(entitlement, profile, free)),
            image=_only_image(profile),
            controls=(),
            chosen=is_chosen,
            obstacle=_obstacle(entitlement, profile, availability),
        )
        controls = _controls(entitlement, profile, card, asked if is_chosen else NOTHING_ASKED, free, dense=dense)
        yield replace(card, controls=tuple(controls))


def _controls(
    entitlement: Entitlement, profile: ProfileGrant, card: Card, asked: Asked, free: Mapping[str, Free], *, dense: bool
) -> Iterator[Control]:
    where = Where(card.value, card.id)
    image = image_control(profile, where, asked, dense=dense)
    if image:
        yield image
    devices = device_control(entitlement, profile, where, asked, _free(profile, free))
    if devices:
        yield devices
    yield from option_controls(profile, where, asked)


def _facts(entitlement: Entitlement, profile: ProfileGrant, free: Mapping[str, Free]) -> Iterator[str]:
    """What a server of this profile has, in a few words."""
    for key, size in (("limits.cpu", profile.profile.cpu), ("limits.memory", profile.profile.memory)):
        amount = (size.limit or size.request) if isinstance(size, Bounds) else size
        if amount is not None:
            yield spoken(key, amount, entitlement.gpu)
    grant = profile.devices
    if grant is None:
        return
    most = max((one for one in grant.choices if not too_many(entitlement, grant, one, None)), default=0)
    if most:
        amount_spoken = spoken(f"requests.{grant.resource}", Decimal(most), entitlement.gpu)
        yield amount_spoken if len(grant.choices) == 1 else f"up to {amount_spoken}"
    now = free.get(grant.resource)
    if now is not None:
        yield f"{now.free} of {spoken(f'requests.{grant.resource}', Decimal(now.total), entitlement.gpu)} free"


def _only_image(profile: ProfileGrant) -> str:
    only = len(profile.images) == 1 and not profile.patterns and not profile.image_by_option
    return profile.images[0].display_name if only else ""


def _described(entitlement: Entitlement) -> tuple[tuple[str, str], ...]:
    """Names and descriptions of all images of a team, each once."""
    images = {image.id: image for profile in entitlement.profiles for image in profile.images if image.description}
    return tuple((image.display_name, image.description) for image in images.values())


def _obstacle(entitlement: Entitlement, profile: ProfileGrant, availability: Availability) -> str:
    """Why no server of a profile can be started now; empty when one can."""
    why = obstacle(entitlement, profile)
    if why:
        return why
    free = availability.get(entitlement.tenant_id, {})
    grant = profile.devices
    least = min(grant.choices) if grant else 0
    if grant and too_many(entitlement, grant, least, _free(profile, free)):
        return f"Needs {spoken(f'requests.{grant.resource}', Decimal(least), entitlement.gpu)}; too few are free now."
    return ""


def _free(profile: ProfileGrant, free: Mapping[str, Free]) -> Free | None:
    return free.get(profile.devices.resource) if profile.devices else None
