"""KubeSpawner: the class that configuration under ``c.KubeSpawner`` is for, assembled from `settings`.

It turns settings into values: names, state, the options form, and manifests. It starts nothing and asks nobody;
`TenantSpawner` does. traitlets finds a section of configuration by the names of the classes a spawner inherits from,
hence the name.

A start goes settings → `pod_settings` (the chosen profile laid over them, as a new value) → `server_context` (what the
hub gives this one server) → a manifest. What others call on a KubeSpawner keeps its name and gives the client's models.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupyterhub
from jupyterhub.spawner import Spawner
from jupyterhub.utils import maybe_future
from traitlets import default

from tenantspawner.cluster.models import to_json, to_model
from tenantspawner.cluster.podmodel import claim_model, pod_model
from tenantspawner.errors import Misconfigured
from tenantspawner.plan import labels
from tenantspawner.plan.claim import claim
from tenantspawner.plan.expand import filled
from tenantspawner.plan.pod import pod
from tenantspawner.plan.service import certificates, service, user_namespace
from tenantspawner.plan.settings import PodSettings, ServerContext, merged, overridden, settings_from
from tenantspawner.settings.connection import Connection
from tenantspawner.settings.container import Container
from tenantspawner.settings.deprecated import RENAMED, Deprecated
from tenantspawner.settings.naming import Naming, own_namespace
from tenantspawner.settings.network import Network
from tenantspawner.settings.profiles import Profiles
from tenantspawner.settings.running import Running
from tenantspawner.settings.scheduling import Scheduling
from tenantspawner.settings.security import Security
from tenantspawner.settings.storage import Storage
from tenantspawner.settings.worn import POD_SETTINGS, Worn

_DEFAULT_PORT = 8888
_IDS = ("uid", "gid", "fs_gid")
_MAY_BE_CALLED = (*_IDS, "supplemental_gids", "container_security_context", "pod_security_context")


class KubeSpawner(
    Worn, Connection, Naming, Container, Security, Scheduling, Storage, Network, Profiles, Running, Deprecated, Spawner
):
    """A spawner of pods: its settings, and everything about a server that follows from them."""

    api: Any = None
    port: Any
    chosen_settings: PodSettings | None = None
    """The settings of the start that is under way, or was last; None before the first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name_everything()
        if self.port == 0:
            self.port = _DEFAULT_PORT

    async def start(self) -> Any:
        """Start the server; `TenantSpawner` does."""
        raise NotImplementedError

    async def stop(self, now: bool = False) -> None:
        """Stop the server; `TenantSpawner` does."""
        raise NotImplementedError

    async def poll(self) -> int | None:
        """Tell whether the server runs; `TenantSpawner` does."""
        raise NotImplementedError

    @default("env_keep")
    def _env_keep_default(self) -> list[str]:
        return []  # the hub's own environment is of no use in another container

    # -- the choice --------------------------------------------------------------------------------------------

    async def load_user_options(self) -> None:
        """Work out the settings of this start from `user_options`, into `chosen_settings`."""
        self.chosen_settings = await self.pod_settings()

    async def pod_settings(self) -> PodSettings:
        """Return the settings with the chosen profile and options laid over them. Nothing configured is changed.

        Overrides of what the pod does not show, such as ``http_timeout`` or ``namespace``, stay on the spawner until
        the next start.

        Raises
        ------
        Refused
            Names the option that is not to be had.
        Misconfigured
            Names the setting, or the override, whose value cannot be used.
        """
        self.take_off()
        namespace = self.namespace
        overrides = await self._chosen_overrides()
        named = {RENAMED.get(name, name) for override in overrides for name in override}
        settings = await self._configured(without_calls=named)
        for override in overrides:
            settings = await self._laid_over(settings, override)
        if self.namespace != namespace:
            self._name_for_dns()
        return settings

    async def _configured(self, without_calls: set[str]) -> PodSettings:
        """Return the settings as configured; functions are called, but for those that an override replaces anyway."""
        values = self._values()
        for name in _MAY_BE_CALLED:
            value = getattr(self, name)
            if callable(value) and name not in without_calls:
                result = await maybe_future(value(self))
                values[name] = int(result) if name in _IDS and result is not None else result
        return settings_from(values)

    def _values(self) -> dict[str, Any]:
        """Return every setting of the pod that is a value."""
        values = {name: getattr(self, name) for name in POD_SETTINGS}
        return {name: value for name, value in values.items() if not callable(value)}

    async def _laid_over(self, settings: PodSettings, override: Mapping[str, Any]) -> PodSettings:
        for old_name, given in override.items():
            name, value = RENAMED.get(old_name, old_name), given
            if callable(value):
                with self.wearing(settings):  # a function sees what was laid over before it
                    value = await maybe_future(value(self))
            if name in POD_SETTINGS:
                settings = overridden(settings, {name: value})
            else:
                self.put_on(name, value)
        return settings

    def _apply_overrides(self, spawner_override: Mapping[str, Any]) -> None:
        """Set overrides on the spawner, as group overrides do; dictionaries are merged into copies."""
        for old_name, given in spawner_override.items():
            name = RENAMED.get(old_name, old_name)
            value = given(self) if callable(given) else given
            before = getattr(self, name, None)
            setattr(
                self, name, merged(before, value) if isinstance(value, dict) and isinstance(before, dict) else value
            )

    # -- the server --------------------------------------------------------------------------------------------

    def server_context(self, settings: PodSettings) -> ServerContext:
        """Return what is known of this server: names, and what the hub gives to it under `settings`.

        Raises
        ------
        Misconfigured
            A name is missing, or the environment has a template that cannot be filled.
        """
        self._require_names()
        with self.wearing(settings):
            try:
                return ServerContext(
                    **self._identity(),
                    env=self.get_env(),
                    args=tuple(self._arguments()),
                    port=self.port,
                    with_service=self.services_enabled or self.internal_ssl,
                    labels=self._build_pod_labels(self._expand_all(self.extra_labels)),
                    annotations=self._build_common_annotations(self._expand_all(self.extra_annotations)),
                    ssl_secret_name=self.secret_name if self.internal_ssl else None,
                )
            except Misconfigured:
                raise
            except ValueError as why:
                raise Misconfigured("extra_labels or extra_annotations", str(why)) from None

    def _identity(self) -> dict[str, Any]:
        return {
            "pod_name": self.pod_name,
            "namespace": self.namespace,
            "username": self.user.name,
            "servername": self.name or "",
            "pvc_name": self.pvc_name,
            "userid": self.user.id,
            "hub_namespace": own_namespace(),
            "slug_scheme": self.slug_scheme,
            "jupyterhub_version": jupyterhub.__version__,
        }

    def _arguments(self) -> list[str]:
        arguments = list(self.get_args())
        if arguments and not self.cmd:
            self.log.warning("KubeSpawner.args is not used without KubeSpawner.cmd: the image's own command runs")
        return arguments

    def get_env(self) -> dict[str, Any]:
        """Return the environment of the server; what the administrator set in `environment` is a template."""
        env: dict[str, Any] = super().get_env()
        env["JUPYTER_IMAGE_SPEC"] = env["JUPYTER_IMAGE"] = self.image
        env.update(self._expand_env(self.environment))
        return env

    def _expand_env(self, env: Mapping[str, Any]) -> dict[str, Any]:
        """Fill the templates in an environment; functions are left out, the hub has called them already."""
        templates = {name: value for name, value in env.items() if isinstance(value, str | list | dict)}
        expanded: dict[str, Any] = filled("environment", templates, self._template_fields())
        return expanded

    # -- labels, manifests -------------------------------------------------------------------------------------

    def _build_common_labels(self, extra_labels: Mapping[str, Any]) -> dict[str, Any]:
        return labels.common_labels(self.common_labels, self.user.name, extra_labels)

    def _build_pod_labels(self, extra_labels: Mapping[str, Any]) -> dict[str, Any]:
        return self._build_common_labels(extra_labels) | labels.server_labels(self.component_label, self.name or "")

    def _build_common_annotations(self, extra_annotations: Mapping[str, Any]) -> dict[str, Any]:
        return labels.common_annotations(self.user.name, self.name or "", jupyterhub.__version__, extra_annotations)

    async def get_pod_manifest(self) -> Any:
        """Return the pod as a ``V1Pod``."""
        settings = self.chosen_settings or await self.pod_settings()
        return pod_model(pod(settings, self.server_context(settings)))

    def get_pvc_manifest(self) -> Any:
        """Return the volume claim as a ``V1PersistentVolumeClaim``."""
        settings = self._settings_now()
        with self.wearing(settings):
            names = self._build_common_labels(self._expand_all(self.storage_extra_labels))
            annotations = self._build_common_annotations(self._expand_all(self.storage_extra_annotations))
        names |= labels.storage_labels(settings.component_label)
        server = ServerContext(**self._identity())
        return claim_model(claim(settings, server, names, annotations))

    def get_service_manifest(self, owner_reference: Any, port: int) -> Any:
        """Return the service in front of the pod as a ``V1Service``."""
        server = ServerContext(**self._identity())
        return to_model(service(self._settings_now(), server, to_json(owner_reference), port), "V1Service")

    def get_secret_manifest(self, owner_reference: Any) -> Any:
        """Return the certificates of ``internal_ssl`` as a ``V1Secret``."""
        paths = self.cert_paths
        authorities = (Path(path).read_text() for path in (paths["cafile"], self.internal_trust_bundles["hub-ca"]))
        own, hub = authorities
        files = {
            "ssl.key": Path(paths["keyfile"]).read_text(),
            "ssl.crt": Path(paths["certfile"]).read_text(),
            "notebooks-ca_trust.crt": own.strip("\n") + "\n" + hub,
        }
        server = ServerContext(**self._identity(), ssl_secret_name=self.secret_name)
        return to_model(certificates(self._settings_now(), server, to_json(owner_reference), files), "V1Secret")

    def user_namespace_object(self) -> dict[str, Any]:
        """Return the namespace of `enable_user_namespaces` as plain JSON."""
        return user_namespace(self._settings_now(), ServerContext(**self._identity()))

    def _settings_now(self) -> PodSettings:
        return self.chosen_settings or settings_from(self._values())

    # -- state -------------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return what has to be known to find the server again."""
        return {**super().get_state(), **self._names_to_keep()}

    def load_state(self, state: Any) -> None:
        """Take the names from a saved state; never raises."""
        super().load_state(state)
        self._load_names(state)

    def clear_state(self) -> None:
        """Forget the server: its pod is named anew; the claim and the namespace, where the claim is, keep their names."""
        super().clear_state()
        self.chosen_settings = None
        self._name_the_pod()
