"""`LocalCluster`: the embedded cluster as one thing to start, use and close.

It holds the store, serves the API on loopback, runs the controllers, and writes a kubeconfig for each
user. It does not run nodes: those speak only the API, and are started beside it.
"""

import asyncio
import contextlib
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from aiohttp import web

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster import rbac
from tenantspawner.localcluster.admission import admit as default_admit
from tenantspawner.localcluster.admission import await_default_account
from tenantspawner.localcluster.api.exchange import Question
from tenantspawner.localcluster.api.logs import LogProxy
from tenantspawner.localcluster.api.registry import Admit, Call, Registry, admit_everything
from tenantspawner.localcluster.api.server import ApiServer
from tenantspawner.localcluster.attributes import Attributes, Refusal, UserInfo
from tenantspawner.localcluster.authentication import Authenticator
from tenantspawner.localcluster.authorization import RbacAuthorizer
from tenantspawner.localcluster.controllers import Controllers, start_controllers
from tenantspawner.localcluster.faults import Faults
from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.requests import RequestLog, RequestRow
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.snapshot import Snapshots
from tenantspawner.localcluster.store import Store
from tenantspawner.localcluster.tls import make_certificates

Object = dict[str, Any]

ADMIN = UserInfo("admin", "admin", ("system:masters",))
SYSTEM = UserInfo("system:apiserver", "", ("system:masters",))
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class LocalCluster:
    """An embedded cluster.

    Parameters
    ----------
    users
        Who may ask: name to user. An ``admin`` who may do everything is there unless given.
    tokens
        Bearer tokens by user, for those whose token must outlive the process; the others' are random.
    settings
        The pace of the controllers; may be changed while it runs.
    admit
        Admission; the real one unless a test wants less.
    controllers
        Whether namespaces, accounts, quotas and volumes are looked after.
    anonymous
        Whether a request without a token is one of ``system:anonymous`` (403) or refused (401).
    """

    def __init__(
        self,
        users: Mapping[str, UserInfo] | None = None,
        *,
        settings: ClusterSettings | None = None,
        admit: Admit | None = None,
        controllers: bool = True,
        history: int = 20_000,
        anonymous: bool = False,
        tokens: Mapping[str, str] | None = None,
        on_request: Callable[[RequestRow], None] | None = None,
    ) -> None:
        self.users = {ADMIN.name: ADMIN, **(users or {})}
        self.settings = settings or ClusterSettings()
        self.store = Store(history)
        self.kubelet_token = secrets.token_urlsafe(32)
        self.url = ""
        self._tokens = {name: (tokens or {}).get(name) or secrets.token_urlsafe(32) for name in self.users}
        table = {self._tokens[name]: user for name, user in self.users.items()}
        self.authenticator = Authenticator(table, self.store)
        self._run_controllers = controllers
        self._controllers: Controllers | None = None
        self._directory: Path | None = None
        self._runner: web.AppRunner | None = None
        self._snapshots: Snapshots | None = None
        self.registry = Registry(self.store, admit or default_admit)
        self.api = ApiServer(
            self.registry,
            self.authenticator,
            RbacAuthorizer(self.store),
            LogProxy(self.store, self.kubelet_token),
            on_request=on_request,
            before_create=self._before_create,
            anonymous=anonymous,
        )

    @property
    def faults(self) -> Faults:
        """The fault script."""
        return self.api.faults

    @property
    def requests(self) -> RequestLog:
        """The API's own log."""
        return self.api.requests

    @property
    def directory(self) -> Path:
        """Where certificates and kubeconfigs are; gone after `close`."""
        if self._directory is None:
            raise RuntimeError("the embedded cluster has not been started")
        return self._directory

    @property
    def ca_file(self) -> Path:
        """The certificate of the cluster's authority."""
        return self.directory / "ca.crt"

    @property
    def port(self) -> int:
        """The port of the API on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    async def start(self, port: int = 0, data_file: Path | None = None) -> None:
        """Serve the API on 127.0.0.1; 0 takes any free port. `data_file` is loaded, and kept up to date."""
        self._directory = Path(tempfile.mkdtemp(prefix="tenantspawner-cluster-"))
        try:
            context = await self._certify(self._directory)
            self.settings.ca_certificate = self.settings.ca_certificate or self.ca_file.read_text()
            if data_file is not None:
                self._snapshots = Snapshots(self.store, data_file, self.authenticator.key)
                self._snapshots.load()
                self.authenticator.key = self._snapshots.key
                await self._snapshots.start()
            self.seed()
            if self._run_controllers:
                self._controllers = start_controllers(self.store, self.settings)
            self._runner = web.AppRunner(
                self.api.application(), handler_cancellation=True, access_log=None, shutdown_timeout=2
            )
            await self._runner.setup()
            site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context)
            await site.start()
            self.url = f"https://127.0.0.1:{self._runner.addresses[0][1]}"
        except BaseException:
            await self.close()
            raise

    async def _certify(self, directory: Path) -> ssl.SSLContext:
        """Make the certificates; who is cancelled meanwhile waits for them, since a thread cannot be, and the folder goes next."""
        making = asyncio.create_task(asyncio.to_thread(make_certificates, directory))
        try:
            context, _ = await asyncio.shield(making)
        except asyncio.CancelledError:
            await asyncio.wait([making])
            raise
        return context

    async def close(self) -> None:
        """End watches, controllers and the server; write the snapshot; remove what `start` made. May be called twice."""
        self.api.watches.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._controllers is not None:
            await self._controllers.close()
            self._controllers = None
        await self.api.logs.close()
        if self._snapshots is not None:
            await self._snapshots.close()
            self._snapshots = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    async def __aenter__(self) -> Self:
        """Start on any free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def token(self, user: str) -> str:
        """Return a user's bearer token."""
        return self._tokens[user]

    def kubeconfig(self, user: str = ADMIN.name, namespace: str = "default") -> Path:
        """Write and return the kubeconfig of a user, readable for nobody else."""
        file = self.directory / f"kubeconfig-{user.replace('/', '_').replace(':', '_')}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "local", "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)}}
            ],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": user, "namespace": namespace}}],
            "current-context": "local",
        }
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(config))
        return file

    def create(self, manifest: Object) -> Object:
        """Create an object as the cluster itself, past rights and admission; returns what is stored, old or new."""
        kind = kind_of(manifest)
        metadata = manifest["metadata"]
        existing = self.store.get(kind, metadata.get("namespace"), metadata["name"])
        if existing is not None:
            return existing
        call = Call(SYSTEM, kind, metadata.get("namespace"), "", manager="tenantspawner-localcluster")
        return self._own_registry.create(call, {**manifest, "metadata": dict(metadata)})

    def seed(self) -> None:
        """Make what every cluster has: its namespaces and the default roles and bindings."""
        for name in NAMESPACES:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for manifest in rbac.seed_roles():
            self.create(manifest)

    @property
    def _own_registry(self) -> Registry:
        return Registry(self.store, admit_everything)

    async def _before_create(self, question: Question) -> None:
        """Let a pod wait a moment for the account ``default`` of its young namespace, as Kubernetes does."""
        target = question.target
        if target.kind is not kube.POD or target.subresource:
            return
        if self.store.get(kube.SERVICE_ACCOUNT, target.namespace, "default") is not None:
            return
        with contextlib.suppress(ValueError, Refusal):
            manifest = question.read_any()
            attributes = Attributes(question.user, "CREATE", kube.POD, target.namespace, "", None, manifest, None)
            await await_default_account(attributes, self.store)
