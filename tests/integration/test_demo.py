"""The demo as people run it, in a process of its own: the tour, its end by signals, ports, and what is kept on demand.

Whenever it ends, in whatever way, no process, no folder and no open port of it is left.
"""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tenantspawner.localcluster.demo.browser import Browser, Form
from tenantspawner.localcluster.demo.people import PASSWORD
from tenantspawner.localcluster.demo.tour import STEPS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

READY = "Ctrl-C ends it all."


class Demo:
    """One run of ``tenantspawner demo``, with a temporary directory of its own."""

    def __init__(self, temporary: Path, *arguments: str) -> None:
        temporary.mkdir(exist_ok=True)
        self.temporary = temporary
        self.said = temporary.parent / f"{temporary.name}.log"
        self._log = self.said.open("wb")
        command = [sys.executable, "-m", "tenantspawner", "demo", *arguments]
        env = {**os.environ, "TMPDIR": str(temporary)}
        self.process = subprocess.Popen(
            command, stdout=self._log, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        self.seen: set[psutil.Process] = set()

    @property
    def output(self) -> str:
        return self.said.read_text()

    @property
    def url(self) -> str:
        return re.search(r"http://127\.0\.0\.1:\d+", self.output).group()

    def until(self, words: str, within: float = 90) -> None:
        limit = time.monotonic() + within
        while words not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < limit, self.output
            self.look()
            time.sleep(0.05)

    def look(self) -> None:
        self.seen |= set(psutil.Process(self.process.pid).children(recursive=True))

    def end(self, number: int, within: float = 30) -> int:
        self.look()
        self.process.send_signal(number)
        return self.process.wait(within)

    def left(self) -> list[str]:
        """Processes, folders and ports that outlived it."""
        alive = [one for one in self.seen if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        return [*map(str, alive), *_inhabitants(self.temporary), *(str(path) for path in self.temporary.iterdir())]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()


def _inhabitants(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.environ().get("TMPDIR", "/")).is_relative_to(folder)
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(str(process))
        except psutil.Error:
            continue
    return found


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.fixture
def demo(tmp_path):
    started = []

    def run(*arguments: str) -> Demo:
        started.append(Demo(tmp_path / f"tmp{len(started)}", *arguments))
        return started[-1]

    yield run
    for one in started:
        one.close()


@contextmanager
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def start_server(url: str, name: str, server: str) -> None:
    async with Browser(url) as browser:
        await browser.login(name, PASSWORD)
        _, page = await browser.page(f"/hub/spawn/{name}")
        form = Form(page)
        await browser.submit(f"/hub/spawn/{name}", form, {**form.fields, "server": server})
        async for event in browser.progress():
            assert not event.get("failed"), event
            if event.get("ready"):
                return


def test_the_tour_shows_every_step_and_ends_well(demo):
    run = demo("--once")
    code = run.process.wait(180)
    assert code == 0, run.output
    assert re.findall(r"^ *(\d+)\. ", run.output, re.MULTILINE) == [str(number + 1) for number in range(len(STEPS))]
    assert run.left() == []


@pytest.mark.parametrize(
    ("number", "after"),
    [
        *((signal.SIGINT, after) for after in (0.9, 1.5, 2.5, 3.5)),
        *((signal.SIGTERM, after) for after in (1.5, 3.0)),
        (signal.SIGHUP, 2.0),
    ],
)
def test_a_signal_during_the_start_leaves_nothing(demo, number, after):
    run = demo("--port", "0")
    limit = time.monotonic() + after
    while time.monotonic() < limit:
        run.look()
        time.sleep(0.02)
    run.end(number)
    assert run.left() == []
    assert "Traceback" not in run.output, run.output


def test_ctrl_c_ends_running_servers_too(demo):
    run = demo("--port", "0")
    run.until(READY)
    asyncio.run(start_server(run.url, "alice", "physics/small"))
    run.look()
    assert any("singleuser" in words for words in map(_command, run.seen))
    assert run.end(signal.SIGINT) == 0
    assert run.left() == []
    assert "Ended: hub, proxy, servers and cluster are gone." in run.output
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", int(run.url.rpartition(":")[2]))) != 0


def test_a_second_ctrl_c_does_not_interrupt_the_clearing_up(demo):
    run = demo("--port", "0")
    run.until(READY)
    run.look()
    for _ in range(3):
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert run.process.wait(30) == 0
    assert run.left() == []


def test_killed_without_a_word_it_leaves_no_process(demo):
    run = demo("--port", "0")
    run.until(READY)
    run.end(signal.SIGKILL)
    limit = time.monotonic() + 10
    while _inhabitants(run.temporary) or [one for one in run.seen if one.is_running()]:
        assert time.monotonic() < limit, run.left()
        time.sleep(0.1)


@pytest.mark.parametrize("option", ["--port", "--cluster-port"])
def test_a_port_in_use_is_a_sentence(demo, option):
    with taken() as port:
        run = demo("--port", "0", option, str(port)) if option != "--port" else demo(option, str(port))
        assert run.process.wait(30) == 1
    assert run.output == (
        f"Port {port} is in use by another program. Choose another one with {option}, or 0 for any that is free.\n"
    )
    assert run.left() == []


def test_with_a_folder_it_goes_on_where_it_was_stopped(demo, tmp_path):
    data = tmp_path / "kept"
    first = demo("--port", "0", "--data", str(data))
    first.until(READY)
    asyncio.run(start_server(first.url, "alice", "physics/small"))
    assert first.end(signal.SIGINT) == 0
    assert first.left() == []

    second = demo("--port", "0", "--data", str(data))
    second.until(READY)

    async def look() -> int:
        async with Browser(second.url) as browser:
            await browser.login("alice", PASSWORD)
            async with asyncio.timeout(60):
                while (found := await browser.server("GET", "api/status"))[0] != 200:
                    await asyncio.sleep(0.2)
            return found[1]["kernels"]

    # Her server is started again in the same pod, as on a machine that was switched off and on.
    assert asyncio.run(look()) == 0
    kept = json.loads((data / "cluster.json").read_text())["items"]
    assert "claim-alice" in {item["metadata"]["name"] for item in kept if item["kind"] == "PersistentVolumeClaim"}
    assert second.end(signal.SIGTERM) == 0
    assert second.left() == []
