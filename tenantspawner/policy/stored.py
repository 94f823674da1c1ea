"""Last time's choice, held against what a person may have today.

What still holds is kept part by part, so that the form opens as it was left; what is gone is said in a sentence,
never silently replaced. Stored options are as hostile as any others and may be KubeSpawner's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tenantspawner.errors import PersonMustAct, Refused
from tenantspawner.policy.choice import choose, options_of, profile_of, tenant_of
from tenantspawner.policy.models import Entitlements, SpawnRequest
from tenantspawner.policy.request import read_request, shown


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is left of an earlier choice; `lost` has a sentence for each part that is gone."""

    request: SpawnRequest
    lost: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it, to be shown above the form; empty when everything holds. Fits a last choice and a link alike."""
        return " ".join(self.lost)


def still_holds(entitlements: Entitlements, stored: object) -> Remembered:
    """Keep what still holds of stored options. Never raises for anything stored."""
    try:
        request = read_request(stored)
    except Refused:
        return Remembered(SpawnRequest(), ("What was chosen cannot be read; these are the defaults.",))
    if request == SpawnRequest() or not entitlements.tenants:
        return Remembered(SpawnRequest())
    try:
        return Remembered(_named(entitlements, request))
    except PersonMustAct:
        return _part_by_part(entitlements, request)


def _named(entitlements: Entitlements, request: SpawnRequest) -> SpawnRequest:
    """Write a request that holds by the names of today (``hub:demo`` for KubeSpawner's ``demo``)."""
    choice = choose(entitlements, request)
    image = None if request.image is None or choice.options.get("image") == request.image else request.image
    if image is not None and choice.image_id is not None:
        image = choice.image_id
    return SpawnRequest(choice.tenant_id, choice.profile.id, image, request.devices, choice.options)


def _part_by_part(entitlements: Entitlements, request: SpawnRequest) -> Remembered:
    """Drop what does not hold, from the widest part to the smallest; what depends on a lost part goes with it."""
    try:
        tenant = tenant_of(entitlements, request.tenant)
    except PersonMustAct:
        return Remembered(SpawnRequest(), (f"The team {shown(request.tenant)} is not one of yours now.",))
    try:
        profile = profile_of(tenant, request.profile)
    except PersonMustAct:
        gone = f"The profile {shown(request.profile)} is not offered to you now."
        return Remembered(SpawnRequest(tenant.tenant_id), (gone,))
    kept = SpawnRequest(tenant.tenant_id, profile.id)
    lost: list[str] = []
    for candidate, words in _parts(request, kept, {option.key for option in profile.options}):
        try:
            options_of(profile, candidate)
            choose(entitlements, candidate)
        except PersonMustAct:
            lost.append(words)
        else:
            kept = replace(
                kept,
                image=candidate.image or kept.image,
                devices=kept.devices if candidate.devices is None else candidate.devices,
                options={**kept.options, **candidate.options},
            )
    return Remembered(kept, tuple(lost))


def _parts(request: SpawnRequest, kept: SpawnRequest, keys: set[str]) -> Iterator[tuple[SpawnRequest, str]]:
    """Each part alone on top of tenant and profile, with the words for its loss."""
    if request.image is not None and "image" not in keys:
        yield replace(kept, image=request.image), f"The image {shown(request.image)} is not offered here now."
    if request.devices is not None:
        yield replace(kept, devices=request.devices), f"The number {request.devices} cannot be chosen here now."
    for key, text in request.options.items():
        yield replace(kept, options={key: text}), f"The option {shown(key)} does not have {shown(text)} now."
