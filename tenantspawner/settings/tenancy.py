"""Our own settings: where the tenancy is, what no document can pass, and how careful the sweeper is.

Without `tenancy_config_map` and `tenancy_selector` there is no tenancy, and everything is as with KubeSpawner.
"""

from typing import Any

from traitlets import Dict, Enum, Float, HasTraits, Integer, List, Unicode, default

from tenantspawner.settings.naming import own_namespace
from tenantspawner.settings.traits import text
from tenantspawner.tenancy.models import SIZE_AND_PLACE


class TenancySettings(HasTraits):
    """The tenancy and its envelope."""

    tenancy_config_map = text("", "The ConfigMap with the tenancy, in the hub's namespace. Empty: no tenancy.")
    tenancy_selector = text("", "A label selector: every ConfigMap of the hub's namespace with it is read and merged.")
    hub_namespace = Unicode(
        help="Where the tenancy and the pull secrets are. By default the namespace the hub runs in."
    ).tag(config=True)
    hub_id = Unicode(help="Marks what this hub has made. By default `hub_namespace`.").tag(config=True)
    namespace_prefix = Unicode(help="The beginning of every namespace's name. By default ``{hub_id}-``.").tag(
        config=True
    )
    allowed_namespaces = List(
        Unicode(), help="Namespaces a document may name, as globs. Empty: those with `namespace_prefix`."
    ).tag(config=True)
    allowed_cluster_roles = List(
        Unicode(),
        ["tenantspawner-notebook"],
        help="ClusterRoles a document may bind to a tenant's account. ``edit`` and ``admin`` can read secrets and mint tokens.",
    ).tag(config=True)
    allowed_service_accounts = List(
        Unicode(), help="Accounts a document may name where servers stay in the hub's namespace. Empty: none there."
    ).tag(config=True)
    allowed_overrides = List(
        Unicode(), list(SIZE_AND_PLACE), help="Settings that a document's profiles may override."
    ).tag(config=True)
    allowed_object_kinds = List(Unicode(), help="Kinds of a document's further ``objects``.").tag(config=True)
    max_pod_security = Enum(
        ["restricted", "baseline", "privileged"],
        default_value="baseline",
        help="The widest Pod Security level a document may give to a tenant's namespaces.",
    ).tag(config=True)
    hub_cluster_role = text(
        "",
        "The ClusterRole the hub binds to itself in each namespace it makes, as in ``tenantspawner-hub-namespace``. "
        "Empty: it has the rights it needs there already.",
    )
    hub_peers = List(
        Dict(),
        [{"component": "hub"}, {"component": "proxy"}],
        help="Labels of the pods, in the hub's namespace, that may reach servers: hub and proxy.",
    ).tag(config=True)
    secret_environment = List(
        Unicode(),
        ["*TOKEN*", "*SECRET*", "*PASSWORD*", "*_KEY"],
        help="Environment variables, as globs, that go to the pod in a Secret instead of its text.",
    ).tag(config=True)
    failure_grace = Float(
        60.0, help="Seconds that an image that cannot be pulled, or a pod no node takes, may need to heal."
    ).tag(config=True)
    sweep_interval = Float(300.0, help="Seconds between two looks for pods no server knows. 0: never.").tag(config=True)
    sweep_age = Float(600.0, help="Seconds a pod must be old before the sweeper may delete it.").tag(config=True)
    reconcile_interval = Float(
        600.0, help="Seconds between two looks at all namespaces, besides those after an edit. 0: only after an edit."
    ).tag(config=True)
    reconcile_at_once = Integer(10, min=1, help="Namespaces that are brought in line at once after an edit.").tag(
        config=True
    )
    sweep_share = Float(0.1, help="The share of all pods that one sweep may delete; one pod always may.").tag(
        config=True
    )

    namespace: Any

    @default("hub_namespace")
    def _hub_namespace_default(self) -> str:
        return own_namespace()

    @default("hub_id")
    def _hub_id_default(self) -> str:
        return str(self.hub_namespace)

    @default("namespace_prefix")
    def _namespace_prefix_default(self) -> str:
        return f"{self.hub_id}-"
