"""Regular expressions that people's text is matched with, in linear time.

Python's matcher backtracks: ``(a+)+$`` takes years on thirty letters, and both the pattern (half trusted) and the
text (hostile) come from outside. So a pattern is parsed by Python's own parser and run as a set of states: work is
at most states times characters, with at most `MAX_STATES` and `MAX_TEXT` of each. A pattern must match the whole
text. What needs backtracking (look-around, back references, conditions) is `Unsupported`, and said so when the
pattern is read, not when somebody types.

Source: K. Thompson, Regular expression search algorithm, CACM 11 (1968).
"""

import importlib
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

MAX_STATES = 2000
MAX_TEXT = 256
"""Characters of free text; longer text is refused unread."""
_MAX_PATTERN = 1000

# Private in name, stable since 3.11 and the only reader of the whole syntax; its older name `sre_parse` warns.
_parser: Any = importlib.import_module("re._parser")

_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class Unsupported(ValueError):
    """The pattern cannot be used; the sentence says why."""


class Pattern:
    """A compiled pattern; the empty one matches everything. Raises `Unsupported`."""

    def __init__(self, pattern: str) -> None:
        self._machine = _compile(pattern) if pattern else None

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches."""
        if len(text) > MAX_TEXT:
            return False
        return self._machine is None or self._machine.run(text)


Test = Callable[[str], bool]


@dataclass(slots=True)
class _State:
    """Takes a character that passes `test`, or stands aside: `test` None goes on to `then` without one."""

    test: Test | None = None
    then: list[int] = field(default_factory=list)
    at: str = ""  # "start" or "end": passed only there


@dataclass(slots=True)
class _Machine:
    """States by number; 0 is the first, `final` the last."""

    states: list[_State] = field(default_factory=list)
    final: int = 0

    def add(self, test: Test | None = None, at: str = "") -> int:
        """Make a state."""
        if len(self.states) >= MAX_STATES:
            raise Unsupported("is too large; write smaller repetitions")
        self.states.append(_State(test, at=at))
        return len(self.states) - 1

    def link(self, source: int, target: int) -> None:
        """Let one state be followed by another."""
        self.states[source].then.append(target)

    def run(self, text: str) -> bool:
        """Whether the whole text leads from the first state to the last."""
        now = self._reach([0], start=True, end=not text)
        for position, character in enumerate(text, 1):
            passed = [state for state in now if (test := self.states[state].test) and test(character)]
            now = self._reach(
                (target for state in passed for target in self.states[state].then),
                start=False,
                end=position == len(text),
            )
        return self.final in now

    def _reach(self, sources: Iterable[int], *, start: bool, end: bool) -> set[int]:
        """Every state that is reached without a further character."""
        seen: set[int] = set()
        waiting = list(sources)
        while waiting:
            number = waiting.pop()
            state = self.states[number]
            if number in seen or (state.at == "start" and not start) or (state.at == "end" and not end):
                continue
            seen.add(number)
            if state.test is None:
                waiting.extend(state.then)
        return seen


@lru_cache(maxsize=256)
def _compile(pattern: str) -> _Machine:
    if len(pattern) > _MAX_PATTERN:
        raise Unsupported(f"is too long: {len(pattern)} characters, at most {_MAX_PATTERN}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Python's advice is for programmers
            re.compile(pattern)
            tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as problem:
        raise Unsupported(f"is not a regular expression: {problem}") from None
    machine = _Machine()
    first = machine.add()
    machine.final = _Builder(machine, tree.state.flags).sequence(tree, first)
    return machine


@dataclass(frozen=True, slots=True)
class _Builder:
    """Adds the states of parsed nodes behind a state, and returns the state where they end."""

    machine: _Machine
    flags: int

    def sequence(self, nodes: Iterable[tuple[Any, Any]], here: int) -> int:
        """One node after the other."""
        for operation, argument in nodes:
            here = self._node(str(operation), argument, here)
        return here

    def _node(self, operation: str, argument: Any, here: int) -> int:
        match operation:
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                return self._character(operation, argument, here)
            case "SUBPATTERN":
                _, added, removed, inside = argument
                return _Builder(self.machine, (self.flags | added) & ~removed).sequence(inside, here)
            case "ATOMIC_GROUP":
                raise Unsupported("uses an atomic group, which is not supported here")
            case "BRANCH":
                return self._branch(argument[1], here)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inside = argument
                return self._repeat(least, most, inside, here)
            case "AT":
                return self._anchor(str(argument), here)
            case _:
                raise Unsupported("uses look-around, a back reference or the like, which is not supported here")

    def _character(self, operation: str, argument: Any, here: int) -> int:
        # A character is tested by Python's own class for it: one character leaves nothing to track back.
        source = _source(operation, argument)
        flags = self.flags & (re.IGNORECASE | re.DOTALL | re.ASCII)
        compiled = re.compile(source, flags)
        state = self.machine.add(lambda character: compiled.fullmatch(character) is not None)
        self.machine.link(here, state)
        return self._joint(state)

    def _joint(self, *sources: int) -> int:
        joint = self.machine.add()
        for source in sources:
            self.machine.link(source, joint)
        return joint

    def _branch(self, branches: Iterable[Any], here: int) -> int:
        return self._joint(*[self.sequence(branch, self._joint(here)) for branch in branches])

    def _repeat(self, least: int, most: Any, inside: Any, here: int) -> int:
        if least > MAX_STATES or (most != _parser.MAXREPEAT and most > MAX_STATES):
            raise Unsupported("is too large; write smaller repetitions")
        for _ in range(least):
            here = self.sequence(inside, here)
        if most == _parser.MAXREPEAT:
            loop = self._joint(here)
            self.machine.link(self.sequence(inside, loop), loop)
            return self._joint(loop)
        ends = [here]
        for _ in range(most - least):
            here = self.sequence(inside, here)
            ends.append(here)
        return self._joint(*ends)

    def _anchor(self, kind: str, here: int) -> int:
        if kind not in {"AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING"}:
            raise Unsupported(r"uses \b or \B, which is not supported here")
        anchor = self.machine.add(at="start" if "BEGINNING" in kind else "end")
        self.machine.link(here, anchor)
        return anchor


def _source(operation: str, argument: Any) -> str:
    """Write one parsed character or class as a pattern of its own again."""
    match operation:
        case "ANY":
            return "."
        case "LITERAL":
            return re.escape(chr(argument))
        case "NOT_LITERAL":
            return f"[^{_escaped(argument)}]"
        case _:
            return "[" + "".join(map(_item, argument)) + "]"


def _item(item: tuple[Any, Any]) -> str:
    operation, argument = str(item[0]), item[1]
    match operation:
        case "NEGATE":
            return "^"
        case "RANGE":
            return f"{_escaped(argument[0])}-{_escaped(argument[1])}"
        case "CATEGORY":
            return _CATEGORIES[str(argument)]
        case _:
            return _escaped(argument)


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"
