"""Objects of the Kubernetes client as plain JSON, without importing the client.

Settings may hold them: Zero to JupyterHub appends a ``V1Container`` to ``init_containers``. A model object is known
by its `attribute_map`, which all generated models have.
"""

from collections.abc import Callable
from datetime import date
from typing import Any


def _same(text: str) -> str:
    return text


def plain(value: Any, text: Callable[[str], str] = _same) -> Any:
    """Return a deep copy of `value` as JSON, model objects by their fields' own names and without empty ones.

    `text` is applied to the texts inside model objects, and to nothing else. What is not JSON is kept as it is.
    """
    names = getattr(type(value), "attribute_map", None)
    if names is not None:
        found = ((name, getattr(value, attribute)) for attribute, name in names.items())
        return {name: _inner(item, text) for name, item in found if item is not None}
    match value:
        case dict():
            return {key: plain(item, text) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, text) for item in value]
        case _:
            return value


def _inner(value: Any, text: Callable[[str], str]) -> Any:
    match value:
        case str():
            return text(value)
        case date():
            return value.isoformat()
        case dict():
            return {key: _inner(item, text) for key, item in value.items()}
        case list() | tuple():
            return [_inner(item, text) for item in value]
        case _:
            return plain(value, text)
