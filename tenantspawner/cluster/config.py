"""Where the API server is, and who we are to it: in the cluster, or by a kubeconfig.

The loading itself is kubernetes_asyncio's (service account token with its rotation, client certificates, exec
plugins, OIDC). Loading again into the same configuration is how a token is read anew after a 401. Nothing of a
kubeconfig is ever written back.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenantspawner.errors import AdminMustAct

if TYPE_CHECKING:
    from kubernetes_asyncio.client import Configuration


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the API server.

    `host`, `ca_cert` and `verify` override what the environment says, which gives the credentials all the same.
    Without a `host`, the cluster we run in is used, else the kubeconfig: `kubeconfig`, ``$KUBECONFIG`` or
    ``~/.kube/config``. Naming a `kubeconfig` or a `context` chooses it even inside a cluster.
    """

    host: str | None = None
    ca_cert: str | None = None
    verify: bool = True
    kubeconfig: str | None = None
    context: str | None = None
    request_timeout: float = 10.0


async def load(connection: Connection, configuration: "Configuration") -> None:
    """Fill a configuration of kubernetes_asyncio; makes no request to the API server.

    Raises
    ------
    AdminMustAct
        There is nothing to load, or it cannot be read; the detail says what and where.
    """
    try:
        await _load_credentials(connection, configuration)
    except AdminMustAct:
        raise
    except Exception as error:
        # YAML, files, plugins, assertions: whatever the loader meets. Its texts may hold secrets, its types do not.
        raise _misconfigured(f"the configuration cannot be read: {type(error).__name__}") from error
    if connection.host:
        configuration.host = connection.host.rstrip("/")
    if connection.ca_cert:
        configuration.ssl_ca_cert = connection.ca_cert
    if not connection.verify:
        configuration.verify_ssl = False
    _check_certificate(configuration.ssl_ca_cert)


def _check_certificate(path: str | None) -> None:
    if path and not Path(path).is_file():
        raise _misconfigured(f"the CA certificate {path} is not there")


async def _load_credentials(connection: Connection, configuration: "Configuration") -> None:
    from kubernetes_asyncio import config
    from kubernetes_asyncio.config import incluster_config as inside

    found = _kubeconfig(connection)
    try:
        if not connection.kubeconfig and not connection.context and os.environ.get(inside.SERVICE_HOST_ENV_NAME):
            loader = inside.InClusterConfigLoader(inside.SERVICE_TOKEN_FILENAME, inside.SERVICE_CERT_FILENAME)
            loader.load_and_set(configuration)
        elif found:
            await config.load_kube_config(found, connection.context, configuration, persist_config=False)
        elif not connection.host or connection.kubeconfig or connection.context:
            raise _misconfigured(
                f"not in a cluster, and no kubeconfig at {connection.kubeconfig or 'the usual places'}"
            )
    except config.ConfigException as error:
        raise _misconfigured(str(error)) from error


def _kubeconfig(connection: Connection) -> str | None:
    """The kubeconfig files that apply, of which at least one exists."""
    paths = connection.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return paths if any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep)) else None


def _misconfigured(detail: str) -> AdminMustAct:
    return AdminMustAct(
        "This hub is not connected to a cluster. Ask its administrator.",
        f"Cannot connect to Kubernetes: {detail}. Set the host, run in a cluster, or name a kubeconfig.",
    )
