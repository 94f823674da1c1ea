"""Ends what a node started, whatever became of the node.

Each process of a container carries the node's id and its container's id in its environment, and so do the
processes it starts, also those that leave its group or session (a notebook's kernels do). `end_tagged` ends all
processes with such a mark. Run as a program, this file waits until its standard input is closed, which happens
when the node ends in any way, SIGKILL included, and then ends everything of that node. It needs nothing but psutil,
so it is small, and works on Linux and macOS.
"""

import os
import sys
import time

import psutil

NODE_VARIABLE = "TENANTSPAWNER_NODE_ID"
CONTAINER_VARIABLE = "TENANTSPAWNER_CONTAINER_ID"
_ROUNDS = 50


def tagged(variable: str, value: str) -> list[psutil.Process]:
    """Return every live process whose environment has the mark, except this one."""
    return [
        process for process in psutil.process_iter() if process.pid != os.getpid() and _has(process, variable, value)
    ]


def end_tagged(variable: str, value: str) -> int:
    """Kill every process with the mark until none is left; return how many there were."""
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        processes = tagged(variable, value)
        if not processes:
            break
        for process in processes:
            ended.add(process.pid)
            _kill(process)
        time.sleep(0.02)
    return len(ended)


def _has(process: psutil.Process, variable: str, value: str) -> bool:
    try:
        return process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return


def main() -> None:
    """Wait for the end of the node named by the first argument, then end what it left."""
    node = sys.argv[1]
    while os.read(sys.stdin.fileno(), 4096):
        pass
    end_tagged(NODE_VARIABLE, node)


if __name__ == "__main__":
    main()
