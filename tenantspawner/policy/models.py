"""The nouns of policy: who asks, what was asked, what this person may have, what was chosen.

All are frozen values. An `Entitlement` is everything one person may have in one tenant, with the rule
behind each part; a `Choice` is one server out of it and travels forward to the plan unchanged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType

from tenantspawner.kube.images import ImagePattern, ImageReference
from tenantspawner.tenancy.models import Profile, ProfileId, Tenant, TenantId

Username = NewType("Username", str)
ServerName = NewType("ServerName", str)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the hub knows them: the normalised name, and the groups of this moment."""

    name: Username
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """What somebody asked for: shape only, nothing is believed yet. None means "the default"."""

    tenant: str | None = None
    profile: str | None = None
    image: str | None = None
    devices: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)  # option key -> choice key, or free text


class RuleKind(StrEnum):
    """Why a rule matched; `user` beats `group` for quotas."""

    USER = "user"
    GROUP = "group"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Because:
    """The rule behind a part of an entitlement, as ``explain`` prints it: ``tenants.physics.members[0]``."""

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
    """How many of one device a server may ask for; `choices` ascending as written, `default` among them."""

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
    """``unlisted_choice``: text within a pattern that must match the whole value."""

    display_name: str
    pattern: str
    message: str
    override: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OptionGrant:
    """One option of a profile."""

    key: str
    display_name: str
    choices: tuple[OptionChoice, ...]
    free: FreeText | None = None


@dataclass(frozen=True, slots=True)
class ProfileGrant:
    """A profile this person may start, with what may be chosen in it; the first image is the default."""

    id: ProfileId
    display_name: str
    description: str
    profile: Profile
    images: tuple[ImageGrant, ...]
    patterns: tuple[ImagePattern, ...]  # further references that may be asked for by name
    devices: DeviceGrant | None
    options: tuple[OptionGrant, ...] = ()
    override: Mapping[str, Any] = field(default_factory=dict)  # of the profile itself
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One key of a person's own quota (`key` in ResourceQuota's full form, or ``servers``) and the rule behind it."""

    key: str
    amount: Decimal
    because: Because


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Everything one person may have in one tenant; profiles in the document's order, the first is the default."""

    identity: Identity
    tenant_id: TenantId
    tenant: Tenant
    display_name: str
    profiles: tuple[ProfileGrant, ...]
    ceilings: tuple[Ceiling, ...]
    because: tuple[Because, ...]
    gpu: str  # the document's gpu resource
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Entitlements:
    """All tenants of one person, in the document's order; empty when no rule and no default names them."""

    identity: Identity
    tenants: tuple[Entitlement, ...]
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One server, chosen and allowed. `override` is the merge of profile, options and image, traits by name."""

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
