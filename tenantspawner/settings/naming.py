"""What things are called, and what of that is kept: namespace, pod, volume claim, secret, DNS name.

Names are computed when the spawner is made. State that was saved overrides them, so that a server is found again
after a template has changed. The keys in the state are KubeSpawner's: a hub can switch in both directions.
Nothing here raises when the hub makes a spawner or loads its state: a name that cannot be made is empty, the log
says why, and a start is refused.
"""

from functools import cache
from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, HasTraits, default

from tenantspawner.errors import Misconfigured
from tenantspawner.kube.templates import expand, expand_all
from tenantspawner.plan.expand import person_fields
from tenantspawner.plan.labels import KUBESPAWNER_VERSION
from tenantspawner.settings.traits import mapping, text

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_KEPT = ("pod_name", "namespace", "dns_name")
_BEFORE_7 = "unknown"


@cache
def own_namespace() -> str:
    """Return the namespace the hub's pod runs in; outside of Kubernetes ``default``."""
    try:
        return _OWN_NAMESPACE.read_text().strip()
    except OSError:
        return "default"


class Naming(HasTraits):
    """Templates of names, slugs, and the names themselves."""

    namespace = text("", "The namespace of the pods. By default the hub's own; outside of Kubernetes ``default``.")
    enable_user_namespaces = Bool(
        False, help="Whether each person gets a namespace, named by `user_namespace_template`."
    ).tag(config=True)
    user_namespace_template = text("{hubnamespace}-{username}", "The name of a person's namespace. A template.")
    user_namespace_labels = mapping("Labels of a person's namespace, given when it is made. Templates.")
    user_namespace_annotations = mapping("Annotations of a person's namespace, given when it is made. Templates.")
    slug_scheme = Enum(
        ["safe", "escape"],
        default_value="safe",
        help="How user and server names become parts of names. ``safe``: kept where valid, else shortened with a hash. "
        "``escape``: as KubeSpawner 6 did; may give names that are not valid.",
    ).tag(config=True)
    pod_name_template = text("jupyter-{user_server}", "The name of the pod, unique in its namespace. A template.")
    pvc_name_template = text("claim-{user_server}", "The name of the volume claim. A template.")
    secret_name_template = text("{pod_name}", "The name of the secret with the server's certificates. A template.")
    dns_name_template = text(
        "{name}.{namespace}.svc.cluster.local",
        "The DNS name of the pod's service, from ``{name}`` and ``{namespace}``.",
    )
    component_label = text(
        "singleuser-server", "The value of the label ``component``, by which a hub knows its pods from another hub's."
    )
    remember_pvc_name = Bool(
        True, help="Whether a volume claim keeps its name when `pvc_name_template` or `slug_scheme` change."
    ).tag(config=True)
    handle_legacy_names = Bool(
        True, help="Whether volume claims are also looked for under the name that KubeSpawner 6 gave them."
    ).tag(config=True)

    log: Any
    user: Any
    name: Any
    pod_name: str
    pvc_name: str
    secret_name: str
    dns_name: str
    _pvc_exists = False  # whether a claim of this name was seen; only then the name is kept in the state
    _state_kubespawner_version: str | None = None

    @default("namespace")
    def _namespace_default(self) -> str:
        return own_namespace()

    def _name_everything(self) -> None:
        """Give every name the value that its template has now."""
        if self.enable_user_namespaces:
            self.namespace = self._named("user_namespace_template")
        self._name_the_pod()
        self.secret_name = self._named("secret_name_template")
        self.pvc_name = self._named("pvc_name_template")

    def _name_the_pod(self) -> None:
        self.pod_name = self._named("pod_name_template")
        self._name_for_dns()

    def _name_for_dns(self) -> None:
        try:
            self.dns_name = expand(self.dns_name_template, {"name": self.pod_name, "namespace": self.namespace})
        except ValueError as why:
            self.log.warning("dns_name_template %s", why)
            self.dns_name = ""

    def _named(self, template: str) -> str:
        try:
            return self._expand_user_properties(getattr(self, template))
        except ValueError as why:
            self.log.warning("%s %s", template, why)
            return ""

    def _require_names(self) -> None:
        for name in ("namespace", "pod_name", "pvc_name", "secret_name", "dns_name"):
            if not getattr(self, name):
                raise Misconfigured(f"{name}_template", "gives no name; the log of the hub's start says why")

    def _template_fields(self, slug_scheme: str | None = None) -> dict[str, str | int]:
        """Return the fields of templates; a name that is not computed yet says so where it is used."""
        person = person_fields(
            self.user.name,
            self.name or "",
            userid=self.user.id,
            hub_namespace=own_namespace(),
            slug_scheme=slug_scheme or self.slug_scheme,
        )
        names = ("pod_name", "pvc_name", "namespace")
        return person | {name: getattr(self, name, f"{name}_unavailable!") for name in names}

    def _expand_user_properties(self, template: str, slug_scheme: str | None = None) -> str:
        """Fill the fields of a template; ValueError where it has others."""
        return expand(template, self._template_fields(slug_scheme))

    def _expand_all(self, src: Any) -> Any:
        """Fill every text in a value."""
        return expand_all(src, self._template_fields())

    @property
    def legacy_pvc_name(self) -> str | None:
        """The name KubeSpawner 6 gave to the claim, where it is worth looking for; else None.

        That is when the state is from before version 7, which did not keep the name, and no claim was seen yet.
        """
        wanted = self.handle_legacy_names and self.remember_pvc_name and not self._pvc_exists
        if not wanted or self._state_kubespawner_version != _BEFORE_7:
            return None
        legacy = self._expand_user_properties(self.pvc_name_template, slug_scheme="escape")
        return legacy if legacy != self.pvc_name else None

    def _names_to_keep(self) -> dict[str, str]:
        """Return the part of the state that names things."""
        state = {"kubespawner_version": KUBESPAWNER_VERSION} | {name: getattr(self, name) for name in _KEPT}
        if self._pvc_exists:
            state["pvc_name"] = self.pvc_name
        return state

    def _load_names(self, state: Any) -> None:
        """Take the names from a state, whatever it is."""
        if not isinstance(state, dict) or not state:
            self._state_kubespawner_version = None
            return
        kept = {name: state[name] for name in (*_KEPT, "pvc_name") if _is_name(state.get(name))}
        if "pvc_name" in kept:
            name = kept.pop("pvc_name")
            if self.remember_pvc_name:
                self.pvc_name, self._pvc_exists = name, True
        for attribute, name in kept.items():
            setattr(self, attribute, name)
        version = state.get("kubespawner_version")
        self._state_kubespawner_version = version if isinstance(version, str) else _BEFORE_7


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
