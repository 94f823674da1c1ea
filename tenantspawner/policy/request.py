"""What somebody sent, read by shape alone: form, query, REST body and stored options take this one road.

Everything here is hostile. Work is bounded before it is done: no recursion, no more than `MAX_KEYS` keys looked
at, no text longer than `MAX_TEXT` read. The keys are ``tenant``, ``profile``, ``image``, ``devices`` and ``options``.

What KubeSpawner stored before a switch is understood as well: ``profile``, and beside it a key for each option
(``size``, or ``size--unlisted-choice`` for free text), or ``profile-option-<profile>--size`` as a form posts it.
So any further key with a text is taken as an option, and `choose` refuses it by name when the profile has none such.
"""

import re
from collections.abc import Mapping
from typing import NoReturn

from tenantspawner.errors import Refused
from tenantspawner.policy.models import SpawnRequest

MAX_KEYS = 100
MAX_TEXT = 512
MAX_KEY = 128
KNOWN = ("tenant", "profile", "image", "devices", "options")
FORM_OPTION = "profile-option-"

_DEVICES = re.compile(r"[0-9]{1,4}")
_MOST_DEVICES = 9999


def read_request(user_options: object) -> SpawnRequest:
    """Read what somebody asked for.

    Raises
    ------
    Refused
        Not an object, too much, an impossible key or a value of the wrong type; names the field.
    """
    if user_options is None:
        return SpawnRequest()
    sent = _mapping(user_options, "user_options")
    texts = {key: _text(sent.get(key), key) for key in ("tenant", "profile", "image")}
    options = _options(sent.get("options"))
    further = [key for key in sent if key not in KNOWN]
    for key in further:
        name = _option_name(key, texts["profile"])
        options[name] = _required_text(sent[key], name)
    return SpawnRequest(**texts, devices=_devices(sent.get("devices")), options=options)


def shown(text: object) -> str:
    """Make a text fit to stand in a sentence: printable and short."""
    printable = "".join(character if character.isprintable() else "�" for character in str(text)[:MAX_KEY])
    return printable if len(printable) <= 64 else f"{printable[:60]}..."  # noqa: PLR2004  # a line


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Refused(name, "must be an object with keys and values")
    if len(value) > MAX_KEYS:
        raise Refused(name, f"has {len(value)} keys; at most {MAX_KEYS} are read")
    for key in value:
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY or not key.isprintable():
            _unknown(key if isinstance(key, str) else type(key).__name__)
    return value


def _text(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    return _required_text(value, name)


def _required_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Refused(shown(name), "must be a text")
    if len(value) > MAX_TEXT:
        raise Refused(shown(name), f"is too long: {len(value)} characters, at most {MAX_TEXT}")
    if not value.isprintable():
        raise Refused(shown(name), "has characters that cannot be printed")
    return value


def _devices(value: object) -> int | None:
    match value:
        case None | "":
            return None
        case bool():
            pass
        case int() if 0 <= value <= _MOST_DEVICES:
            return value
        case str() if _DEVICES.fullmatch(value[:5]):
            return int(value)
        case _:
            pass
    raise Refused("devices", "must be a whole number such as 1")


def _options(value: object) -> dict[str, str]:
    if value is None:
        return {}
    return {key: _required_text(text, f"options.{key}") for key, text in _mapping(value, "options").items()}


def _option_name(key: str, profile: str | None) -> str:
    """Take an option's name out of the forms in which KubeSpawner writes it."""
    if not key.startswith(FORM_OPTION):
        return key
    rest = key.removeprefix(FORM_OPTION)
    prefix = f"{(profile or '').removeprefix('hub:')}--"
    if not profile or not rest.startswith(prefix) or rest == prefix:
        _unknown(key)
    return rest.removeprefix(prefix)


def _unknown(key: str) -> NoReturn:
    raise Refused(shown(key), f"is not a key that is known here; known are {', '.join(KNOWN)}")
