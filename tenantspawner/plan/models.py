"""The plan of one spawn: every Kubernetes object that must exist, as plain JSON, before the first write.

`Plan` is drawn once, by `draw`, and carried out by ``lifecycle``; nothing is decided after it.
`Surroundings` is what drawing needs to know of the hub and the cluster, and never of a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantspawner.tenancy.models import Envelope

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """A role of the hub's own inside the namespaces it makes: ClusterRole name and the hub's account or user."""

    cluster_role: str
    subject: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The hub and the cluster around a spawn.

    `peers` are pod labels, in the hub's namespace, of those who may talk to servers: hub and proxy.
    `features` are API groups the cluster serves, such as ``resource.k8s.io``.
    `pull_secrets` are the hub's own Secrets by name, copied where a tenant names them.
    """

    envelope: Envelope
    peers: tuple[Mapping[str, str], ...] = ({"component": "hub"}, {"component": "proxy"})
    features: frozenset[str] = frozenset()
    hub_binding: Binding | None = None
    pull_secrets: Mapping[str, Manifest] = field(default_factory=dict)
    secret_env: tuple[str, ...] = ("*TOKEN*", "*SECRET*", "*PASSWORD*", "*_KEY")


@dataclass(frozen=True, slots=True)
class Provisions:
    """What must exist in a namespace before any pod, in the order in which it is made.

    `rights` is the hub's own binding, without which it could do nothing more there. `fences` (limits, network policies)
    stand with the quota before anything runs; `furnishings` (account, bindings, pull secrets, further objects) come
    when the quota is in force. `digest` covers it all, and is recorded in the namespace last. `leased` are the quota's
    keys whose amounts are the grants' affair: in a quota that exists they are never compared or written by these.
    """

    namespace: str
    owner: str
    space: Manifest
    rights: Manifest | None
    quota: Manifest
    fences: tuple[Manifest, ...]
    furnishings: tuple[Manifest, ...]
    digest: str
    leased: frozenset[str] = frozenset()

    def objects(self) -> tuple[Manifest, ...]:
        """Every object, in order."""
        rights = (self.rights,) if self.rights else ()
        return (self.space, *rights, self.quota, *self.fences, *self.furnishings)


@dataclass(frozen=True, slots=True)
class Plan:
    """All objects of one spawn.

    `provisions` is None where the namespace is not ours to make (``per: hub``, or no tenancy). `token`, `certificates`
    and `service` are made after the pod, owned by it. `contact` is whom the tenancy says to ask.
    """

    namespace: str
    provisions: Provisions | None
    claim: Manifest | None
    pod: Manifest
    token: Manifest | None = None
    certificates: Manifest | None = None
    service: Manifest | None = None
    contact: str | None = None

    @property
    def pod_name(self) -> str:
        """The pod's name."""
        name: str = self.pod["metadata"]["name"]
        return name

    def objects(self) -> tuple[Manifest, ...]:
        """Every object, in the order in which it is made."""
        before = self.provisions.objects() if self.provisions else ()
        rest = (self.claim, self.pod, self.token, self.certificates, self.service)
        return (*before, *(obj for obj in rest if obj))
