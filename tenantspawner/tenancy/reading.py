"""From texts to a tenancy, or to everything that is wrong with them, at once.

Texts are composed to trees, trees merged, the whole parsed into the models, and then looked at across. A value that
does not fit is reported and taken out, and reading goes on, so that the first edit can mend all. What follows only
from something reported already is not reported again. Nothing raises for anything a document can contain.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from pydantic import TypeAdapter, ValidationError

from tenantspawner.errors import Problem
from tenantspawner.tenancy.checks import CHECKS, View
from tenantspawner.tenancy.compose import compose
from tenantspawner.tenancy.merge import merge
from tenantspawner.tenancy.models import Envelope, Tenancy
from tenantspawner.tenancy.sources import Source
from tenantspawner.tenancy.tree import Node, Tree
from tenantspawner.tenancy.words import Location, locate, problems_of

MAX_PROBLEMS = 1000
"""More are not reported: nobody reads them, and a page of them is a load of its own."""
_ROUNDS = 5
_TENANCY: TypeAdapter[Tenancy] = TypeAdapter(Tenancy)

Further = Callable[[Tenancy], Iterable[tuple[str, str]]]
"""A check from above (of a profile's options): yields path and message."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading. `tenancy` is None exactly when there are `problems`; warnings never hinder.

    `unchecked` names what needs the hub's configuration to be checked.
    """

    tenancy: Tenancy | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()


def read(
    sources: Sequence[Source],
    envelope: Envelope | None,
    *,
    hub_profiles: Collection[str] | None = None,
    today: date | None = None,
    further: Further | None = None,
) -> Reading:
    """Read one tenancy out of all its documents.

    Parameters
    ----------
    envelope
        The hub's bounds; None when they are not known, then they are not checked.
    hub_profiles
        Slugs of the hub's own ``profile_list``; None when they are not known.
    today
        The day in UTC, for rules that are over; None: not checked.
    further
        One more check, of a layer above.
    """
    if not sources:
        return Reading(
            None, (Problem("tenancy", 1, 1, "", "there is no document: no key ends in .yaml, .yml or .json"),)
        )
    trees = [compose(source) for source in sources]
    whole = merge(trees)
    if whole.root is None:
        return _result(None, whole.problems, (), sources)
    tenancy = _parse(whole)
    found: list[Problem] = list(whole.problems)
    unchecked: tuple[str, ...] = ()
    if tenancy is not None and all(tree.root is not None for tree in trees):
        view = View(tenancy, whole, envelope, hub_profiles, today)
        for check in CHECKS:
            found += islice(check(view), MAX_PROBLEMS + 1)
        found += islice(_further(view, further), MAX_PROBLEMS + 1)
        unchecked = tuple(sorted(view.unchecked))
    return _result(tenancy, found, unchecked, sources)


def _parse(tree: Tree) -> Tenancy | None:
    """Parse what can be parsed; problems go to the tree, and what has them is taken out of it."""
    for turn in range(_ROUNDS):
        assert tree.root is not None
        try:
            return _TENANCY.validate_python(tree.root.plain())
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if turn == 0:
            tree.problems += islice(problems_of(errors, tree, _TENANCY), MAX_PROBLEMS + 1)
        _prune(tree, [each["loc"] for each in errors])
    return None


def _prune(tree: Tree, locations: Iterable[Location]) -> None:
    """Take out the deepest value of each location: the wrong one, or the one that lacks something."""
    wrong = [found for location in locations if (found := _deepest(tree, location)) is not None]
    for parent, part, node in wrong:
        tree.dropped.add(node.path)
        if isinstance(parent.value, dict):
            parent.value.pop(str(part), None)
        elif isinstance(parent.value, list):
            parent.value = [child for child in parent.value if child is not node]


def _deepest(tree: Tree, location: Location) -> tuple[Node, str | int, Node] | None:
    """Find a value with its parent; the root has none."""
    assert tree.root is not None
    found = None
    node = tree.root
    for part in location:
        child = node.child(part)
        if child is not None:
            found = (node, part, child)
            node = child
    return found


def _further(view: View, further: Further | None) -> Iterator[Problem]:
    if further is not None:
        for path, message in further(view.tenancy):
            yield view.error(_location(view.tree, path), message)


def _location(tree: Tree, path: str) -> Location:
    """Find the location of a path as it is written; keys may hold dots themselves."""
    location: list[str | int] = []
    node, _ = locate(tree, ())
    while node.path != path:
        children: list[tuple[str | int, Node]] = []
        if isinstance(node.value, dict):
            children += node.value.items()
        elif isinstance(node.value, list):
            children += enumerate(node.value)
        nearer = [(part, child) for part, child in children if _leads(child.path, path)]
        if not nearer:
            break
        part, node = max(nearer, key=lambda found: len(found[1].path))
        location.append(part)
    return tuple(location)


def _leads(start: str, path: str) -> bool:
    return path == start or path.startswith((f"{start}.", f"{start}["))


def _result(
    tenancy: Tenancy | None, found: list[Problem], unchecked: tuple[str, ...], sources: Sequence[Source]
) -> Reading:
    order = {source.name: index for index, source in reversed(list(enumerate(sources)))}
    found = sorted(dict.fromkeys(found), key=lambda at: (order.get(at.source, 0), at.line, at.column, at.path))
    problems = tuple(problem for problem in found if not problem.warning)
    warnings = tuple(problem for problem in found if problem.warning)
    if len(problems) > MAX_PROBLEMS:
        last = problems[MAX_PROBLEMS]
        said = Problem(
            last.source, last.line, last.column, "", f"and more; these are the first {MAX_PROBLEMS} problems"
        )
        problems = (*problems[:MAX_PROBLEMS], said)
    return Reading(None if problems else tenancy, problems, warnings[:MAX_PROBLEMS], unchecked)
