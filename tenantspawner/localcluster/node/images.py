"""Images without a registry: which exist, how long a pull takes, and what a container of one runs.

There is nothing to pull. An image "exists" unless one of the patterns of `missing` matches it; pulling it the
first time takes `pull_seconds`, afterwards it is present. A rule says how containers of an image run: as a
process of this machine (with a command of the image's own, for containers that name none), or as a light server
inside the node, which costs no process and is there at once.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from tenantspawner.kube.images import ImageReference


class Runs(Enum):
    """How a container of an image runs."""

    PROCESS = "process"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What holds for images that match `pattern` (as in a shell). `command` is the image's own."""

    pattern: str
    runs: Runs = Runs.PROCESS
    command: tuple[str, ...] = ("jupyterhub-singleuser",)


DEFAULT_RULES = (ImageRule("localhost/light*", Runs.LIGHT, ("light",)), ImageRule("*"))


class PullError(Exception):
    """The image cannot be had. `reason` is the waiting reason a kubelet shows."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def normalised(image: str) -> str:
    """Return the image with its tag.

    Raises
    ------
    PullError
        With reason ``InvalidImageName`` when this is no image reference.
    """
    try:
        reference = ImageReference.parse(image)
    except ValueError as problem:
        raise PullError("InvalidImageName", f'Failed to apply default image tag "{image}": {problem}') from None
    return image if reference.tag or reference.digest else f"{image}:latest"


def pull_policy(container_policy: str | None, image: str) -> str:
    """Return the policy that holds: the one written, else ``Always`` for ``latest`` and ``IfNotPresent``."""
    if container_policy:
        return container_policy
    return "Always" if image.endswith(":latest") else "IfNotPresent"


@dataclass(slots=True)
class Images:
    """The images of one node."""

    pull_seconds: float = 0.3
    missing: tuple[str, ...] = ()
    rules: tuple[ImageRule, ...] = DEFAULT_RULES
    _present: set[str] = field(default_factory=set)
    _pulling: dict[str, asyncio.Lock] = field(default_factory=dict)

    def rule(self, image: str) -> ImageRule:
        """Return the first rule that matches."""
        return next((rule for rule in self.rules if fnmatchcase(image, rule.pattern)), ImageRule("*"))

    def present(self, image: str) -> bool:
        """Say whether the image was pulled before."""
        return image in self._present

    def digest(self, image: str) -> str:
        """Return an ``imageID`` that is always the same for one image."""
        return (
            f"{image.split('@', maxsplit=1)[0].rsplit(':', 1)[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        )

    async def pull(self, image: str) -> None:
        """Take the time a pull takes; pulls of one image wait for each other.

        Raises
        ------
        PullError
            With reason ``ErrImagePull`` when the image does not exist.
        """
        async with self._pulling.setdefault(image, asyncio.Lock()):
            if image in self._present:
                return
            await asyncio.sleep(self.pull_seconds)
            if any(fnmatchcase(image, pattern) for pattern in self.missing):
                raise PullError("ErrImagePull", f'failed to pull and unpack image "{image}": {image}: not found')
            self._present.add(image)
