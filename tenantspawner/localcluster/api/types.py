"""The shape of every kind served here: fields, what each holds, and how its lists merge.

`types.json` has one line a type, written by ``tests/localcluster/make_schema.py`` from Kubernetes'
OpenAPI document. A field is described in one word or a few: ``string``, ``quantity``, ``Container``,
``{string}`` (a map), ``[Container map=name merge=name]`` (a list whose items are told apart by
``name``, for apply and for strategic merge), ``[string set]``; ``atomic`` is replaced whole, ``!`` is required.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

from tenantspawner.kube.kinds import Kind

Shape = Literal["scalar", "struct", "map", "list"]


@dataclass(frozen=True)
class Field:
    """What one field, list item or map value holds."""

    shape: Shape
    name: str  # the scalar's or the struct's name, empty for maps and lists
    item: "Field | None" = None
    required: bool = False
    atomic: bool = False
    keys: tuple[str, ...] = ()  # a list's items are told apart by these
    is_set: bool = False
    merge_key: str | None = None  # strategic merge: "" merges scalars
    retain_keys: bool = False

    @cached_property
    def fields(self) -> "Mapping[str, Field]":
        """The fields of a struct; empty for everything else."""
        return struct_fields(self.name) if self.shape == "struct" else {}

    @property
    def is_leaf(self) -> bool:
        """Whether apply owns it whole: scalars, and what is replaced whole."""
        return self.shape == "scalar" or self.atomic

    def child(self, key: str) -> "Field":
        """What the member `key` holds; `ANYTHING` where the schema does not say."""
        if self.shape == "struct":
            return self.fields.get(key, ANYTHING)
        return self.item or ANYTHING


_ATOMIC = {"OwnerReference"}  # of the types that are whole wherever they stand, the one within lists
ANYTHING = Field("scalar", "any")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files(__package__).joinpath("types.json").read_text())
    return document


@cache
def struct_fields(name: str) -> Mapping[str, Field]:
    """Return the fields of the struct of that name."""
    return {key: parse(words) for key, words in _document()["types"][name].items()}


@cache
def parse(words: str) -> Field:
    """Read one description; see the module's docstring for the words."""
    required = words.endswith("!")
    words = words.removesuffix("!")
    atomic = words.endswith(" atomic")
    if words.startswith("{"):
        inner = words.removesuffix(" atomic")[1:-1]
        map_atomic = inner.endswith(" atomic")
        return Field("map", "", parse(inner.removesuffix(" atomic")), required, map_atomic)
    if words.startswith("["):
        return _parse_list(words[1:-1], required=required)
    name = words.removesuffix(" atomic")
    atomic = atomic or name in _ATOMIC
    return Field("struct" if name[0].isupper() else "scalar", name, None, required, atomic)


def _parse_list(inner: str, *, required: bool) -> Field:
    item, *rest = _split(inner)
    options = dict(word.partition("=")[::2] for word in rest)
    keys = tuple(options["map"].split(",")) if "map" in options else ()
    is_set = "set" in options
    return Field(
        "list",
        "",
        parse(item),
        required,
        not keys and not is_set,
        keys,
        is_set,
        options.get("merge"),
        "retain" in options,
    )


def _split(inner: str) -> list[str]:
    """Split at spaces outside of brackets."""
    words, depth = [""], 0
    for character in inner:
        depth += character in "[{"
        depth -= character in "]}"
        if character == " " and not depth:
            words.append("")
        else:
            words[-1] += character
    return words


@cache
def root(kind: Kind) -> Field:
    """Return the description of a kind's objects."""
    return root_of(kind.api_version, kind.kind)


@cache
def root_of(api_version: str, kind: str) -> Field:
    """Return the description of a kind by the words of a manifest; KeyError when it is not known."""
    return Field("struct", _document()["roots"][f"{api_version}/{kind}"])


def is_known(api_version: str, kind: str) -> bool:
    """Whether a kind is known by the words of a manifest."""
    return f"{api_version}/{kind}" in _document()["roots"]


def names() -> tuple[str, ...]:
    """Return the names of all structs."""
    return tuple(_document()["types"])
