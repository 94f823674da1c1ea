"""From a container's manifest to the command, environment and directory of a process.

The environment is clean: PATH (the node's own Python first, so that ``jupyterhub-singleuser`` is found), LANG, HOME,
HOSTNAME, TMPDIR, and what the pod says. Two things are changed so that local processes can stand in for containers:
paths that are known to be paths become those of the mounted volumes, and a notebook server that would listen
everywhere (``JUPYTERHUB_SERVICE_URL`` with host ``0.0.0.0``, ``::`` or none) listens at its pod's own address, because
the pods of this node share one network.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenantspawner.localcluster.node.expansion import expand_all
from tenantspawner.localcluster.node.sandbox import Mounts

Json = Mapping[str, Any]

SERVICE_URL = "JUPYTERHUB_SERVICE_URL"
PATH_VARIABLES = ("HOME", "JUPYTERHUB_ROOT_DIR", "JUPYTERHUB_NOTEBOOK_DIR")
_EVERYWHERE = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104  # what is replaced, not what is bound
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOTEBOOK_SERVERS = frozenset({"jupyterhub-singleuser", "jupyter-labhub"})


def command(container: Json, image_command: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return what to run: ``command`` and ``args`` as Kubernetes combines them with an image that has no entrypoint.

    Notebook servers refuse to run as root unless told otherwise; containers are not root, this process may be.
    """
    entrypoint = expand_all(container.get("command") or (), values)
    arguments = expand_all(container.get("args") or (), values)
    result = (*entrypoint, *arguments) or image_command
    if Path(result[0]).name in _NOTEBOOK_SERVERS and os.geteuid() == 0:
        return (*result, "--allow-root")
    return result


def local_environment(
    values: Mapping[str, str], hostname: str, address: str, mounts: Mounts, home: str
) -> dict[str, str]:
    """Return the environment of the process."""
    result = {
        "PATH": f"{Path(sys.executable).parent}:{_SYSTEM_PATH}",
        "LANG": "C.UTF-8",
        "HOME": home,
        "HOSTNAME": hostname,
        "TMPDIR": str(mounts.root / "tmp"),
        **values,
    }
    for name in PATH_VARIABLES:
        if result.get(name, "").startswith("/"):
            result[name] = str(mounts.locate(result[name]))
    if SERVICE_URL in result:
        result[SERVICE_URL] = service_url(result[SERVICE_URL], address)
    return result


def service_url(url: str, address: str) -> str:
    """Return the URL with the pod's address where it said "everywhere"."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if (parts.hostname or "") not in _EVERYWHERE:
        return url
    port = parts.netloc.rpartition(":")[2]
    return parts._replace(netloc=f"{address}:{port}" if port.isdigit() else address).geturl()


def working_directory(container: Json, environment: Mapping[str, str], mounts: Mounts) -> Path:
    """Return where the process starts: ``workingDir``, or its home."""
    if wanted := container.get("workingDir"):
        return mounts.locate(wanted)
    return Path(environment["HOME"])
