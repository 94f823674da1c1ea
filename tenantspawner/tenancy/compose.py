"""Events become a tree, on a stack of our own, and what has no place in a tenancy document is refused.

Depth, number of values, anchors, aliases, tags, further documents, duplicate keys and ambiguous scalars are seen as
they come; reading stops at the first thing too big. Nothing recurses. Time is linear in the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import yaml

from tenantspawner.tenancy.events import MAX_DEPTH, Unreadable, events
from tenantspawner.tenancy.scalars import AmbiguousScalar, Plain, quoted, read
from tenantspawner.tenancy.sources import Place, Source
from tenantspawner.tenancy.tree import Node, Tree

MAX_ENTRIES = 20_000
"""Values, empty lists and mappings among them."""
MAX_NODES = 120_000
"""Values, keys, lists and mappings."""
MAX_KEY = 300
"""Characters; Kubernetes' own longest, a label's key, has 317 at most and hardly ever 100."""
_DROPPED_DEPTH = 10
"""Deeper ones are of no model of ours."""

RAW = frozenset({"options", "override", "objects", "extraIngress", "extraEgress"})
"""Keys below which others' words stand (KubeSpawner's, Kubernetes'), where null means something."""


def compose(source: Source) -> Tree:
    """Read one document. Never raises."""
    tree = Tree(source)
    builder = _Builder(tree)
    try:
        for event in events(source):
            if isinstance(event, yaml.DocumentStartEvent) and builder.ended:
                raise Unreadable(
                    builder.place(event), "several documents in one; put each into a key or a ConfigMap of its own"
                )
            builder.take(event)
    except Unreadable as stop:
        tree.root = None
        tree.problems.append(stop.problem)
        return tree
    if not builder.ended:
        tree.problems.append(tree.start.problem("", "the document is empty; it needs at least version and tenants"))
    return tree


def compose_all(source: Source, max_bytes: int) -> list[Tree]:
    """Read every document of a file of manifests; the last tree has no root where the text is broken. Never raises."""
    trees: list[Tree] = []
    builder = _Builder(Tree(source))
    try:
        for event in events(source, max_bytes):
            if isinstance(event, yaml.DocumentStartEvent):
                trees.append(Tree(source))
                builder = _Builder(trees[-1])
            builder.take(event)
    except Unreadable as stop:
        trees.append(Tree(source, None, [stop.problem]))
    return trees


class _Key(NamedTuple):
    text: str
    place: Place
    believed: bool = True


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is open, with the key or index of the value that comes next."""

    node: Node
    key: _Key | None = None
    index: int = 0

    @property
    def part(self) -> str | int:
        if isinstance(self.node.value, list):
            return self.index
        return self.key.text if self.key else ""

    @property
    def path(self) -> str:
        inside = Node(None, self.node.place, self.node.place, self.node, self.part)
        return inside.path if self.part != "" else self.node.path


class _Builder:
    """Makes a tree of events."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.open: list[_Frame] = []
        self.skipping = 0  # depth within a value that is left out
        self.ended = False
        self.entries = 0
        self.nodes = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentEndEvent):
            self.ended = True
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close()
        elif isinstance(event, yaml.NodeEvent):
            self.nodes += 1
            if self.nodes > MAX_NODES:
                raise Unreadable(self.place(event), f"the document has more than {MAX_NODES} parts; split it")
            if isinstance(event, yaml.CollectionStartEvent) and len(self.open) + self.skipping >= MAX_DEPTH:
                raise Unreadable(self.place(event), f"is nested deeper than {MAX_DEPTH}")
            if self.skipping:
                self.skipping += isinstance(event, yaml.CollectionStartEvent)
            else:
                self.node(event)

    def close(self) -> None:
        if self.skipping:
            self.skipping -= 1
            return
        node = self.open.pop().node
        if not node.value:
            self.count(node.place)

    def node(self, event: yaml.NodeEvent) -> None:
        for message in _forbidden(event):
            self.report(event, message)
        frame = self.open[-1] if self.open else None
        if frame is not None and isinstance(frame.node.value, dict) and frame.key is None:
            frame.key = self.key(event)
        elif isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.collection(event)
        else:
            self.drop()

    def key(self, event: yaml.NodeEvent) -> _Key:
        place = self.place(event)
        if not isinstance(event, yaml.ScalarEvent):
            self.skipping = int(isinstance(event, yaml.CollectionStartEvent))
            if isinstance(event, yaml.CollectionStartEvent):
                self.report(event, "a key must be text")
            return _Key("", place, believed=False)
        if not event.style and not isinstance(_or_nothing(event.value), str):
            self.report(event, f"a key must be text; quote this key: {quoted(event.value)}")
        elif not event.style and event.value == "<<":
            self.report(event, "a merge key (<<) is not read here; write the values out")
            return _Key("<<", place, believed=False)
        if len(event.value) > MAX_KEY:
            self.report(event, f"a key of {len(event.value)} characters is too long; at most {MAX_KEY}")
            return _Key("", place, believed=False)
        return _Key(event.value, place)

    def collection(self, event: yaml.CollectionStartEvent) -> None:
        node = self.add(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        if node is None:
            self.skipping = 1
        else:
            self.open.append(_Frame(node))

    def scalar(self, event: yaml.ScalarEvent) -> None:
        self.count(self.place(event))
        value: Plain = event.value
        try:
            if not event.style:
                value = read(event.value)
            self.fit(value, event.value)
        except AmbiguousScalar as why:
            self.report(event, str(why))
            self.drop()
        else:
            self.add(event, value)

    def fit(self, value: Plain, text: str) -> None:
        """Refuse an empty value and a date where they mean nothing."""
        if value is None and self.open and not any(frame.node.part in RAW for frame in self.open):
            raise AmbiguousScalar('is empty; write [], {} or "" for nothing, or leave the key out')
        if isinstance(value, date) and not (self.open and self.open[-1].part == "until"):
            raise AmbiguousScalar(f"is a date to some readers of YAML; quote this value: {quoted(text)}")

    def add(self, event: yaml.Event, value: dict[str, Node] | list[Node] | Plain) -> Node | None:
        """Put a value where it belongs; None when it has no place of its own."""
        place = self.place(event)
        if not self.open:
            self.tree.root = node = Node(value, place, place)
            return node
        frame = self.open[-1]
        parent, key, index = frame.node.value, frame.key, frame.index
        frame.key, frame.index = None, index + 1
        if isinstance(parent, list):
            parent.append(node := Node(value, place, place, frame.node, index))
            return node
        assert isinstance(parent, dict)
        assert key is not None
        if not key.believed:
            return None
        if key.text in parent:
            first = parent[key.text].key.problem("", "").line
            message = f"the key {quoted(key.text)} was given before, in line {first}"
            self.tree.problems.append(key.place.problem(parent[key.text].path, message))
            return None
        parent[key.text] = node = Node(value, place, key.place, frame.node, key.text)
        return node

    def drop(self) -> None:
        """Leave the value out that stands here."""
        if len(self.open) <= _DROPPED_DEPTH:
            self.tree.dropped.add(self.path)
        if self.open:
            self.open[-1].key = None
            self.open[-1].index += 1

    @property
    def path(self) -> str:
        return self.open[-1].path if self.open else ""

    def place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        assert mark is not None
        return Place(self.tree.source, mark.line + 1, mark.column + 1)

    def report(self, event: yaml.Event, message: str) -> None:
        self.tree.problems.append(self.place(event).problem(self.path, message))

    def count(self, place: Place) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            message = f"the document has more than {MAX_ENTRIES} entries; split it over several ConfigMaps"
            raise Unreadable(place, message)


def _forbidden(event: yaml.NodeEvent) -> Iterator[str]:
    """What YAML can do and a tenancy document must not."""
    if isinstance(event, yaml.AliasEvent):
        yield "an alias (*) is not read here; write the value out, or quote it if text is meant"
    elif event.anchor is not None:
        yield "an anchor (&) is not read here; remove it, or quote the value if text is meant"
    if getattr(event, "tag", None) is not None:
        yield "a tag (!) is not read here; remove it, and quote the value if text is meant"


def _or_nothing(text: str) -> Plain:
    """Read an unquoted key; what would have to be quoted is no text."""
    try:
        return read(text)
    except AmbiguousScalar:
        return None
