"""Settings read from plain values, and a choice laid over them without touching what was configured.

KubeSpawner writes a chosen profile into its own configuration; here the result is a new value. What is accepted
is what the settings themselves accept: ``"4G"`` for memory, a single name for pull secrets, a dictionary in place
of a list. Dictionaries are merged key by key, at every depth; a key set to None is taken away. Anything else replaces.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from tenantspawner.errors import Misconfigured
from tenantspawner.kube.plain import plain
from tenantspawner.kube.templates import TEMPLATES, literal
from tenantspawner.plan.settings import Items, PodSettings

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_BYTES = frozenset({"mem_limit", "mem_guarantee"})


def settings_from(values: Mapping[str, Any]) -> PodSettings:
    """Return the settings with `values` by setting, the rest as KubeSpawner has them by default.

    Raises
    ------
    Misconfigured
        Names the setting whose value has the wrong type, or that does not exist.
    """
    return PodSettings(**{name: _read(name, value) for name, value in values.items()})


def overridden(settings: PodSettings, override: Mapping[str, Any]) -> PodSettings:
    """Return `settings` with `override` laid over them; neither is changed.

    Raises
    ------
    Misconfigured
        Names the setting whose value has the wrong type, or that does not exist.
    """
    changes = {}
    for name, value in override.items():
        before = getattr(settings, name, None)
        if isinstance(value, dict) and isinstance(before, dict):
            changes[name] = _read(name, merged(before, plain(value)))
        else:
            changes[name] = _read(name, value)
    return replace(settings, **changes)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `change` merged in at every depth; None takes a key away."""
    result = dict(base)
    for key, value in change.items():
        if isinstance(value, dict):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, dict) else {}, value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _read(name: str, value: Any) -> Any:
    """Return the value of one setting in the form that `PodSettings` has it."""
    if name not in _READERS:
        raise Misconfigured(name, "is no setting of a pod")
    read, meant = _READERS[name]
    # A model object is taken as it is: KubeSpawner fills no templates in it.
    result = read(plain(value, literal) if name in TEMPLATES else plain(value))
    if result is _WRONG:
        raise Misconfigured(name, f"is {type(value).__name__} where {meant} is meant")
    return result


_WRONG = object()


def _only(*types: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return value if good else _WRONG

    return read


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else _WRONG


def _bytes(value: Any) -> Any:
    if isinstance(value, str) and value[-1:] in _UNITS:
        try:
            return int(float(value[:-1]) * _UNITS[value[-1]])
        except (ValueError, OverflowError):
            return _WRONG
    number = _number(value)
    return number if number is _WRONG else int(number)


def _command(value: Any) -> Any:
    words = [value] if isinstance(value, str) else value
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else _WRONG


def _pull_secrets(value: Any) -> Any:
    # One name alone is an old form.
    return [{"name": value}] if isinstance(value, str) else _only(list)(value)


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_Reader = tuple[Callable[[Any], Any], str]

_BY_TYPE: Mapping[Any, _Reader] = {
    str: (_only(str), "text"),
    str | None: (_or_none(_only(str)), "text"),
    bool: (_only(bool), "True or False"),
    bool | None: (_or_none(_only(bool)), "True, False or None"),
    int: (_only(int), "a whole number"),
    int | None: (_or_none(_only(int)), "a whole number"),
    float | None: (_or_none(_number), "a number"),
    list[str]: (_command, "a list of texts"),
    list[str] | None: (_or_none(_command), "a list of texts"),
    list[Any]: (_only(list), "a list"),
    dict[str, Any]: (_only(dict), "a dictionary"),
    Items: (_only(list, dict), "a list or a dictionary"),
}

_READERS: Mapping[str, _Reader] = {
    **{setting.name: _BY_TYPE[setting.type] for setting in fields(PodSettings)},
    **dict.fromkeys(_BYTES, (_or_none(_bytes), "an amount of memory, such as 4G or a number of bytes")),
    "image_pull_secrets": (_pull_secrets, "a list"),
}
