"""Images and profiles: every id that is named exists, and every list of images leaves something to start."""

from collections.abc import Iterator, Sequence

from tenantspawner.errors import Problem
from tenantspawner.kube.images import ImagePattern, ImageReference
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Tenant
from tenantspawner.tenancy.words import Location, suggestion

HUB = "hub:"


def images(view: View) -> Iterator[Problem]:
    """Check the catalogue and every list of images."""
    for name, image in view.tenancy.images.items():
        try:
            ImageReference.parse(image.image)
        except ValueError as why:
            yield view.error(("images", name, "image"), str(why))
    for location, entries in _image_lists(view):
        for index, entry in enumerate(entries):
            yield from _image_entry(view, (*location, index), entry)


def profiles(view: View) -> Iterator[Problem]:
    """Check every list of profiles."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        base: Location = ("tenants", tenant_id)
        lists: list[tuple[Location, Sequence[str]]] = [((*base, "profiles"), tenant.profiles)]
        lists += [
            ((*base, "members", index, "profiles"), rule.profiles or ()) for index, rule in enumerate(tenant.members)
        ]
        for location, names in lists:
            for index, name in enumerate(names):
                yield from _profile_entry(view, (*location, index), name)


def reach(view: View) -> Iterator[Problem]:
    """Warn of lists that leave nothing, or name what the tenant does not have."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        base: Location = ("tenants", tenant_id)
        for key, entries in (("images", tenant.images), ("profiles", tenant.profiles)):
            if not entries and tenant.members:
                yield view.warning((*base, key), f"allows no {key}, so nobody here can start anything")
        places = {name: index for index, name in reversed(list(enumerate(tenant.profiles)))}
        for name, index in places.items():
            profile = view.tenancy.profiles.get(name)
            if profile is None or profile.images is None or not tenant.images:
                continue
            if not _any_meet(view, profile.images, tenant.images):
                message = f"none of the images of the profile {name} is among this tenant's, so it is not shown"
                yield view.warning((*base, "profiles", index), message)
        yield from _narrowing(view, base, tenant)


def default(view: View) -> Iterator[Problem]:
    """Check that the default tenant exists."""
    wanted = view.tenancy.default
    if wanted is not None and wanted not in (known := view.ids("tenants")):
        yield view.error(("default",), f"there is no tenant {wanted}{suggestion(wanted, known)}")


def _narrowing(view: View, base: Location, tenant: Tenant) -> Iterator[Problem]:
    for index, rule in enumerate(tenant.members):
        for key, entries, theirs in (
            ("profiles", rule.profiles, tenant.profiles),
            ("images", rule.images, tenant.images),
        ):
            among = set(theirs) if entries else set()
            for position, entry in enumerate(entries or ()):
                if entry not in among and not (key == "images" and _any_meet(view, [entry], theirs)):
                    message = f"{entry} is not among this tenant's {key}; a rule narrows them and cannot add"
                    yield view.warning((*base, "members", index, key, position), message)


def _image_lists(view: View) -> Iterator[tuple[Location, Sequence[str]]]:
    for profile_id, profile in view.tenancy.profiles.items():
        yield ("profiles", profile_id, "images"), profile.images or ()
    for tenant_id, tenant in view.tenancy.tenants.items():
        yield ("tenants", tenant_id, "images"), tenant.images
        for index, rule in enumerate(tenant.members):
            yield ("tenants", tenant_id, "members", index, "images"), rule.images or ()


def _image_entry(view: View, location: Location, entry: str) -> Iterator[Problem]:
    if _is_id(entry):
        if entry not in (known := view.ids("images")):
            hint = suggestion(entry, known) or "; an image outside the catalogue is written in full, with its registry"
            yield view.error(location, f"there is no image {entry} in the catalogue{hint}")
    elif isinstance(why := view.pattern(entry), str):
        yield view.error(location, why)


def _profile_entry(view: View, location: Location, name: str) -> Iterator[Problem]:
    if name.startswith(HUB):
        if view.hub_profiles is None:
            view.unsure("profiles of the hub's own list, hub:…", "profile_list")
        elif name.removeprefix(HUB) not in view.hub_profiles:
            hint = suggestion(name, [HUB + slug for slug in view.hub_profiles])
            yield view.error(location, f"the hub's profile_list has no entry {name.removeprefix(HUB)}{hint}")
    elif name not in (known := view.ids("profiles")):
        yield view.error(location, f"there is no profile {name}{suggestion(name, known)}")


def _is_id(entry: str) -> bool:
    """Whether an entry is meant as an id of the catalogue: it has no part that only references have."""
    return not set(entry) & set("/:@*")


def _any_meet(view: View, some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two lists may have an image in common; lists too long to compare are taken to."""
    if not set(some).isdisjoint(others) or not view.afford(len(some) * len(others)):
        return True
    return any(_meet(view, one, other) for one in some for other in others)


def _meet(view: View, one: str, other: str) -> bool:
    """Whether two entries may allow one image; what cannot be read was reported already."""
    if one == other:
        return True
    first, second = _resolve(view, one), _resolve(view, other)
    if first is None or second is None:
        return True
    if first.exact:
        return second.matches(_as_reference(first))
    if second.exact:
        return first.matches(_as_reference(second))
    return first.registry == second.registry and len(first.parts) == len(second.parts)


def _resolve(view: View, entry: str) -> ImagePattern | None:
    if _is_id(entry):
        image = view.tenancy.images.get(entry)
        if image is None:
            return None
        entry = image.image
    pattern = view.pattern(entry)
    return None if isinstance(pattern, str) else pattern


def _as_reference(pattern: ImagePattern) -> ImageReference:
    return ImageReference(pattern.registry, "/".join(pattern.parts), pattern.tag, pattern.digest)
