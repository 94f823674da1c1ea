"""What a check looks at: the parsed document, the tree with its places, and the hub's bounds where they are known."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date

from tenantspawner.errors import Problem
from tenantspawner.kube.images import ImagePattern
from tenantspawner.tenancy.models import Envelope, Tenancy
from tenantspawner.tenancy.tree import Tree
from tenantspawner.tenancy.words import Location, locate

MAX_COMPARISONS = 200_000
"""Of images with images and names with names, in one reading."""


@dataclass(frozen=True, slots=True)
class View:
    """One document under check. `envelope` and `hub_profiles` are None where the hub's configuration is not at hand."""

    tenancy: Tenancy
    tree: Tree
    envelope: Envelope | None = None
    hub_profiles: Collection[str] | None = None
    today: date | None = None
    unchecked: set[str] = field(default_factory=set)
    patterns: dict[str, ImagePattern | str] = field(default_factory=dict)
    _ids: dict[str, set[str]] = field(default_factory=dict)
    _spent: list[int] = field(default_factory=lambda: [0])

    def error(self, location: Location, message: str) -> Problem:
        """Report a value (a key, where the location's last part is not there)."""
        return self._problem(location, message, warning=False)

    def warning(self, location: Location, message: str) -> Problem:
        """Report something a document may say, and probably does not mean."""
        return self._problem(location, message, warning=True)

    def key(self, location: Location, message: str) -> Problem:
        """Report a key."""
        node, rest = locate(self.tree, location)
        return node.key.problem(_path(node.path, rest), message)

    def at(self, location: Location) -> str:
        """Say where something was written, as ``file:line:column``; where its last part is not, where what holds it is."""
        return str(locate(self.tree, location)[0].place)

    def _problem(self, location: Location, message: str, *, warning: bool) -> Problem:
        node, rest = locate(self.tree, location)
        place = node.key if rest else node.place
        return place.problem(_path(node.path, rest), message, warning=warning)

    def ids(self, catalogue: str) -> set[str]:
        """All ids of a catalogue, those with problems of their own among them: they are not unknown."""
        if catalogue in self._ids:
            return self._ids[catalogue]
        node, rest = locate(self.tree, (catalogue,))
        written = set(node.value) if not rest and isinstance(node.value, dict) else set()
        dropped = {path.split(".")[1] for path in self.tree.dropped if path.startswith(f"{catalogue}.")}
        self._ids[catalogue] = written | dropped
        return self._ids[catalogue]

    def afford(self, comparisons: int) -> bool:
        """Whether a question that needs so many comparisons may still be asked: no document shall cost seconds."""
        self._spent[0] += comparisons
        return self._spent[0] <= MAX_COMPARISONS

    def unsure(self, what: str, trait: str) -> None:
        """Note what cannot be checked without the hub's configuration."""
        self.unchecked.add(f"{what} (c.TenantSpawner.{trait})")

    def pattern(self, text: str) -> ImagePattern | str:
        """Read an entry of a list of images, once; a sentence where it is none."""
        if text not in self.patterns:
            try:
                self.patterns[text] = ImagePattern.parse(text)
            except ValueError as why:
                self.patterns[text] = str(why)
        return self.patterns[text]


def _path(path: str, rest: Location) -> str:
    return ".".join([path, *map(str, rest)]).lstrip(".")


Check = Callable[[View], Iterator[Problem]]
