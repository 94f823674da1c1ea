"""One profile as one person may have it: its images within every list, its devices, its options.

A profile that could start nothing (no image, options that cannot be read) gives no grant: it is not shown.
Choices of an option that would set an image outside the lists are left out before anybody can ask for them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tenantspawner.kube.images import ImagePattern, ImageReference
from tenantspawner.policy.hubprofiles import PREFIX, HubProfile
from tenantspawner.policy.imagelists import ImageList, Listed, same
from tenantspawner.policy.models import (
    Because,
    DeviceGrant,
    ImageGrant,
    OptionGrant,
    ProfileGrant,
    RuleKind,
)
from tenantspawner.policy.options import read_options
from tenantspawner.tenancy.models import Devices, Profile, ProfileId, Tenancy

Lists = tuple[ImageList, ...]


def profile_grant(
    tenancy: Tenancy, name: str, lists: Lists, because: tuple[Because, ...], hub: Mapping[str, HubProfile]
) -> ProfileGrant | None:
    """Make the grant of one profile within image lists, None when it could start nothing."""
    if name.startswith(PREFIX):
        entry = hub.get(name.removeprefix(PREFIX))
        return _of_hub(name, entry, lists, because) if entry and not entry.problem else None
    profile = tenancy.profiles.get(name)
    if profile is None:
        return None
    if profile.images is not None:
        own = ((f"profiles.{name}.images[{place}]", image) for place, image in enumerate(profile.images))
        lists = (*lists, ImageList.read(own, tenancy.images))
    try:
        options = read_options(profile.options, f"profiles.{name}.options")
    except ValueError:
        return None
    shell = ProfileGrant(
        id=ProfileId(name),
        display_name=profile.display_name or name,
        description=profile.description or "",
        profile=profile,
        images=(),
        patterns=(),
        devices=device_grant(profile.gpu, tenancy.gpu),
        options=options,
        override=profile.override,
        because=because,
        image_lists=lists,
    )
    return _with_images(shell)


def device_grant(said: int | Devices | None, gpu: str) -> DeviceGrant | None:
    """Read a profile's ``gpu``; `gpu` is the document's resource."""
    match said:
        case None:
            return None
        case int():
            return DeviceGrant(gpu, (said,), said) if said else None
        case Devices():
            choices = tuple(dict.fromkeys(said.choices))
            if not any(choices):
                return None
            default = said.default if said.default in choices else choices[0]
            return DeviceGrant(said.resource or gpu, choices, default)


def _of_hub(name: str, entry: HubProfile, lists: Lists, because: tuple[Because, ...]) -> ProfileGrant | None:
    shell = ProfileGrant(
        id=ProfileId(name),
        display_name=entry.display_name,
        description=entry.description,
        profile=Profile(),
        images=(),
        patterns=(),
        devices=None,
        options=entry.options,
        override=entry.override,
        because=(*because, Because(f"profile_list[{entry.slug}]", RuleKind.PROFILE)),
        image_lists=lists,
    )
    return _with_images(shell)


def _with_images(shell: ProfileGrant) -> ProfileGrant | None:
    """Fill in images, patterns and options, all within the lists."""
    options = tuple(_within(option, shell) for option in shell.options)
    if not all(option.choices or option.free for option in options):
        return None
    by_option = any(_sets_image(option) for option in options)
    fixed = image_of(shell.override)
    if "image" in shell.override:
        images = tuple(_grants(_listed_as(fixed, shell.image_lists), shell)) if fixed else ()
        patterns: tuple[ImagePattern, ...] = ()
    else:
        images = tuple(_grants(_candidates(shell.image_lists), shell))
        patterns = _patterns(shell.image_lists)
    if not images and not patterns and not by_option:
        return None
    return replace(shell, images=images, patterns=patterns, options=options, image_by_option=by_option)


def image_of(override: Mapping[str, Any]) -> ImageReference | None:
    """The image that an override sets, None when it sets none or none that can be read."""
    image = override.get("image")
    try:
        return ImageReference.parse(image) if isinstance(image, str) else None
    except ValueError:
        return None


def _within(option: OptionGrant, profile: ProfileGrant) -> OptionGrant:
    """Leave out choices that set an image which is not allowed here."""
    kept = tuple(
        choice
        for choice in option.choices
        if "image" not in choice.override
        or ((reference := image_of(choice.override)) is not None and profile.allows(reference))
    )
    return option if len(kept) == len(option.choices) else replace(option, choices=kept)


def _sets_image(option: OptionGrant) -> bool:
    free = (option.free.override,) if option.free else ()
    return any("image" in override for override in (*free, *(choice.override for choice in option.choices)))


def _candidates(lists: Lists) -> Iterator[Listed]:
    """Every image listed by itself in any list, in order; each once, whatever it is called there."""
    seen: set[object] = set()
    for images in lists:
        for item in images.listed:
            if same(item.reference) not in seen:
                seen.add(same(item.reference))
                yield item


def _listed_as(reference: ImageReference, lists: Lists) -> Iterator[Listed]:
    listed = (item for images in lists for item in images.listed if same(item.reference) == same(reference))
    yield next(listed, Listed(str(reference), reference, ""))


def _grants(items: Iterable[Listed], profile: ProfileGrant) -> Iterator[ImageGrant]:
    for item in items:
        paths = [images.entry(item.reference) for images in profile.image_lists]
        if paths and all(paths):
            yield ImageGrant(
                id=item.id,
                reference=item.reference,
                display_name=(item.entry.display_name if item.entry else None) or item.id,
                description=(item.entry.description if item.entry else None) or "",
                because=tuple(Because(str(path), _kind(str(path))) for path in paths),
            )


def _kind(path: str) -> RuleKind:
    if path.startswith("profiles."):
        return RuleKind.PROFILE
    return RuleKind.RULE if ".members[" in path else RuleKind.TENANT


def _patterns(lists: Lists) -> tuple[ImagePattern, ...]:
    """The patterns to tell people: the innermost list's; none when some list has no pattern, for that one is closed."""
    if not all(images.patterns for images in lists):
        return ()
    return tuple(pattern for _, pattern in lists[-1].patterns)
