"""A list of images as somebody wrote it: catalogue ids, exact references, patterns; read once, asked often.

A person's images are what every list over them allows: the tenant's, the rules', the profile's. Each answers
`allows` on the parsed reference, and `entry` names the entry behind the answer. An entry that cannot be read
allows nothing; ``tenantspawner check`` reports it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenantspawner.kube.images import ImagePattern, ImageReference
from tenantspawner.tenancy.models import Image

Key = tuple[str, str, str | None, str | None]


def same(reference: ImageReference) -> Key:
    """What two references that pull the same image have in common: ``x`` and ``x:latest`` are one."""
    return (reference.registry, reference.repository, reference.effective_tag, reference.digest)


@dataclass(frozen=True, slots=True)
class Listed:
    """One image that is listed by itself; `id` is the catalogue's, or the reference as written."""

    id: str
    reference: ImageReference
    path: str
    entry: Image | None = None


@dataclass(frozen=True, slots=True)
class ImageList:
    """What one list allows. `listed` in the order written."""

    listed: tuple[Listed, ...]
    patterns: tuple[tuple[str, ImagePattern], ...]  # path of the entry, pattern
    _by_image: Mapping[Key, str] = field(repr=False, compare=False)

    @classmethod
    def read(cls, entries: Iterable[tuple[str, str]], catalogue: Mapping[str, Image]) -> "ImageList":
        """Read entries, each with its path in the document."""
        listed: list[Listed] = []
        patterns: list[tuple[str, ImagePattern]] = []
        for path, entry in entries:
            image = catalogue.get(entry)
            try:
                if image is None and "*" in entry:
                    patterns.append((path, ImagePattern.parse(entry)))
                else:
                    reference = ImageReference.parse(image.image if image else entry)
                    listed.append(Listed(entry, reference, path, image))
            except ValueError:
                continue
        by_image: dict[Key, str] = {}
        for item in listed:
            by_image.setdefault(same(item.reference), item.path)
        return cls(tuple(listed), tuple(patterns), by_image)

    def entry(self, reference: ImageReference) -> str | None:
        """The path of the entry that allows an image, None when none does."""
        exact = self._by_image.get(same(reference))
        return exact or next((path for path, pattern in self.patterns if pattern.matches(reference)), None)

    def allows(self, reference: ImageReference) -> bool:
        """Whether any entry allows an image."""
        return self.entry(reference) is not None
