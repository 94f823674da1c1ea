"""What a person sees of the hub's pages, and what its progress stream says."""

import json
from html.parser import HTMLParser
from typing import Any


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.controls: list[dict[str, str]] = []
        self.scripts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "template"}:
            self._silent += 1
        if tag in {"input", "select", "option"}:
            self.controls.append({"tag": tag, **{key: value or "" for key, value in attrs}})

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "template"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        (self.scripts if self._silent else self.words).append(data)


def _read(page: str) -> _Text:
    parser = _Text()
    parser.feed(page)
    return parser


def text(page: str) -> str:
    """The words of a page, as they are read."""
    return " ".join(" ".join(_read(page).words).split())


def scripts(page: str) -> str:
    """Everything in a page that a browser would run or take for style."""
    return "\n".join(_read(page).scripts)


def controls(page: str) -> list[dict[str, str]]:
    """Inputs, selects and options of a page with their attributes."""
    return _read(page).controls


def chosen(page: str) -> set[str]:
    """The values that are checked or selected."""
    return {item["value"] for item in controls(page) if "checked" in item or "selected" in item}


def events(stream: str) -> list[dict[str, Any]]:
    """The events of a progress stream."""
    return [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
