"""Image references, parsed; and patterns that are matched on the parsed form, never on text.

`ImageReference` follows the reference grammar of the distribution project, with Docker's rule for what the first
part is (a registry when it has a dot or a colon, or is ``localhost``). Two references are equal when they name the
same thing: ``scipy`` is ``docker.io/library/scipy``. ``str()`` gives back what was written, for the pod.

`ImagePattern` compares registry, path parts, tag and digest one by one. ``*`` stands within one path part. So
neither ``registry.corp.evil.io`` nor ``registry.corp:5000`` nor ``registry.corp/team-x`` can pass for
``registry.corp/team/*``. A pattern without tag and digest allows any; with a tag it allows that tag and no digest,
because a runtime that sees a digest ignores the tag.

Source: https://github.com/distribution/reference (reference.go, normalize.go)
"""

import re
from dataclasses import dataclass, field
from typing import Self

MAX_LENGTH = 299
"""Characters of a whole reference; longer ones exist only to try us."""
MAX_NAME_LENGTH = 255
"""Characters of registry and path together, as in the reference grammar."""

_REGISTRY = re.compile(
    r"(?:(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*|\[[a-f0-9:]+\])(?::[0-9]{1,5})?"
)
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_PATTERN_PART = re.compile(r"[a-z0-9._*-]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_DOCKER = "docker.io"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One image by name. `registry` and `repository` are complete; `text` is what was written."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference.

        Raises
        ------
        ValueError
            With a sentence that says which part is wrong.
        """
        name, tag, digest = _split(text)
        registry, path = _registry_and_path(name)
        for part in path:
            if _PART.fullmatch(part) is None:
                raise ValueError(
                    f"is not an image reference: {_shown(part)} is no path part (lower case, digits, . _ -)"
                )
        return cls(registry, "/".join(path), tag, digest, text)

    @property
    def effective_tag(self) -> str | None:
        """The tag that would be pulled: ``latest`` where none is written, None where a digest decides."""
        return None if self.digest else self.tag or "latest"

    def __str__(self) -> str:
        return self.text or _written(f"{self.registry}/{self.repository}", self.tag, self.digest)


@dataclass(frozen=True, slots=True)
class ImagePattern:
    """Which references are allowed: an exact one, or ``registry/path/*``."""

    registry: str
    parts: tuple[str, ...]
    tag: str | None = None
    digest: str | None = None
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; every image reference is one.

        Raises
        ------
        ValueError
            With a sentence. ``*`` alone, and ``*`` in registry, tag or digest, are refused.
        """
        if "*" not in text:
            exact = ImageReference.parse(text)
            return cls(exact.registry, tuple(exact.repository.split("/")), exact.tag, exact.digest, text)
        if not text.strip("*/"):
            raise ValueError(
                "would allow every image; name the registry and the path, as in registry.example.org/team/*"
            )
        name, tag, digest = _split(text)
        registry, slash, path = name.partition("/")
        if not slash or "*" in registry or not _is_registry(registry):
            raise ValueError("must begin with the registry written out, as in docker.io/jupyter/*")
        registry, parts = _registry_and_path(f"{registry}/{path}")
        for part in parts:
            if _PATTERN_PART.fullmatch(part) is None:
                raise ValueError(
                    f"is not an image pattern: {_shown(part)} is no path part (lower case, digits, . _ - *)"
                )
        return cls(registry, parts, tag, digest, text)

    @property
    def exact(self) -> bool:
        """Whether it names one repository, without ``*``."""
        return not any("*" in part for part in self.parts)

    def matches(self, reference: ImageReference) -> bool:
        """Whether the pattern allows this reference."""
        parts = reference.repository.split("/")
        if self.registry != reference.registry or len(parts) != len(self.parts):
            return False
        if self.digest is not None:
            if self.digest != reference.digest or (self.tag and reference.tag and self.tag != reference.tag):
                return False
        elif self.tag is not None and self.tag != reference.effective_tag:
            return False
        return all(_part_matches(mine, theirs) for mine, theirs in zip(self.parts, parts, strict=True))

    def __str__(self) -> str:
        return self.text or _written("/".join((self.registry, *self.parts)), self.tag, self.digest)


def _split(text: str) -> tuple[str, str | None, str | None]:
    """Take tag and digest off the end."""
    if not text:
        raise ValueError("is empty; expected an image such as quay.io/jupyter/scipy-notebook:2026-10-20")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is too long for an image reference: {len(text)} characters, at most {MAX_LENGTH}")
    rest, at, digest = text.partition("@")
    if at and _DIGEST.fullmatch(digest) is None:
        raise ValueError("is not an image reference: after @ comes a digest such as sha256: and 64 hexadecimal digits")
    name, colon, tag = rest, "", ""
    if ":" in rest.rpartition("/")[2]:
        name, colon, tag = rest.rpartition(":")
    if colon and _TAG.fullmatch(tag) is None:
        raise ValueError(f"is not an image reference: {_shown(tag)} is no tag (letters, digits, . _ -; 128 at most)")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"is not an image reference: its name has {len(name)} characters, at most {MAX_NAME_LENGTH}")
    return name, tag if colon else None, digest if at else None


def _registry_and_path(name: str) -> tuple[str, tuple[str, ...]]:
    first, slash, rest = name.partition("/")
    if not slash or not _is_registry(first):
        path = name.split("/")
        return _DOCKER, tuple(path if slash else ["library", *path])
    if _REGISTRY.fullmatch(first) is None:
        raise ValueError(f"is not an image reference: {_shown(first)} is no registry (lower case host, optional port)")
    if first in {_DOCKER, "index.docker.io"}:
        return _DOCKER, tuple(rest.split("/") if "/" in rest else ["library", rest])
    return first, tuple(rest.split("/"))


def _is_registry(part: str) -> bool:
    """Docker's rule for the first part of a name."""
    return "." in part or ":" in part or part == "localhost" or part.lower() != part


def _part_matches(pattern: str, part: str) -> bool:
    """Match ``*`` within one part, in linear time: first piece at the start, last at the end, the rest in order."""
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == part
    *middle, last = middle
    if len(part) < len(first) + len(last) or not part.startswith(first) or not part.endswith(last):
        return False
    position, end = len(first), len(part) - len(last)
    for piece in middle:
        found = part.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _written(name: str, tag: str | None, digest: str | None) -> str:
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def _shown(part: str) -> str:
    """Quote a part for a message, cut and escaped."""
    shown = ascii(part)
    return shown if len(shown) <= 42 else f"{shown[:38]}...'"  # noqa: PLR2004  # a line of a terminal
