"""Reads a rendered form as a browser's parser would: elements with attributes, and what each control is called."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "link", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def all(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.all()

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def get(self, name, default=None):
        return self.attributes.get(name, default)


class Page(HTMLParser):
    """A tree; unbalanced tags are errors."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.open = [self.root]
        self.feed(html)
        self.close()
        assert self.open == [self.root], self.open[-1].tag

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), attrs
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def all(self, *tags, **attributes):
        return [
            one
            for one in self.root.all()
            if (not tags or one.tag in tags)
            and all(one.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def one(self, *tags, **attributes):
        (found,) = self.all(*tags, **attributes)
        return found

    def by_id(self, identifier):
        (found,) = [one for one in self.root.all() if one.get("id") == identifier]
        return found

    def controls(self):
        return [one for one in self.all("input", "select", "textarea", "button") if one.get("type") != "hidden"]

    def label(self, control):
        (found,) = [one for one in self.all("label") if one.get("for") == control.get("id")]
        return " ".join(found.text.split())

    def posted(self):
        """What a browser sends without anybody touching anything."""
        sent = {}
        for control in self.all("input"):
            kind = control.get("type")
            if "disabled" in control.attributes or (kind == "radio" and "checked" not in control.attributes):
                continue
            sent.setdefault(control.get("name"), []).append(control.get("value", ""))
        for select in self.all("select"):
            options = [one for one in select.all() if one.tag == "option"]
            chosen = [one for one in options if "selected" in one.attributes] or options[:1]
            if "disabled" not in chosen[0].attributes:
                sent[select.get("name")] = [chosen[0].get("value")]
        return sent
