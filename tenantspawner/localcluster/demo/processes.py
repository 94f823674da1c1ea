"""Processes that end when they are told to: each in a group of its own, with everything it has started.

SIGTERM, a moment, SIGKILL, for the whole tree. A `Mourner` outlives us by a moment: should we die without a word, it
ends whatever carries its mark.
"""

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tenantspawner.localcluster.node import reaper

GRACE = 8.0  # seconds


class Process:
    """One child with a log file."""

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._env = dict(env)
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, also after its end."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start it; its output is added to the log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command line
                self._command,
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it at once, as a crash would, and nothing else."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self, grace: float = GRACE) -> None:
        """End it and everything it has started."""
        if self._child is None:
            return
        tree = _tree(self._child.pid)
        if self.alive:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
        end(tree)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


class Mourner:
    """A small process that waits for our end, in whatever way, and then ends every process with `mark`."""

    def __init__(self) -> None:
        self.mark = {reaper.NODE_VARIABLE: uuid.uuid4().hex}
        self._child = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-I", str(reaper.__file__), *self.mark.values()],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def close(self) -> None:
        """Tell it that this is the end."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait()


def end(processes: Sequence[psutil.Process]) -> None:
    """Kill whatever of these still runs."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=GRACE)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def environment(**more: str) -> dict[str, str]:
    """A small environment: this Python's programs first, and nothing of the caller's that could change what runs."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE") if name in os.environ}
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**kept, "PATH": programs, "PYTHONUNBUFFERED": "1", **more}
