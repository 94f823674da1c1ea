"""Pydantic's errors, put into an admin's words.

A location becomes a place in the tree, an error type a sentence, an unknown key a suggestion. The sentences say what
was expected; what was found is said only as far as it helps (its kind, or a short value of a closed list).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import ErrorDetails

from tenantspawner.errors import Problem
from tenantspawner.tenancy.scalars import quoted
from tenantspawner.tenancy.tree import Node, Tree

Location = tuple[str | int, ...]

MAX_KNOWN = 300
"""Among more words none is suggested: comparing takes time, and there may be a thousand problems."""
_SUGGESTED = 64

_PATTERNS = {
    "a-z0-9])?$": "must be lower case letters, digits and -, at most 63 characters, beginning and ending with a letter or digit",
    "(s|m|h|d))+$": "must be a duration such as 90s, 30m or 2h",
    "^/": "must be an absolute path",
}


def problems_of(
    errors: list[ErrorDetails], tree: Tree, adapter: TypeAdapter[Any], under: Location = ()
) -> Iterator[Problem]:
    """Yield one problem an error; nothing for what was dropped before, since that was reported."""
    for error in errors:
        location = _without_tags(error["loc"])
        node, rest = locate(tree, under + location)
        path = ".".join([node.path, *map(str, rest)]).lstrip(".")
        if error["type"] == "missing":
            if path not in tree.dropped:
                yield node.key.problem(node.path, f"the key {location[-1]} is missing")
        elif error["type"] == "extra_forbidden":
            yield node.key.problem(node.path, _unknown(str(location[-1]), known_keys(adapter, location[:-1])))
        else:
            place = node.key if error["loc"][-1] == "[key]" else node.place
            yield place.problem(node.path, sentence(error))


def locate(tree: Tree, location: Location) -> tuple[Node, Location]:
    """Find the deepest node of a location, and what of the location is left."""
    assert tree.root is not None
    node = tree.root
    for depth, part in enumerate(location):
        child = node.child(part)
        if child is None:
            return node, location[depth:]
        node = child
    return node, ()


def suggestion(wrong: str, known: Collection[str]) -> str:
    """Say the nearest known word, if one is near."""
    if len(wrong) > _SUGGESTED or len(known) > MAX_KNOWN:
        return ""
    near = get_close_matches(wrong, known, n=1, cutoff=0.6)
    lower = {word.lower(): word for word in known}
    if not near and wrong.lower() in lower:
        near = [lower[wrong.lower()]]
    return f"; did you mean {near[0]}?" if near else ""


def sentence(error: ErrorDetails) -> str:
    """Say one error."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    words = _SENTENCES.get(kind)
    if isinstance(words, str):
        return words + _what_it_is(value)
    return words(value, context) if words is not None else error["msg"]


def _literal(value: object, context: Mapping[str, Any]) -> str:
    expected = re.findall(r"'([^']*)'|(\d+)", str(context["expected"]))
    choices = [text or number for text, number in expected]
    if not isinstance(value, str):
        return f"must be {_or(choices)}" + _what_it_is(value)
    return f"must be {_or(choices)}{suggestion(value, choices)}"


def _pattern(_value: object, context: Mapping[str, Any]) -> str:
    return next((words for end, words in _PATTERNS.items() if end in str(context["pattern"])), "has the wrong form")


def _value_error(_value: object, context: Mapping[str, Any]) -> str:
    return str(context["error"])


_SENTENCES: dict[str, str | Callable[[object, Mapping[str, Any]], str]] = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "date_type": "must be a day such as 2027-03-31",
    "string_too_short": lambda _value, _context: "must not be empty",
    "string_too_long": lambda _value, context: f"is too long; at most {context['max_length']} characters",
    "too_short": lambda _value, context: f"needs at least {context['min_length']} entries",
    "greater_than_equal": lambda _value, context: (
        "must not be negative" if not context["ge"] else f"must be at least {context['ge']}"
    ),
    "less_than_equal": lambda _value, context: f"must be at most {context['le']}",
    "literal_error": _literal,
    "string_pattern_mismatch": _pattern,
    "value_error": _value_error,
}


def _what_it_is(value: object) -> str:
    """Say what was found instead, and to quote it where that mends it."""
    for kind, words in _KINDS:
        if isinstance(value, kind):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            return words.format(quoted(shown)) if "{" in words else words
    return ""


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "; it is true or false: quote this value if text is meant: {}"),
    ((int, float), "; it is a number: quote this value if text is meant: {}"),
    (date, "; it is a date: quote this value: {}"),
    (str, "; it is text: {}"),
    (list, "; it is a list"),
    (dict, "; it is a mapping"),
)


def _unknown(key: str, known: Collection[str]) -> str:
    return "unknown key" + (suggestion(key, known) or f"; known here: {', '.join(sorted(known))}")


def _or(choices: list[str]) -> str:
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)


def _without_tags(location: Location) -> Location:
    """Drop what Pydantic puts into a location that is no key of the document."""
    return tuple(part for part in location if part != "[key]" and not str(part).startswith("<"))


def known_keys(adapter: TypeAdapter[Any], location: Location) -> list[str]:
    """List the keys that may stand at a location, from the model's own schema."""
    schema = _schema(adapter)
    found = [schema]
    for part in location:
        found = [below for option in found for below in _below(_options(option, schema), part)]
    return [key for option in found for each in _options(option, schema) for key in each.get("properties", {})]


@lru_cache(maxsize=8)
def _schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    return adapter.json_schema(by_alias=True)


def _options(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _options(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    for name in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(name, ()):
            yield from _options(option, root)
    yield schema


def _below(options: Iterator[dict[str, Any]], part: str | int) -> Iterator[dict[str, Any]]:
    for option in options:
        if isinstance(part, int):
            candidates = [option.get("items")]
        elif part in option.get("properties", {}):
            candidates = [option["properties"][part]]
        else:
            candidates = [option.get("additionalProperties"), *option.get("patternProperties", {}).values()]
        yield from (candidate for candidate in candidates if isinstance(candidate, dict))
