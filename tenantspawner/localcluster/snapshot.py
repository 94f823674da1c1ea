"""A cluster's state in a file, so that it can be stopped and continued.

Written when something has changed, every few seconds and on close, to a file beside it that then takes
its place: a crash leaves the old one or the new one, never half. It holds Secrets and the key that
signs the tokens of service accounts, so only its owner may read it.
"""

import asyncio
import contextlib
import os
from pathlib import Path

import msgspec

from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.store import Store

FORMAT = 1


class Snapshots:
    """Keeps one file in step with one store."""

    def __init__(self, store: Store, file: Path, key: bytes, every: float = 3.0) -> None:
        self._store = store
        self._file = file
        self.key = key
        self._every = every
        self._written = -1
        self._task: asyncio.Task[None] | None = None

    def load(self) -> bool:
        """Fill the store from the file; False when there is none.

        Raises
        ------
        ValueError
            The file is not a snapshot, with a sentence that says what to do.
        """
        if not self._file.exists():
            return False
        try:
            content = msgspec.json.decode(self._file.read_bytes())
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']}")
            self.key = bytes.fromhex(content["key"])
            self._store.restore(content["resourceVersion"], [(kind_of(obj), obj) for obj in content["items"]])
        except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
            raise ValueError(
                f"{self._file} is not a snapshot of an embedded cluster ({error}); remove it to start anew"
            ) from None
        self._written = self._store.resource_version
        return True

    def write(self) -> None:
        """Write the file if anything has changed."""
        version = self._store.resource_version
        if version == self._written:
            return
        items = [obj for kind in self._store.kinds() for obj in self._store.list(kind)]
        content = msgspec.json.encode(
            {"format": FORMAT, "key": self.key.hex(), "resourceVersion": version, "items": items}
        )
        beside = self._file.with_name(f".{self._file.name}.new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123  # a mode
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)
        self._written = version

    async def start(self) -> None:
        """Begin to write every few seconds."""
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.write()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            self.write()
