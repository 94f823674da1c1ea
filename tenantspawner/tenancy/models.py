"""What an admin may write, as strict frozen models: the schema of the tenancy document, version 1.

These are the document's own words (docs/reference/tenancy): every class is one mapping of it, every
field one key, camelCase outside and snake_case inside. Unknown keys are errors. A value that is absent
stays None here; what absence means is settled where it is asked (policy, plan), so that "not said" and
"said to be nothing" never mix.

Quantities are exact `Decimal` (``kube.quantities``); bytes for memory and storage, cores for cpu.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag, WithJsonSchema
from pydantic.alias_generators import to_camel

from tenantspawner.kube.quantities import parse

TenantId = NewType("TenantId", str)
ProfileId = NewType("ProfileId", str)
ImageId = NewType("ImageId", str)

T = TypeVar("T")
Items = Annotated[tuple[T, ...], Strict(False)]  # a YAML list is a Python list; strict would refuse it

GPU_RESOURCE = "nvidia.com/gpu"


def _quantity(value: object) -> Decimal:
    """Read a quantity as Kubernetes does; a bool is no number here."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise ValueError("must be a quantity such as 500m, 2 or 4Gi")  # noqa: TRY004  # pydantic reports ValueError only
    quantity = parse(str(value))
    if quantity < 0:
        raise ValueError("must not be negative")
    return quantity


def _day(value: object) -> object:
    """Take a day in quotes as well: JSON has no dates."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
            raise ValueError("must be a day such as 2027-03-31")
        return date.fromisoformat(value)
    return value


def _shape(value: object) -> str:
    """Tell which form of a value was written, so that a problem is told once and in that form's words.

    Angle brackets: these words appear in Pydantic's locations and can be no key of a document.
    """
    return "<mapping>" if isinstance(value, (dict, BaseModel)) else "<plain>"


_Plain = Tag("<plain>")
_Mapping = Tag("<mapping>")


Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0}], "examples": ["500m", 2, "4Gi"]}),
]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
DeviceCount = Annotated[int, Field(ge=0, le=1024)]
Duration = Annotated[str, Field(pattern=r"^([0-9]{1,6}(s|m|h|d))+$", examples=["30m", "2h"])]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Day = Annotated[date, BeforeValidator(_day)]
Strings = dict[str, str]
Quantities = dict[str, Quantity]


class Model(BaseModel):
    """Strict, frozen, camelCase outside, unknown keys forbidden."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_default=True,
        hide_input_in_errors=True,
    )


class Image(Model):
    """An entry of the image catalogue."""

    image: Text
    display_name: Text | None = None
    description: Text | None = None


class Bounds(Model):
    """What a server asks for (`request`) and what it may use at most (`limit`)."""

    request: Quantity | None = None
    limit: Quantity | None = None


Amount = Annotated[Annotated[Quantity, _Plain] | Annotated[Bounds, _Mapping], Discriminator(_shape)]


class Devices(Model):
    """How many devices a server of a profile may ask for; `resource` None means the document's ``gpu``."""

    resource: Text | None = None
    choices: Items[DeviceCount]
    default: DeviceCount | None = None


DeviceRule = Annotated[Annotated[DeviceCount, _Plain] | Annotated[Devices, _Mapping], Discriminator(_shape)]


class Toleration(Model):
    """As in a pod's spec."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class Profile(Model):
    """The shape of a server."""

    display_name: Text | None = None
    description: Text | None = None
    cpu: Amount | None = None
    memory: Amount | None = None
    gpu: DeviceRule | None = None
    images: Items[Text] | None = None
    node_selector: Strings = {}
    tolerations: Items[Toleration] = ()
    env: Strings = {}
    idle_timeout: Duration | None = None
    max_age: Duration | None = None
    options: dict[str, Any] = {}  # KubeSpawner's profile_options; read by policy.options
    override: dict[str, Any] = {}  # trait -> value; the envelope lists which may be named


class Ceilings(Model):
    """A quota: the short keys, and any ResourceQuota key besides (``requests.cpu``, ``count/services``)."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Quantity]

    cpu: Quantity | None = None
    memory: Quantity | None = None
    gpu: Quantity | None = None
    storage: Quantity | None = None
    servers: Count | None = None

    def named(self) -> Mapping[str, Decimal]:
        """Every key that is said, short ones as written."""
        said = {key: getattr(self, key) for key in ("cpu", "memory", "gpu", "storage", "servers")}
        return {
            **{key: Decimal(value) for key, value in said.items() if value is not None},
            **(self.__pydantic_extra__ or {}),
        }


class Rule(Model):
    """Who is a member, until when, and what differs for them."""

    users: Items[Text] = ()
    groups: Items[Text] = ()
    quota: Ceilings | None = None
    profiles: Items[Text] | None = None
    images: Items[Text] | None = None
    until: Day | None = None


class Admins(Model):
    """Who may see the team's page; `may_stop`: and stop its servers."""

    users: Items[Text] = ()
    groups: Items[Text] = ()
    may_stop: bool = False


class NamespaceRule(Model):
    """Where a tenant's servers live."""

    per: Literal["user", "tenant", "hub"] = "user"
    name: Text | None = None
    labels: Strings = {}
    annotations: Strings = {}
    pod_security: Literal["restricted", "baseline", "privileged"] = "restricted"


class ServiceAccount(Model):
    """The account that a tenant's pods run as."""

    name: Identifier = "notebook"
    annotations: Strings = {}
    automount_token: bool = False


class Quota(Model):
    """`user`: one person's own ceilings. `team`: over all of the tenant's namespaces."""

    user: Ceilings | None = None
    team: Ceilings | None = None


class Queue(Model):
    """Wait in line for the team's budget."""

    max_wait: Duration = "30m"
    max_length: Annotated[int, Field(ge=1, le=10_000)] = 50


class OnExhausted(Model):
    """``{queue: {…}}``."""

    queue: Queue


Exhausted = Annotated[
    Annotated[Literal["refuse", "queue"], _Plain] | Annotated[OnExhausted, _Mapping], Discriminator(_shape)
]


class SelfService(Model):
    """``{deleteAboveGrant: true}``: people start pods with budgeted devices themselves, and what nobody granted goes again."""

    delete_above_grant: bool = False


SelfServing = Annotated[Annotated[bool, _Plain] | Annotated[SelfService, _Mapping], Discriminator(_shape)]


class Limits(Model):
    """Container defaults and bounds of a LimitRange."""

    default: Quantities = {}
    default_request: Quantities = {}
    min: Quantities = {}
    max: Quantities = {}
    max_limit_request_ratio: Quantities = {}


class NetworkRules(Model):
    """`isolated`, with further rules of a NetworkPolicy."""

    extra_ingress: Items[dict[str, Any]] = ()
    extra_egress: Items[dict[str, Any]] = ()


Network = Annotated[
    Annotated[Literal["isolated", "open"], _Plain] | Annotated[NetworkRules, _Mapping], Discriminator(_shape)
]


class Storage(Model):
    """Each person's home volume."""

    capacity: Quantity
    storage_class: Text | None = None
    mount_path: Annotated[str, Field(pattern=r"^/[^:\x00]*$")] = "/home/jovyan"
    access_modes: Items[Literal["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"]] = (
        "ReadWriteOnce",
    )


class SharedVolume(Model):
    """A claim that exists in the namespace, mounted for everybody of the tenant."""

    claim: Identifier
    mount_path: Annotated[str, Field(pattern=r"^/[^:\x00]*$")]
    sub_path: Text | None = None
    read_only: bool = True


class Tenant(Model):
    """One team: who, what, where, how much."""

    display_name: Text | None = None
    members: Items[Rule]
    admins: Admins = Admins()
    images: Items[Text]
    profiles: Items[Text]
    namespace: NamespaceRule = NamespaceRule()
    service_account: ServiceAccount = ServiceAccount()
    roles: Items[Text] = ()
    quota: Quota = Quota()
    on_exhausted: Exhausted = "refuse"
    self_service: SelfServing = False
    limits: Limits | None = None
    network: Network = "isolated"
    pull_secrets: Items[Identifier] = ()
    storage: Storage | None = None
    volumes: Items[SharedVolume] = ()
    local_queue: Identifier | None = None
    objects: Items[dict[str, Any]] = ()


class Tenancy(Model):
    """The whole document; several ConfigMaps are merged into one of these."""

    version: Literal[1]
    gpu: Text = GPU_RESOURCE
    images: dict[Identifier, Image] = {}
    profiles: dict[Identifier, Profile] = {}
    tenants: dict[Identifier, Tenant]
    default: Text | None = None
    contact: Text | None = None


SIZE_AND_PLACE = (
    "cpu_guarantee", "cpu_limit", "mem_guarantee", "mem_limit", "extra_resource_guarantees", "extra_resource_limits",
    "image", "node_selector", "tolerations", "node_affinity_preferred", "node_affinity_required",
    "pod_affinity_preferred", "pod_affinity_required", "pod_anti_affinity_preferred", "pod_anti_affinity_required",
)  # fmt: skip
"""KubeSpawner's traits that place and size a server (`image` too: the result is compared with the tenancy)."""


class Envelope(Model):
    """Hub configuration's bounds, which no document can pass; each field is a trait of the spawner."""

    hub_id: Text = "hub"
    hub_namespace: Text = "default"
    namespace_prefix: Text = "hub-"
    allowed_namespaces: Items[Text] = ()  # globs; empty: those with the prefix
    allowed_cluster_roles: Items[Text] = ("tenantspawner-notebook",)
    allowed_overrides: Items[Text] = SIZE_AND_PLACE
    allowed_object_kinds: Items[Text] = ()  # "ConfigMap", "Ingress.networking.k8s.io"
    allowed_service_accounts: Items[Text] = ()  # in the hub's own namespace; elsewhere empty means any
    max_pod_security: Literal["restricted", "baseline", "privileged"] = "baseline"
