"""Texts with fields in braces, filled in one pass from a closed set, and the text of people kept out of them.

An administrator writes ``claim-{user_server}``; `expand` fills it as ``str.format`` would, except that a field is
only a name of the set, or one character of it (``{username[0]}``). No attribute can be reached, no width over 999
be asked for, and what was filled in is never read again.

What a person typed reaches a setting only through `fill`, at ``{value}``. There it is made literal for whoever reads
it next: braces are doubled where the setting is a template, and ``$`` where the kubelet would expand ``$(NAME)``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

Fields = Mapping[str, str | int]

TEMPLATES = frozenset({
    "environment", "extra_annotations", "extra_containers", "extra_labels", "extra_pod_config", "init_containers",
    "service_account", "storage_extra_annotations", "storage_extra_labels", "storage_selector",
    "user_namespace_annotations", "user_namespace_labels", "volume_mounts", "volumes", "working_dir",
})  # fmt: skip
"""KubeSpawner's settings whose texts are templates."""

_COMMANDS = frozenset({"environment", "cmd", "args"})  # the kubelet expands $(NAME) in all of these,
_CONTAINERS = frozenset(
    {"extra_containers", "init_containers", "extra_container_config", "extra_pod_config", "volume_mounts"}
)
_EXPANDED_BY_KUBELET = frozenset(
    {"env", "command", "args", "subPathExpr", "sub_path_expr"}
)  # and in these fields of those,
_NOT_EXPANDED_BY_KUBELET = frozenset({"exec", "_exec"})  # but not in the command of a probe or a hook

_FIELD = re.compile(r"(?P<name>\w+)(?:\[(?P<index>\d{1,3})\])?", re.ASCII)
_TOO_WIDE = re.compile(r"[{}]|\d{4,}")
_CONVERSIONS: Mapping[str | None, Callable[[Any], Any]] = {None: lambda value: value, "s": str, "r": repr, "a": ascii}


def expand(template: str, fields: Fields) -> str:
    """Fill the fields of `template`.

    Hyphens at the end are taken away unless the template itself ends with one: an empty server name leaves them.

    Raises
    ------
    ValueError
        A single brace, a field that is not in the set, or a format that cannot be applied; as ``str.format`` would.
    """
    text = "".join(_pieces(template, fields))
    return text if template.endswith("-") else text.rstrip("-")


def expand_all(value: Any, fields: Fields) -> Any:
    """Fill every text in a JSON value; the keys of objects stay."""
    match value:
        case str():
            return expand(value, fields)
        case list():
            return [expand_all(item, fields) for item in value]
        case dict():
            return {key: expand_all(item, fields) for key, item in value.items()}
        case _:
            return value


def literal(text: str) -> str:
    """Return `text` in the form in which `expand` gives it back unchanged."""
    return text.replace("{", "{{").replace("}", "}}")


def fill(override: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put what a person typed at every ``{value}`` of an override, a value by setting.

    Other fields stay for later, doubled braces become single ones, as KubeSpawner does.

    Raises
    ------
    ValueError
        A single brace in the override.
    """
    escaped = text.replace("$", "$$")

    def put(template: str, reader: Reader) -> str:
        return _with_value(template, reader.literal(text, escaped))

    return {name: each_text(name, value, put) for name, value in override.items()}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a text of a setting next: our templates, the kubelet with its ``$(NAME)``, or nobody."""

    template: bool = False
    kubelet: bool = False

    def literal(self, text: str, escaped: str) -> str:
        """Return the form in which `text` comes out unchanged; `escaped` is it with the dollars doubled that need it."""
        chosen = escaped if self.kubelet else text
        return literal(chosen) if self.template else chosen


def each_text(setting: str, value: Any, change: Callable[[str, Reader], str]) -> Any:
    """Return the value of a setting with `change` applied to each text in it, given who reads it next.

    The keys of objects are texts that nobody reads.
    """
    return _Walk(setting, change).of(value, kubelet=setting in _COMMANDS)


@dataclass(frozen=True, slots=True)
class _Walk:
    setting: str
    change: Callable[[str, Reader], str]

    def of(self, value: Any, *, kubelet: bool | None) -> Any:
        """`kubelet` tells whether it expands ``$(NAME)`` here; None, that it does nowhere below."""
        match value:
            case str():
                return self.change(value, Reader(self.setting in TEMPLATES, bool(kubelet)))
            case list():
                return [self.of(item, kubelet=kubelet) for item in value]
            case dict():
                return {
                    self.change(key, Reader()) if isinstance(key, str) else key: self.of(
                        item, kubelet=self._inside(key, kubelet)
                    )
                    for key, item in value.items()
                }
            case _:
                return value

    def _inside(self, key: str, kubelet: bool | None) -> bool | None:
        if self.setting not in _CONTAINERS:
            return kubelet
        if kubelet is None or key in _NOT_EXPANDED_BY_KUBELET:
            return None
        return kubelet or key in _EXPANDED_BY_KUBELET


def _with_value(template: str, text: str) -> str:
    pieces = []
    for before, name, spec, conversion in Formatter().parse(template):
        pieces.append(before)
        if name == "value" and not spec and not conversion:
            pieces.append(text)
        elif name is not None:
            pieces.append(f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}")
    return "".join(pieces)


def _pieces(template: str, fields: Fields) -> Iterator[str]:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as why:
        raise ValueError(f"holds a template that cannot be read ({why}); write {{{{ and }}}} for braces") from None
    for before, name, spec, conversion in parsed:
        yield before
        if name is not None:
            yield _field(name, spec or "", conversion, fields)


def _field(name: str, spec: str, conversion: str | None, fields: Fields) -> str:
    found = _FIELD.fullmatch(name)
    if found is None or found["name"] not in fields:
        known = ", ".join(sorted(fields))
        raise ValueError(f"has the field {{{name}}}, which is none of: {known}. Write {{{{ and }}}} for braces")
    if _TOO_WIDE.search(spec) or conversion not in _CONVERSIONS:
        raise ValueError(f"has the field {{{name}}} with a format that is not supported: {spec or conversion}")
    value: Any = fields[found["name"]]
    try:
        if found["index"]:
            value = str(value)[int(found["index"])]
        return format(_CONVERSIONS[conversion](value), spec)
    except (IndexError, ValueError, TypeError) as why:
        raise ValueError(f"has the field {{{name}}}, which cannot be filled: {why}") from None
