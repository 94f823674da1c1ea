"""The child processes of a control plane, and the promise that none of them outlives Python.

All children are in one process group whose leader is a `cat` that waits for the end of its input. A guard, a shell
of ten lines, waits for the same thing: when Python ends in whatever way, SIGKILL included, the kernel closes the pipe,
and the guard kills the group and removes the directory. PR_SET_PDEATHSIG would be less: it is Linux only, leaves the
directory, and fires when the *thread* that started the child ends, such as one of `asyncio.to_thread`.

Children are killed, never asked: the data is thrown away, and a paused process would not hear SIGTERM. A group of
their own also keeps the terminal's Ctrl-C from them, so that the order of the end is ours.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

_GUARD = """
trap '' HUP INT TERM
cat
kill -s KILL -- "-$1"
rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }
"""


class Processes:
    """Children by name, each with a log in ``directory/logs``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / "logs").mkdir()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._paused: set[str] = set()
        self._leader = _open_waiting(["cat"])
        self._guard = _open_waiting(["sh", "-c", _GUARD, "controlplane-guard", str(self._leader.pid), str(directory)])

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; its output is appended to its log."""
        with self.log_path(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                process_group=self._leader.pid,
            )

    def kill(self, name: str) -> None:
        """SIGKILL a child and wait for its end."""
        process = self._running.pop(name)
        self._paused.discard(name)
        process.kill()
        process.wait()

    def pause(self, name: str) -> None:
        """SIGSTOP a child: its connections stay open and nothing answers."""
        os.kill(self.pid(name), signal.SIGSTOP)
        self._paused.add(name)

    def resume(self, name: str) -> None:
        """SIGCONT a child."""
        os.kill(self.pid(name), signal.SIGCONT)
        self._paused.discard(name)

    def pid(self, name: str) -> int:
        """Return a child's process id."""
        return self._running[name].pid

    def pids(self) -> list[int]:
        """Return the ids of all our processes, the leader and the guard included."""
        return [process.pid for process in (*self._running.values(), self._leader, self._guard)]

    def answers(self, name: str) -> bool:
        """Tell whether a child runs and is not paused."""
        return name in self._running and name not in self._paused and self._running[name].poll() is None

    def find_dead(self) -> str | None:
        """Return the name of a child that ended by itself, which none of them ever should."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def log_path(self, name: str) -> Path:
        """Return where a child's output goes."""
        return self._directory / "logs" / f"{name}.log"

    def stop(self) -> None:
        """Kill everything, wait for its end, remove the directory."""
        os.killpg(self._leader.pid, signal.SIGKILL)
        for name in list(self._running):
            self.kill(name)
        shutil.rmtree(self._directory, ignore_errors=True)
        # The leader is reaped last: until then its id cannot be given to a stranger, whose group the guard would kill.
        for process in (self._guard, self._leader):
            assert process.stdin
            process.stdin.close()
            process.wait()


def _open_waiting(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
