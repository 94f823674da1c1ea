"""Profile options in KubeSpawner's ``profile_options`` schema: read once, then asked.

One schema serves documents and the hub's own ``profile_list``. In documents unknown keys are errors
(`option_problems`, for ``check``); in hub configuration they are let through, since other templates add theirs.
Free text is matched whole, in linear time (`patterns`), and put into ``{value}`` in one pass: what a person typed
is never read as a template. Such values are `Typed`, so that nobody expands them later.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenantspawner.policy.models import FreeText, OptionChoice, OptionGrant, Typed
from tenantspawner.policy.patterns import Pattern, Unsupported
from tenantspawner.tenancy.models import Tenancy

UNLISTED = "--unlisted-choice"
_FIELDS = re.compile(r"\{\{|\}\}|\{value\}")


class _Part(BaseModel):
    """Strict in types; unknown keys are kept apart, to be reported where that is wanted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)


class _Choice(_Part):
    display_name: str | None = None
    default: bool = False
    kubespawner_override: dict[str, Any] = {}


class _Unlisted(_Part):
    enabled: bool = False
    display_name: str = "Other"
    display_name_in_choices: str = "Other..."
    validation_regex: str = ""
    validation_message: str = ""
    kubespawner_override: dict[str, Any] = {}


class _Option(_Part):
    display_name: str | None = None
    choices: dict[str, _Choice] = Field(default_factory=dict)
    unlisted_choice: _Unlisted = _Unlisted()


def read_options(raw: object, path: str) -> tuple[OptionGrant, ...]:
    """Read a ``profile_options`` mapping.

    Raises
    ------
    ValueError
        The first problem, as ``path: message``.
    """
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path}: must be a mapping of options")  # noqa: TRY004  # one kind of error
    return tuple(_grant(str(key), _read(value, f"{path}.{key}"), f"{path}.{key}") for key, value in raw.items())


def option_problems(tenancy: Tenancy) -> Iterator[tuple[str, str]]:
    """Name what is wrong with the options of a document's profiles: path and message, for ``check``."""
    for profile_id, profile in tenancy.profiles.items():
        for key, raw in profile.options.items():
            path = f"profiles.{profile_id}.options.{key}"
            try:
                option = _read(raw, path)
                _grant(key, option, path)
            except ValueError as problem:
                where, _, message = str(problem).partition(": ")
                yield where, message
            else:
                yield from _unknown_keys(option, path)


def fill(override: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put what a person typed into ``{value}`` wherever it stands in the strings of an override."""
    return {key: _filled(value, text) for key, value in override.items()}


def _filled(value: Any, text: str) -> Any:
    match value:
        case str() if "{value}" in value:
            return Typed(_put(text, value), _put(text.replace("$", "$$"), value))
        case Mapping():
            return fill(value, text)
        case list() | tuple():
            return [_filled(item, text) for item in value]
        case _:
            return value


def _put(text: str, template: str) -> str:
    """Replace ``{value}`` in one pass; doubled braces are one brace, as in the templates KubeSpawner reads."""
    return _FIELDS.sub(lambda found: {"{{": "{", "}}": "}"}.get(found[0], text), template)


def _read(raw: object, path: str) -> _Option:
    try:
        return _Option.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join([path, *map(str, first["loc"])])
        raise ValueError(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None


def _grant(key: str, option: _Option, path: str) -> OptionGrant:
    unlisted = option.unlisted_choice
    if not option.choices and not unlisted.enabled:
        raise ValueError(f"{path}: has neither choices nor an enabled unlisted_choice, so there is nothing to choose")
    try:
        Pattern(unlisted.validation_regex)
    except Unsupported as problem:
        raise ValueError(f"{path}.unlisted_choice.validation_regex: {problem}") from None
    return OptionGrant(key, option.display_name or key, _choices(option), _free(unlisted) if unlisted.enabled else None)


def _choices(option: _Option) -> tuple[OptionChoice, ...]:
    return tuple(
        OptionChoice(key, choice.display_name or key, choice.kubespawner_override, choice.default)
        for key, choice in option.choices.items()
    )


def _free(unlisted: _Unlisted) -> FreeText:
    return FreeText(
        unlisted.display_name,
        unlisted.validation_regex,
        unlisted.validation_message,
        unlisted.kubespawner_override,
        unlisted.display_name_in_choices,
    )


def _unknown_keys(option: _Option, path: str) -> Iterator[tuple[str, str]]:
    parts: list[tuple[str, _Part]] = [(path, option), (f"{path}.unlisted_choice", option.unlisted_choice)]
    parts += [(f"{path}.choices.{key}", choice) for key, choice in option.choices.items()]
    for where, part in parts:
        for key in part.model_extra or ():
            yield f"{where}.{key}", f"unknown key; known here: {', '.join(type(part).model_fields)}"
