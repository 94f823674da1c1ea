"""What the containers of one pod share: its manifest, directories, address, and the wish to end."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class StoppedError(Exception):
    """The pod is to end; whoever waits for something stops waiting."""


@dataclass(slots=True)
class Sandbox:
    """One pod on this node. `changed` is called whenever something a status shows has changed."""

    pod: Mapping[str, Any]
    directory: Path
    changed: Callable[[], None]
    address: str = ""
    volumes: dict[str, Path] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return str(self.pod["metadata"]["uid"])

    def check(self) -> None:
        """Raise `StoppedError` when the pod is to end."""
        if self.stopping.is_set():
            raise StoppedError

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the pod is to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        self.check()


@dataclass(frozen=True, slots=True)
class Mounts:
    """Where a container's paths lie on this machine.

    Processes are not in a chroot: a path in a container is not a path of the process. So the node sets what it
    knows to be a path (home, working directory, root directory of the notebook server) to the directory of the
    volume mounted there. Paths inside arguments and files stay as they are.
    """

    root: Path
    mounted: Mapping[str, Path]

    def locate(self, path: str) -> Path:
        """Return the directory of the deepest mount above a path, and the rest of the path in it."""
        clean = "/" + path.strip("/")
        for mount in sorted(self.mounted, key=len, reverse=True):
            point = "/" + mount.strip("/")
            if clean == point or clean.startswith(point.rstrip("/") + "/"):
                return self.mounted[mount] / clean[len(point) :].lstrip("/")
        return self.root / clean.lstrip("/")
