"""A hub that is a process of its own: its people start and stop servers of random sizes, until its input ends.

`python -m tests.support.clickers KUBECONFIG HOME SERVER SEED` is the product's runtime with its verbs, without JupyterHub. Each
person has a server called SERVER beside those of other hubs. The budget is swept far too often and too soon, so that whoever is
paused is taken for dead. Each outcome is a line on standard output; before it ends, all servers of this hub are stopped.

The process has a group of its own. When the tests are killed while it is stopped, the kernel sends that group SIGHUP and SIGCONT.
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tenantspawner.errors import BudgetExhausted, TenantSpawnerError
from tests.support.budgets import click
from tests.support.hubs import ROOT
from tests.support.lifehubs import LifeHub, a_hub, envelope

PEOPLE = tuple(f"p{number:02}" for number in range(8))
SIZES = (1, 2, 4)
GAP = 1.0  # seconds; in production more than a start may take
ENDS_WITHIN = 60.0  # seconds; a start that was swept away asks for its pod for some


class Clicker:
    """The process, from outside."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, said: Path) -> None:
        self.name = name
        self._process = process
        self._said = said

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def outcomes(self) -> list[str]:
        """What became of each click so far: the name of an error, or `started`."""
        return self._said.read_text().split()

    async def end(self) -> None:
        """Let it stop its servers, and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = await asyncio.wait_for(self._process.wait(), ENDS_WITHIN)
        assert code == 0, self.log()

    def log(self) -> str:
        return self._said.with_suffix(".log").read_text()[-4000:]


@asynccontextmanager
async def a_clicker(kubeconfig: Path, home: str, name: str, *, seed: int, folder: Path) -> AsyncIterator[Clicker]:
    """Start one; it is killed when it has not ended by itself."""
    command = (sys.executable, "-m", "tests.support.clickers", str(kubeconfig), home, name, str(seed))
    said = folder / f"{name}.out"
    with said.open("w") as out, said.with_suffix(".log").open("w") as log:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=out, stderr=log, cwd=ROOT, process_group=0
        )
    try:
        yield Clicker(name, process, said)
    finally:
        if process.returncode is None:
            process.kill()  # a stopped one too
            await process.wait()


# -- the process ---------------------------------------------------------------------------------------------------


async def _live(hub: LifeHub, person: str, dice: random.Random, ending: asyncio.Event) -> None:
    while not ending.is_set():
        await asyncio.sleep(dice.random() / 2)
        try:
            await click(hub, person, dice.choice(SIZES))
        except TenantSpawnerError as failure:
            print(type(failure).__name__, flush=True)
            if isinstance(failure, BudgetExhausted):
                continue
        else:
            print("started", flush=True)
            await asyncio.sleep(dice.random() / 2)
        if person in hub.servers:
            await hub.stop(person)


async def _sweep(hub: LifeHub, ending: asyncio.Event) -> None:
    assert hub.run.treasury is not None
    while not ending.is_set():
        await hub.run.treasury.sweep(GAP)
        await asyncio.sleep(GAP)


async def main(kubeconfig: str, home: str, server: str, seed: str) -> None:
    """Live until the input ends."""
    ending, dice = asyncio.Event(), random.Random(int(seed))
    await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilEnd(ending), sys.stdin)
    async with a_hub(Path(kubeconfig), envelope(home), role="") as hub:
        hub.server = server
        lives = [_live(hub, person, random.Random(dice.random()), ending) for person in PEOPLE]
        await asyncio.gather(_sweep(hub, ending), *lives)


class _UntilEnd(asyncio.Protocol):
    """Sets an event when there is no more input."""

    def __init__(self, ending: asyncio.Event) -> None:
        self._ending = ending

    def connection_lost(self, _: Exception | None) -> None:
        self._ending.set()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
