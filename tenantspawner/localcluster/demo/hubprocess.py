"""A real JupyterHub and a real proxy, as processes of their own: the hub can be killed and started again.

The proxy is `configurable-http-proxy` of PyPI, pure Python. It runs beside the hub, so that running servers stay
reachable while the hub is away. Its token and the hub's secrets are random and never leave the hub's directory.
"""

import asyncio
import errno
import json
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tenantspawner.localcluster.demo.processes import Process, environment

READY_WITHIN = 60.0  # seconds
QUIET = range(20_000, 32_768)
"""Ports below those that systems give to outgoing connections: from 32768 on Linux, from 49152 elsewhere (RFC 6335)."""

BASE_CONFIG = """
c = get_config()
c.JupyterHub.spawner_class = "tenantspawner"
c.JupyterHub.bind_url = {public!r}
c.JupyterHub.hub_bind_url = {hub!r}
c.JupyterHub.hub_connect_url = {hub!r}
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = {proxy_api!r}
c.ConfigurableHTTPProxy.check_running_interval = 5
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo listens on 127.0.0.1."""

    public: int
    hub: int
    proxy_api: int


class PortInUseError(Exception):
    """A port that was asked for cannot be had."""


def free_ports(public: int = 0, kept: Path | None = None) -> Ports:
    """Find three free ports; PortInUseError when the public one was asked for and is taken.

    `kept` is a file that remembers them, since servers that run on know the hub by its port.
    """
    last = json.loads(kept.read_text()) if kept and kept.exists() else {}
    with ExitStack() as stack:
        sockets = [stack.enter_context(_bound(public) if public else _quiet())]
        sockets += [stack.enter_context(_wished(last.get(name, 0))) for name in ("hub", "proxy_api")]
        ports = Ports(*(listener.getsockname()[1] for listener in sockets))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(ports)))
    return ports


def require_free(port: int, option: str) -> None:
    """Raise PortInUseError when a port that was asked for is taken; 0 never is."""
    _bound(port, option).close()


def _wished(port: int) -> socket.socket:
    try:
        return _bound(port) if port else _quiet()
    except PortInUseError:
        return _quiet()


def _quiet() -> socket.socket:
    """Bind a port that no outgoing connection is given before its server takes it, or while that is away."""
    for _ in range(100):
        with suppress(PortInUseError):
            return _bound(QUIET[secrets.randbelow(len(QUIET))])
    return _bound(0)


def _bound(port: int, option: str = "--port") -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EACCES:
            raise PortInUseError(
                f"Port {port} needs more rights than yours. Choose one above 1023 with {option}."
            ) from None
        raise PortInUseError(
            f"Port {port} is in use by another program. Choose another one with {option}, or 0 for any that is free."
        ) from None
    return listener


@dataclass
class Hub:
    """A hub with its proxy in one directory. `config` is added to the base configuration; `env` to the hub's environment."""

    directory: Path
    ports: Ports
    config: str
    env: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable

    def __post_init__(self) -> None:
        token = secrets.token_hex(32)
        shared = environment(CONFIGPROXY_AUTH_TOKEN=token, **self.env)
        shared["PATH"] = f"{Path(self.python).parent}:{shared['PATH']}"
        (self.directory / "jupyterhub_config.py").write_text(self._base() + self.config)
        proxy = [
            str(Path(self.python).with_name("configurable-http-proxy")),
            "--ip", "127.0.0.1", "--port", str(self.ports.public),
            "--api-ip", "127.0.0.1", "--api-port", str(self.ports.proxy_api),
            "--error-target", f"{self.hub_url}/hub/error", "--default-target", self.hub_url,
        ]  # fmt: skip
        self.proxy = Process("proxy", proxy, env=shared, cwd=self.directory, log=self.directory / "proxy.log")
        hub = [self.python, "-m", "jupyterhub", "-f", "jupyterhub_config.py"]
        self.hub = Process("hub", hub, env=shared, cwd=self.directory, log=self.directory / "hub.log")

    @property
    def url(self) -> str:
        """Where people go, without a slash at the end."""
        return f"http://127.0.0.1:{self.ports.public}"

    @property
    def hub_url(self) -> str:
        """Where the hub itself listens."""
        return f"http://127.0.0.1:{self.ports.hub}"

    async def start(self) -> None:
        """Start proxy and hub, and wait until the hub answers through the proxy."""
        self.proxy.start()
        await self.start_hub()

    async def start_hub(self) -> None:
        """Start the hub alone, and wait until it answers.

        Raises
        ------
        RuntimeError
            It ended, or does not answer in time; with the end of its log.
        """
        self.hub.start()
        limit = asyncio.get_running_loop().time() + READY_WITHIN
        async with aiohttp.ClientSession() as session:
            while not await _answers(session, f"{self.url}/hub/api/"):
                if not self.hub.alive or not self.proxy.alive or asyncio.get_running_loop().time() > limit:
                    dead = self.proxy if not self.proxy.alive else self.hub
                    raise RuntimeError(f"The {dead.name} did not start. The end of its log:\n{dead.tail()}")
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        """End both."""
        await asyncio.to_thread(self.hub.stop)
        await asyncio.to_thread(self.proxy.stop)

    def _base(self) -> str:
        proxy_api = f"http://127.0.0.1:{self.ports.proxy_api}"
        return BASE_CONFIG.format(public=self.url, hub=self.hub_url, proxy_api=proxy_api)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200 and "version" in (await _json(response))  # noqa: PLR2004 - HTTP's OK
    except (aiohttp.ClientError, OSError):
        return False


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    answer: dict[str, Any] = await response.json(content_type=None)
    return answer
