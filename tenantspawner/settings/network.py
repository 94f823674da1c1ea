"""How hub and proxy reach the server."""

import ipaddress
import warnings
from typing import Any

from traitlets import Bool, Bunch, HasTraits, Integer, Unicode, default, observe

from tenantspawner.plan.settings import CERTIFICATES_PATH
from tenantspawner.settings.traits import hook, text


class Network(HasTraits):
    """Address and port of the server, services, certificates."""

    ip = text("0.0.0.0", "The address the server listens on, in its pod.")  # noqa: S104 - a pod's own network
    services_enabled = Bool(
        False, help="Whether a service is put in front of each pod, as service meshes need it."
    ).tag(config=True)
    pod_connect_ip = text(
        "", "The address by which hub and proxy reach a pod, a template. Empty: the pod's own address."
    )
    get_pod_url = hook("Function of the spawner and the pod, a dictionary, that returns the server's URL. Not async.")
    secret_mount_path = text(CERTIFICATES_PATH, "Where the certificates of ``internal_ssl`` are mounted.")
    hub_connect_ip = Unicode(allow_none=True, help="Old: set ``c.JupyterHub.hub_connect_ip``.").tag(config=True)
    hub_connect_port = Integer(help="Old: set ``c.JupyterHub.hub_connect_url``.").tag(config=True)

    hub: Any
    dns_name: Any
    pod_name: Any
    namespace: Any
    _expand_user_properties: Any

    @observe("hub_connect_ip", "hub_connect_port")
    def _pass_on_to_the_hub(self, change: Bunch) -> None:
        warnings.warn(f"Set JupyterHub.{change['name']} instead of KubeSpawner's", DeprecationWarning, stacklevel=2)
        setattr(self.hub, change["name"].removeprefix("hub_"), change["new"])

    @default("ssl_alt_names")
    def _ssl_alt_names_default(self) -> list[str]:
        name, namespace = self.pod_name, self.namespace
        return [f"DNS:{host}" for host in (self.dns_name, name, f"{name}.{namespace}", f"{name}.{namespace}.svc")]

    @default("ssl_alt_names_include_local")
    def _ssl_alt_names_include_local_default(self) -> bool:
        return False

    def _get_pod_port(self, pod: dict[str, Any]) -> int:
        """Return the port named ``notebook-port``; KeyError if there is none."""
        for container in pod["spec"]["containers"]:
            for port in container.get("ports") or ():
                if port.get("name") == "notebook-port":
                    return int(port["containerPort"])
        raise KeyError(f"The pod {pod['metadata']['name']} has no port called notebook-port")

    def _get_pod_url(self, pod: dict[str, Any]) -> str:
        """Return the URL at which hub and proxy find the server of a running pod."""
        if self.get_pod_url:
            return str(self.get_pod_url(self, pod))
        encrypted = getattr(self, "internal_ssl", False)
        if self.pod_connect_ip:
            # Each part by itself: hyphens that an empty server name leaves are taken from every part.
            host = ".".join(self._filled_part(part) for part in self.pod_connect_ip.split("."))
        elif encrypted or self.services_enabled:
            host = self.dns_name
        else:
            host = pod["status"]["podIP"]
            if ipaddress.ip_address(host).version == 6:  # noqa: PLR2004 - IP version 6
                host = f"[{host}]"
        return f"{'https' if encrypted else 'http'}://{host}:{self._get_pod_port(pod)}"

    def _filled_part(self, part: str) -> str:
        return self._expand_user_properties(part) if "{" in part else part
