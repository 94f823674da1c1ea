"""A document as a tree of values that know their places.

Every `Node` knows where its value stands, where its key stands, and its path as the admin would say it, so that a
problem found at any later stage can name the line. `Tree.dropped` has the paths of values that could not be
believed: they were reported when they were read, and nobody complains a second time that they are missing.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tenantspawner.errors import Problem
from tenantspawner.tenancy.sources import Place, Source

if TYPE_CHECKING:
    from tenantspawner.tenancy.scalars import Plain


@dataclass(slots=True, eq=False)
class Node:
    """One value: where it stands, where its key stands, and what it is a part of. Children are nodes."""

    value: "dict[str, Node] | list[Node] | Plain"
    place: Place
    key: Place
    parent: "Node | None" = None
    part: str | int = ""

    @property
    def path(self) -> str:
        """The path as the admin would say it; made when it is asked for, since all of them together may be large."""
        parts: list[str] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            parts.append(f"[{node.part}]" if isinstance(node.part, int) else f".{node.part}")
            node = node.parent
        return "".join(reversed(parts)).removeprefix(".")

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, part: str | int) -> "Node | None":
        """The child at a key or an index, if there is one."""
        if isinstance(self.value, dict) and isinstance(part, str):
            return self.value.get(part)
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            return self.value[part]
        return None


@dataclass(slots=True)
class Tree:
    """One document. `root` is None when nothing could be read."""

    source: Source
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)

    @property
    def start(self) -> Place:
        """The first character."""
        return Place(self.source, 1, 1)
