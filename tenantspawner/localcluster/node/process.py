"""A container as a local process, in a session of its own.

The process gets a clean environment, its own directory, and one pipe for both its outputs. `stop` sends SIGTERM to
its process group, and SIGKILL after the grace. When the process has ended, whatever it started ends too, as in a
container: found by the mark of `reaper`, so that nothing escapes by changing its group.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tenantspawner.localcluster.node.logs import LogFile
from tenantspawner.localcluster.node.reaper import CONTAINER_VARIABLE, end_tagged

_SIGNALLED = 128
_CHUNK = 64 * 1024
_DRAIN_SECONDS = 2


class StartError(Exception):
    """The process could not be started; the text is what a container runtime says."""


class RunningContainer(Protocol):
    """What a node knows of a container that runs."""

    async def wait(self) -> int:
        """Wait for its end; return the exit code, 128 + n after signal n."""

    async def stop(self, grace: float) -> None:
        """Ask it to end, make it end after `grace` seconds; return when it has."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to start a container: everything resolved, nothing left to look up."""

    container_id: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path


class ProcessContainer:
    """One running process. Made by `start`."""

    def __init__(self, recipe: Recipe, process: asyncio.subprocess.Process, output: int) -> None:
        self._id = recipe.container_id
        self._process = process
        self._pump = asyncio.create_task(_pump(output, LogFile(recipe.log)))
        self._end = asyncio.create_task(self._ended())

    @classmethod
    async def start(cls, recipe: Recipe) -> "ProcessContainer":
        """Start the process.

        Raises
        ------
        StartError
            There is no such command, or it may not be run.
        """
        output, inlet = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *recipe.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=inlet,
                stderr=inlet,
                cwd=recipe.directory,
                env={**recipe.environment, CONTAINER_VARIABLE: recipe.container_id},
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            os.close(output)
            raise StartError(_start_message(recipe, problem)) from None
        finally:
            os.close(inlet)
        return cls(recipe, process, output)

    async def wait(self) -> int:
        """Wait until the process and all it started have ended; return the exit code."""
        return await asyncio.shield(self._end)

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, and SIGKILL when the process is still there after `grace` seconds."""
        if grace > 0:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._end), grace)
        self._signal(signal.SIGKILL)
        await self.wait()

    async def _ended(self) -> int:
        code = await self._process.wait()
        await asyncio.to_thread(end_tagged, CONTAINER_VARIABLE, self._id)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._pump, _DRAIN_SECONDS)
        return code if code >= 0 else _SIGNALLED - code

    def _signal(self, number: int) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


async def _pump(output: int, log: LogFile) -> None:
    """Carry what the process writes into the log, until every holder of the pipe has ended."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
    )
    try:
        while data := await reader.read(_CHUNK):
            log.write(data)
    finally:
        transport.close()
        log.close()


def _start_message(recipe: Recipe, problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        why = f'exec: "{recipe.command[0]}": executable file not found in $PATH'
    elif isinstance(problem, PermissionError):
        why = f'exec: "{recipe.command[0]}": permission denied'
    else:
        why = f'exec: "{recipe.command[0]}": {type(problem).__name__}'
    return f"failed to create containerd task: failed to start container process: {why}"
