"""The nouns of policy: who asks, what was asked, what this person may have, what was chosen.

All are frozen values. An `Entitlement` is everything one person may have in one tenant, with the rule
behind each part; a `Choice` is one server out of it and travels forward to the plan unchanged. Profiles are
shared between all people with the same rights, so an entitlement is cheap to make and to keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, Self

from tenantspawner.kube.images import ImagePattern, ImageReference
from tenantspawner.policy.imagelists import ImageList
from tenantspawner.tenancy.models import Profile, ProfileId, Tenant, TenantId

Username = NewType("Username", str)
ServerName = NewType("ServerName", str)

SERVERS = "servers"
"""The one ceiling that is no ResourceQuota key: a person's running servers, counted by the hub."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the hub knows them: the normalised name, and the groups of this moment."""

    name: Username
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """What somebody asked for: shape only, nothing is believed yet. None means "the default".

    `options` maps option key -> choice key, and ``<key>--unlisted-choice`` -> free text, as KubeSpawner stores them.
    """

    tenant: str | None = None
    profile: str | None = None
    image: str | None = None
    devices: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class RuleKind(StrEnum):
    """What stands behind a part. Of a person's rules, `user` beats `group` for quotas."""

    USER = "user"  # a rule names this person
    GROUP = "group"  # a rule names a group, or everybody
    DEFAULT = "default"  # no rule matched; the document's default tenant
    TENANT = "tenant"  # the tenant itself says so
    RULE = "rule"  # a rule of the tenant that this person matches
    PROFILE = "profile"  # the catalogue's profile says so
    ABSENT = "absent"  # nobody said anything; what absence means


@dataclass(frozen=True, slots=True)
class Because:
    """The rule behind a part, as ``explain`` prints it: ``tenants.physics.members[0]``, group, ``physics-*``."""

    path: str
    kind: RuleKind
    matched: str = ""


@dataclass(frozen=True, slots=True)
class ImageGrant:
    """One image the form lists: a catalogue entry or an exact reference."""

    id: str
    reference: ImageReference
    display_name: str
    description: str = ""
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """How many of one device a server may ask for; `choices` in the document's order, `default` among them."""

    resource: str
    choices: tuple[int, ...]
    default: int


@dataclass(frozen=True, slots=True)
class OptionChoice:
    """One choice of a profile option (KubeSpawner's ``profile_options``)."""

    key: str
    display_name: str
    override: Mapping[str, Any]
    default: bool = False


@dataclass(frozen=True, slots=True)
class FreeText:
    """``unlisted_choice``: text within a pattern that must match the whole value. An empty pattern allows any."""

    display_name: str
    pattern: str
    message: str
    override: Mapping[str, Any]
    choice_name: str = "Other..."  # the entry among the choices that stands for it


@dataclass(frozen=True, slots=True)
class OptionGrant:
    """One option of a profile; without choices only free text."""

    key: str
    display_name: str
    choices: tuple[OptionChoice, ...]
    free: FreeText | None = None

    @property
    def default(self) -> OptionChoice | None:
        """The choice in force when nothing is asked: the one marked, else the first."""
        return next((choice for choice in self.choices if choice.default), next(iter(self.choices), None))


class Typed(str):
    """A string with text of a person in it: literal, never a template.

    Settings put it into the pod as it is: no ``{field}`` in it is expanded, and where Kubernetes would expand
    ``$(NAME)`` they use `escaped`, in which only the dollars that the person typed are doubled.
    """

    __slots__ = ("escaped",)
    escaped: str

    def __new__(cls, text: str, escaped: str) -> Self:
        """Make the string `text`, which reads `escaped` where Kubernetes expands variables."""
        made = super().__new__(cls, text)
        made.escaped = escaped
        return made


@dataclass(frozen=True, slots=True)
class ProfileGrant:
    """A profile this person may start, with what may be chosen in it; the first image is the default.

    `image_by_option` says that options set the image: then no image is asked for beside them.
    """

    id: ProfileId
    display_name: str
    description: str
    profile: Profile
    images: tuple[ImageGrant, ...]
    patterns: tuple[ImagePattern, ...]  # what the form says about further references; `allows` decides
    devices: DeviceGrant | None
    options: tuple[OptionGrant, ...] = ()
    override: Mapping[str, Any] = field(default_factory=dict)  # of the profile itself
    because: tuple[Because, ...] = ()
    image_lists: tuple[ImageList, ...] = ()  # the tenant's, the rules', the profile's: each must allow an image
    image_by_option: bool = False

    def allows(self, reference: ImageReference) -> bool:
        """Whether a container of this profile may run that image; no list allows nothing."""
        return bool(self.image_lists) and all(images.allows(reference) for images in self.image_lists)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One key of a person's own quota (`key` in ResourceQuota's full form, or ``servers``) and the rule behind it."""

    key: str
    amount: Decimal
    because: Because


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Everything one person may have in one tenant; profiles in the document's order, the first is the default.

    `whole_profiles` and `most` are the tenant's, whoever asks: what a namespace that all of it share is made by.
    """

    identity: Identity
    tenant_id: TenantId
    tenant: Tenant
    display_name: str
    profiles: tuple[ProfileGrant, ...]
    ceilings: tuple[Ceiling, ...]
    because: tuple[Because, ...]
    gpu: str  # the document's gpu resource
    contact: str | None = None
    whole_profiles: tuple[ProfileGrant, ...] = ()  # narrowed by no rule
    most: tuple[Ceiling, ...] = ()  # for each key the most that anybody of the tenant may have

    def ceiling(self, key: str) -> Ceiling | None:
        """The person's own bound for a key, None where there is none."""
        return next((ceiling for ceiling in self.ceilings if ceiling.key == key), None)


@dataclass(frozen=True, slots=True)
class Entitlements:
    """All tenants of one person, in the document's order; empty when no rule and no default names them."""

    identity: Identity
    tenants: tuple[Entitlement, ...]
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One server, chosen and allowed.

    `override` is the merge of profile and options, traits by name; it never has `image`, which stands for itself.
    """

    entitlement: Entitlement
    profile: ProfileGrant
    image: ImageReference
    image_id: str | None
    devices: Mapping[str, int]  # resource -> amount
    options: Mapping[str, str]
    override: Mapping[str, Any]

    @property
    def tenant_id(self) -> TenantId:
        """The tenant the server belongs to."""
        return self.entitlement.tenant_id
