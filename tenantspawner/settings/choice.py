"""A choice from `profile_list`: what was asked for, whether it may be had, and the overrides it means.

Profiles and their options are KubeSpawner's (7.1), as are the words in which they are asked for: ``profile``, an
option's key, and ``<key>--unlisted-choice`` for text that is typed. Everything asked for comes from a person, whichever
way it came, and is refused whole if any part of it is not to be had. Other keys belong to hooks and are left alone.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyterhub.utils import maybe_future
from slugify import slugify

from tenantspawner.errors import Misconfigured, Refused
from tenantspawner.kube.templates import fill
from tenantspawner.policy.patterns import MAX_TEXT, Pattern, Unsupported
from tenantspawner.settings.deprecated import RENAMED

Profile = dict[str, Any]
Options = Mapping[str, Any]

UNLISTED = "unlisted-choice"
_OVERRIDE = "kubespawner_override"


def completed(profiles: Sequence[Profile]) -> list[Profile]:
    """Return a copy of the profiles with every slug and default that was left out; one profile is the default.

    Raises
    ------
    Misconfigured
        A profile is no dictionary, or has neither ``slug`` nor ``display_name``.
    """
    complete = [_completed(profile) for profile in copy.deepcopy(list(profiles))]
    if complete and not any(profile.get("default") for profile in complete):
        complete[0]["default"] = True
    return complete


async def resolved(profiles: Sequence[Any], spawner: Any) -> list[Profile]:
    """Return a copy of the profiles with slugs, in which every override is a value under the setting's name of today.

    Functions of the spawner, which may be async, are called. A profile that has one that fails, or no name, is left out:
    it takes no other with it, and the spawner's log says why.
    """
    found = []
    for profile in copy.deepcopy(list(profiles)):
        try:
            if not isinstance(profile, dict) or not (profile.get("slug") or profile.get("display_name")):
                raise Misconfigured("profile_list", "has an entry with neither display_name nor slug")
            profile.setdefault("slug", slugify(str(profile.get("display_name"))))
            for part in _with_overrides(profile):
                part[_OVERRIDE] = {
                    RENAMED.get(name, name): await maybe_future(value(spawner)) if callable(value) else value
                    for name, value in part[_OVERRIDE].items()
                }
        except Misconfigured as wrong:
            spawner.log.error("A profile is offered to nobody: %s", wrong.detail)
        except Exception:
            spawner.log.exception("The profile %s is offered to nobody: its override has failed", profile["slug"])
        else:
            found.append(profile)
    return found


def overrides(profiles: Sequence[Profile], options: Options) -> list[Mapping[str, Any]]:
    """Return the overrides of what was chosen, in the order in which they are laid over the settings.

    Parameters
    ----------
    profiles
        As `completed` returns them.

    Raises
    ------
    Refused
        Names the option.
    Misconfigured
        An option has no choice that could be the default.
    """
    if not profiles:
        return []
    profile = profile_of(profiles, options)
    chosen = [_of_option(key, option, options) for key, option in _options(profile).items()]
    return [profile.get("kubespawner_override") or {}, *chosen]


def profile_of(profiles: Sequence[Profile], options: Options) -> Profile:
    """Return the profile that was asked for, or the default one; Refused if there is no such profile."""
    slug = _text(options, "profile")
    if not slug:
        return next(profile for profile in profiles if profile.get("default"))
    for profile in profiles:
        if profile["slug"] == slug:
            return profile
    raise Refused("profile", f"{slug[:80]} is not among the profiles to choose from")


def from_form(formdata: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form, or a query, asked for.

    Fields of profiles that were not chosen are left out, and so are empty texts: a form without scripts sends them.
    """
    slug = _first(formdata.get("profile"))
    if not slug:
        return {}
    prefix = f"profile-option-{slug}--"
    found = {key.removeprefix(prefix): _first(value) for key, value in formdata.items() if key.startswith(prefix)}
    return {"profile": slug} | {key: value for key, value in found.items() if value}


def _completed(profile: Any) -> Profile:
    if not isinstance(profile, dict) or not (profile.get("slug") or profile.get("display_name")):
        raise Misconfigured("profile_list", "has an entry with neither display_name nor slug")
    profile.setdefault("display_name", profile.get("slug"))
    if "slug" not in profile:
        profile["slug"] = slugify(profile["display_name"])
    for option in _options(profile).values():
        choices = option.get("choices") or {}
        if choices and not any(choice.get("default") for choice in choices.values()):
            next(iter(choices.values()))["default"] = True
        unlisted = option.setdefault("unlisted_choice", {})
        unlisted.setdefault("enabled", False)
        if unlisted["enabled"]:
            unlisted.setdefault("display_name_in_choices", "Other...")
    return profile


def _with_overrides(profile: Profile) -> Iterator[dict[str, Any]]:
    """Everything in a profile that has an override; what has another shape is refused by whoever reads it."""
    options = profile.get("profile_options")
    parts: list[Any] = [profile]
    for option in options.values() if isinstance(options, dict) else ():
        if isinstance(option, dict):
            choices = option.get("choices")
            parts += [option.get("unlisted_choice"), *(choices.values() if isinstance(choices, dict) else ())]
    return (part for part in parts if isinstance(part, dict) and isinstance(part.get(_OVERRIDE), dict))


def _options(profile: Profile) -> dict[str, Any]:
    return profile.get("profile_options") or {}


def _of_option(key: str, option: dict[str, Any], options: Options) -> Mapping[str, Any]:
    typed, picked = _text(options, f"{key}--{UNLISTED}"), _text(options, key)
    choices = option.get("choices") or {}
    unlisted = option.get("unlisted_choice") or {}
    if typed:
        return _of_text(key, unlisted, typed)
    if picked in choices:
        return choices[picked].get("kubespawner_override") or {}
    if picked == UNLISTED and unlisted.get("enabled"):
        raise Refused(key, f"{unlisted.get('display_name') or 'the text to use'} is empty")
    if picked:
        raise Refused(key, f"{picked[:80]} is not among its choices")
    default = next(_defaults(choices), None)
    if default is None:
        if unlisted.get("enabled"):
            raise Refused(key, "has no default; a value is needed")
        raise Misconfigured("profile_list", f"has the option {key} with nothing to choose from")
    return default.get("kubespawner_override") or {}


def _defaults(choices: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (choice for choice in choices.values() if choice.get("default"))


def _of_text(key: str, unlisted: dict[str, Any], typed: str) -> Mapping[str, Any]:
    if not unlisted.get("enabled"):
        raise Refused(key, "takes only what is listed")
    if len(typed) > MAX_TEXT or not typed.isprintable():
        raise Refused(key, f"takes one line of at most {MAX_TEXT} characters")
    pattern = unlisted.get("validation_regex") or ""
    if not _matches(pattern, typed):
        raise Refused(key, unlisted.get("validation_message") or f"must match {pattern}")
    try:
        return fill(unlisted.get("kubespawner_override") or {}, typed)
    except ValueError as why:
        raise Misconfigured(
            "profile_list", f"has the option {key} whose kubespawner_override is no template: {why}"
        ) from None


def _matches(pattern: str, typed: str) -> bool:
    """Whether the whole text matches, in linear time but for patterns that need more, which are the administrator's."""
    try:
        return Pattern(pattern).fullmatch(typed)
    except Unsupported:
        pass
    try:
        return re.fullmatch(pattern, typed) is not None
    except re.error as why:
        raise Misconfigured("profile_list", f"has a validation_regex that is none: {why}") from None


def _text(options: Options, key: str) -> str:
    value = options.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(key, "must be text")
    return value


def _first(values: Any) -> str:
    value = values[0] if isinstance(values, list) and values else values
    return value if isinstance(value, str) else ""
