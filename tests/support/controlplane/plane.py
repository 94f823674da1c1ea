"""`ControlPlane`: one whole control plane, from an empty directory to ready in seconds and back to nothing.

Synchronous; a coroutine calls its methods through `asyncio.to_thread`. Several planes can run side by side, each of
about 640 MB.

Promise: after `stop`, after a failed or interrupted `start`, and after any end of Python, no process and no directory
is left. What a component said before it died is in the `StartError`, as its log is gone by then.
"""

import atexit
import http.client
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.controlplane import commands
from tests.support.controlplane.audit import AuditLog, AuditMark, AuditRow
from tests.support.controlplane.build import find_binaries
from tests.support.controlplane.certificates import write_certificates
from tests.support.controlplane.client import Client, Reply
from tests.support.controlplane.identities import (
    ADMIN,
    CONTROLLER_MANAGER,
    SCHEDULER,
    Identity,
    make_own_identities,
    write_kubeconfig,
    write_tokens,
)
from tests.support.controlplane.ports import ReservedPorts
from tests.support.controlplane.processes import Processes

API_SERVER = "kube-apiserver"


class StartError(Exception):
    """A component ended by itself or was not ready in time; its last words are in the message."""


class ControlPlane:
    """Starts, disturbs and ends a control plane.

    Parameters
    ----------
    identities
        Users besides the admin and the components.
    flags
        More flags by component, such as ``{"kube-controller-manager": ["--node-monitor-grace-period=24h"]}``.
    timeout
        Seconds that each wait may take; generous, as the machine may be busy.
    """

    def __init__(
        self,
        identities: Iterable[Identity] = (),
        *,
        flags: Mapping[str, Sequence[str]] | None = None,
        timeout: float = 120,
    ) -> None:
        self._identities = {who.name: who for who in (*make_own_identities(), *identities)}
        self._flags = flags or {}
        self._timeout = timeout
        self._directory: Path | None = None
        self._ports: ReservedPorts | None = None
        self._processes: Processes | None = None

    # Life

    def start(self) -> Self:
        """Start everything and return when it is ready."""
        binaries = find_binaries()
        atexit.register(self.stop)
        try:
            self._directory = Path(tempfile.mkdtemp(prefix="controlplane-"))
            self._processes = Processes(self._directory)
            self._lay_out(binaries)
            self._start_components()
            self.ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Kill everything and remove the directory; does nothing the second time."""
        atexit.unregister(self.stop)
        if self._processes:
            self._processes.stop()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
        if self._ports:
            self._ports.release()
        self._processes = self._directory = self._ports = None

    def ready(self) -> None:
        """Wait until the API server is ready and the service account controller has given `default` its account."""
        self._wait_for("/readyz")
        self._wait_for("/api/v1/namespaces/default")
        if self.has("kube-controller-manager"):
            self._wait_for("/api/v1/namespaces/default/serviceaccounts/default")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # What it is

    @property
    def directory(self) -> Path:
        """Holds everything that the plane writes."""
        assert self._directory, "not running"
        return self._directory

    @property
    def url(self) -> str:
        """The API server's address."""
        return self._at.url

    @property
    def ca(self) -> Path:
        """The certificate that signed the API server's."""
        return self._at.certificates.ca

    @property
    def binaries(self) -> Path:
        """The directory with kubectl and the components."""
        return self._at.binaries

    def has(self, component: str) -> bool:
        """Tell whether there is such a component; envtest's assets have no controller manager and no scheduler."""
        return (self.binaries / component).exists()

    def token(self, identity: str = ADMIN) -> str:
        """Return an identity's bearer token."""
        return self._identities[identity].token

    def kubeconfig(self, identity: str = ADMIN, namespace: str = "default") -> Path:
        """Write an identity's kubeconfig, if it is not there yet, and return its path."""
        who = self._identities[identity]
        return write_kubeconfig(self.directory, who, server=self.url, ca=self.ca, namespace=namespace)

    def log(self, component: str) -> str:
        """Return what a component has said so far."""
        path = self._children.log_path(component)
        return path.read_text(errors="replace") if path.exists() else ""

    def pids(self) -> list[int]:
        """Return the ids of all processes, helpers included."""
        return self._children.pids()

    # Disturbances

    def kill_apiserver(self) -> None:
        """SIGKILL the API server; its port then refuses connections."""
        self._children.kill(API_SERVER)

    def start_apiserver(self) -> None:
        """Start the killed API server on the same data and port, and wait until it is ready."""
        self._start(API_SERVER, commands.kube_apiserver(self._at))
        self.ready()

    def restart_apiserver(self) -> None:
        """SIGKILL the API server, start it again, wait until it is ready."""
        self.kill_apiserver()
        self.start_apiserver()

    def restart_components(self) -> None:
        """SIGKILL scheduler and controller manager and start them again.

        After an API server's restart they come back by themselves, but their back-off may take minutes.
        """
        for component in ("kube-controller-manager", "kube-scheduler"):
            if self.has(component):
                self._children.kill(component)
        self._start_controllers()
        self.ready()

    def pause(self, component: str) -> None:
        """Stop a component in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self._children.pause(component)

    def resume(self, component: str) -> None:
        """Let a paused component go on (SIGCONT)."""
        self._children.resume(component)

    # Looking

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        identity: str = ADMIN,
        content: str = "application/json",
        timeout: float = 30,
    ) -> Reply:
        """Send one request to the API server."""
        token = self.token(identity)
        return self._client.request(method, path, body, token=token, content=content, timeout=timeout)

    def kubectl(self, *arguments: str, identity: str = ADMIN, namespace: str = "default", stdin: str = "") -> str:
        """Run kubectl and return its output; CalledProcessError, with its stderr, if it fails."""
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.directory),  # neither its cache nor its settings may come from the developer's home
            "KUBECONFIG": str(self.kubeconfig(identity, namespace)),
        }
        command = [str(self.binaries / "kubectl"), *arguments]
        done = subprocess.run(
            command,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=self._timeout,
        )
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            error.add_note(done.stderr)
            raise error
        return done.stdout

    def audit_mark(self) -> AuditMark:
        """Return a mark: rows after it are of requests that were answered later."""
        self._settle_audit()
        return self._audit.mark()

    def audit(self, *, user: str | None = None, since: AuditMark | datetime | None = None) -> list[AuditRow]:
        """Return the requests answered so far, of one user or all, after a mark or received since a time."""
        self._settle_audit()
        rows = self._audit.read(user=user, since=since)
        return [row for row in rows if not row.uri.startswith(_SETTLE_PATH)]

    # Inside

    @property
    def _children(self) -> Processes:
        assert self._processes, "not running"
        return self._processes

    def _lay_out(self, binaries: Path) -> None:
        self._ports = ReservedPorts(3)
        certificates = write_certificates(self.directory / "certificates")
        self._at = commands.Layout(binaries, self.directory, certificates, *self._ports.numbers)
        self._at.audit_policy.write_text(commands.AUDIT_POLICY)
        write_tokens(self._at.tokens, self._identities.values())
        self._audit = AuditLog(self._at.audit_log)
        self._client = Client(self._at.port, certificates.ca)

    def _start_components(self) -> None:
        self._start("etcd", commands.etcd(self._at))
        self._start(API_SERVER, commands.kube_apiserver(self._at))  # it waits for etcd by itself
        self._wait_for("/readyz")
        self._start_controllers()

    def _start_controllers(self) -> None:
        if self.has("kube-controller-manager"):
            kubeconfig = self.kubeconfig(CONTROLLER_MANAGER)
            self._start("kube-controller-manager", commands.kube_controller_manager(self._at, kubeconfig))
        if self.has("kube-scheduler"):
            self._start("kube-scheduler", commands.kube_scheduler(self._at, self.kubeconfig(SCHEDULER)))

    def _start(self, component: str, command: list[str]) -> None:
        self._children.start(component, [*command, *self._flags.get(component, ())])

    def _wait_for(self, path: str) -> None:
        self._wait_until(lambda: self._is_there(path), path)

    def _is_there(self, path: str) -> bool:
        try:
            return self.request("GET", path, timeout=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _wait_until(self, happens: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._timeout
        while not happens():
            dead = self._children.find_dead()
            if dead:
                raise StartError(f"{dead} ended by itself; it said at last:\n{self.log(dead)[-3000:]}")
            if time.monotonic() > deadline:
                raise StartError(f"{what} did not come in {self._timeout} s\n{self.log(API_SERVER)[-3000:]}")
            time.sleep(0.05)

    def _settle_audit(self) -> None:
        # The row of a request is written a moment after its client has the answer. One more request, whose row we
        # wait for, lets those moments pass. A dead or paused server writes no more.
        if not self._children.answers(API_SERVER):
            return
        before, path = self._audit.mark(), f"{_SETTLE_PATH}={uuid.uuid4()}"
        self.request("GET", path)
        self._wait_until(lambda: any(row.uri == path for row in self._audit.read(user=ADMIN, since=before)), path)


_SETTLE_PATH = "/version?controlplane-settle"
