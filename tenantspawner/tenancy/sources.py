"""Where a document comes from, and how a place in its text becomes a place the admin can click.

A `Source` is one document: a key of a ConfigMap, a file, or a block of text within a ConfigMap manifest in a file.
It knows at which line and column of that file its text begins, so every problem names the line the admin edits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tenantspawner.errors import Problem

SUFFIXES = (".yaml", ".yml", ".json")
"""Keys of a ConfigMap that are read."""
MAX_PATH = 200
MAX_MESSAGE = 400
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Source:
    """One document.

    `first_line` and `first_column` are where the text begins in what `name` names, counted from 1. `key` is the key
    of a ConfigMap manifest that it stands in. Where it does not stand there line by line (`by_line` is False: quoted,
    folded, JSON), every problem is reported where the text begins, and its message says the line within.
    """

    name: str
    text: str
    first_line: int = 1
    first_column: int = 1
    key: str | None = None
    by_line: bool = True

    @property
    def is_json(self) -> bool:
        """Whether the document is JSON by its name."""
        return (self.key or self.name).endswith(".json")


class Place(NamedTuple):
    """A position in a source's own text; line and column count from 1."""

    source: Source
    line: int
    column: int

    def problem(self, path: str, message: str, *, warning: bool = False) -> Problem:
        """Report something here."""
        source = self.source
        path, message = _one_line(path, MAX_PATH), _one_line(message, MAX_MESSAGE)
        if not source.by_line:
            message = f"{message} (line {self.line}, column {self.column} of {source.key})"
            return Problem(source.name, source.first_line, source.first_column, path, message, warning)
        line = source.first_line + self.line - 1
        return Problem(source.name, line, source.first_column + self.column - 1, path, message, warning)

    def __str__(self) -> str:
        shown = self.problem("", "")
        return f"{shown.source}:{shown.line}:{shown.column}"


def _one_line(text: str, longest: int) -> str:
    """Make text of a document fit for a log or a terminal: printable, on one line, not endless."""
    if len(text) > longest:
        text = f"{text[: longest - 3]}..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def from_config_map(name: str, data: Mapping[str, str]) -> Iterator[Source]:
    """Yield the documents of one ConfigMap: every key that ends in .yaml, .yml or .json, in order of their names."""
    for key in sorted(data):
        if key.endswith(SUFFIXES):
            yield Source(f"{name}/{key}", data[key])


def decode(name: str, data: bytes) -> Source | Problem:
    """Read a file's bytes, which must be UTF-8."""
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Problem(
            name, line, column, "", f"is not UTF-8 here (byte 0x{data[error.start]:02x}); save the file as UTF-8"
        )
