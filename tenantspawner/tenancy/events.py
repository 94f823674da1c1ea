"""Text becomes a stream of YAML events, and what cannot become one is said in plain words.

Size and characters are looked at before any parser sees the text. The events come from libyaml where it is there,
and from the pure Python parser where not; both work with stacks of their own and hand out events as they read, so
the reader of the stream can stop them at any depth. (libyaml's *composer* recurses and dies of deep nesting; it is
never used.)
"""

import re
from collections.abc import Iterator

import yaml

from tenantspawner.tenancy.sources import BYTE_ORDER_MARK, Place, Source

MAX_BYTES = 1 << 20
MAX_DEPTH = 50

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\t')
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


class Unreadable(Exception):
    """Nothing more of a text can be read; never leaves this package."""

    def __init__(self, place: Place, message: str, path: str = "") -> None:
        super().__init__(message)
        self.problem = place.problem(path, message)


def events(source: Source, max_bytes: int = MAX_BYTES) -> Iterator[yaml.Event]:
    """Yield the events of a text, lazily.

    Raises
    ------
    Unreadable
        With the place, wherever the text is no YAML.
    """
    text = _checked(source, max_bytes)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source, 1, 1)
        raise Unreadable(place, _in_plain_words(error)) from None


def _checked(source: Source, max_bytes: int) -> str:
    """Refuse what is too big or not text, before any parser sees it."""
    text = source.text.removeprefix(BYTE_ORDER_MARK)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise Unreadable(
            Place(source, 1, 1), f"the document has {size} bytes, at most {max_bytes}; split it over several ConfigMaps"
        )
    if (bad := _FORBIDDEN.search(text)) is not None:
        before = text[: bad.start()]
        place = Place(source, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise Unreadable(place, f"the character U+{ord(bad[0]):04X} cannot stand in a document")
    return _as_yaml(text) if source.is_json else text


def _as_yaml(text: str) -> str:
    """Rewrite the two things of JSON that YAML 1.1 does not read: tabs between values, surrogate pairs."""
    return _JSON_TOKEN.sub(lambda token: " " if token[0] == "\t" else _SURROGATES.sub(_joined, token[0]), text)


def _joined(pair: re.Match[str]) -> str:
    code = 0x10000 + ((int(pair[2], 16) - 0xD800) << 10) + (int(pair[3], 16) - 0xDC00)
    return f"{pair[1]}\\U{code:08x}"


def _in_plain_words(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    if "nesting" in said or "maximum" in said:
        return f"is nested deeper than {MAX_DEPTH}"
    for words, hint in _HINTS:
        if words in said:
            return f"is not YAML: {said}; {hint}"
    return f"is not YAML: {said}"


_HINTS = (
    ("mapping values are not allowed", "indent as the lines above, and quote text with a colon"),
    ("cannot start any token", "indent with spaces, not tabs, and quote text that begins with % @ or `"),
    ("did not find expected key", "look at the indentation, and for an unclosed quote or bracket above"),
    ("expected <block end>", "look at the indentation"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("unknown escape", "use single quotes for text with a backslash"),
)
