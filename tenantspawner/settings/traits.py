"""The few forms that settings come in, each with the values KubeSpawner accepts for it."""

from typing import Any

from jupyterhub.traitlets import Callable
from traitlets import Dict, Integer, List, Unicode, Union


def text(default: str, help: str) -> Any:  # noqa: A002 - traitlets' own word
    """Return a text."""
    return Unicode(default, help=help).tag(config=True)


def optional_text(help: str) -> Any:  # noqa: A002 - traitlets' own word
    """Return a text or None, which leaves the field out."""
    return Unicode(None, allow_none=True, help=help).tag(config=True)


def mapping(help: str, default: dict[str, Any] | None = None) -> Any:  # noqa: A002 - traitlets' own word
    """Return a dictionary."""
    return Dict(default or {}, help=help).tag(config=True)


def items(help: str) -> Any:  # noqa: A002 - traitlets' own word
    """Return a list, or a dictionary of the same items: then they are put in the order of its keys.

    A dictionary lets several configuration files add items, and one take an item of another away.
    """
    return Union([List(), Dict()], help=help).tag(config=True)


def whole_number_or_callable(help: str) -> Any:  # noqa: A002 - traitlets' own word
    """Return a whole number, None, or a function that is given the spawner and returns one; it may be async."""
    return Union([Integer(), Callable()], default_value=None, allow_none=True, help=help).tag(config=True)


def hook(help: str) -> Any:  # noqa: A002 - traitlets' own word
    """Return a function, or None."""
    return Callable(None, allow_none=True, help=help).tag(config=True)
