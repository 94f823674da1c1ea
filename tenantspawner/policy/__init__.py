"""Who may do what: a tenancy and a person become an entitlement, an entitlement and a request become a choice.

`entitle` collects what a person may have, with the rule behind every part. `read_request` reads what anybody sent,
by shape alone. `choose` is the one place that answers "may this person have that?". `still_holds` compares last
time's choice with today. `check_effective` holds the finished pod against all of it: the result is what is checked.
Everything here is pure: no clock (the day is handed in), no input or output, and nothing of a person is kept.
"""

from tenantspawner.policy.ceilings import default_amount, obstacle, spoken
from tenantspawner.policy.choice import choose, merge
from tenantspawner.policy.effective import HubAdditions, check_effective
from tenantspawner.policy.entitlements import Index, entitle, entitle_tenant
from tenantspawner.policy.hubprofiles import HubProfile, hub_profiles
from tenantspawner.policy.models import (
    SERVERS,
    Because,
    Ceiling,
    Choice,
    DeviceGrant,
    Entitlement,
    Entitlements,
    FreeText,
    Identity,
    ImageGrant,
    OptionChoice,
    OptionGrant,
    ProfileGrant,
    RuleKind,
    ServerName,
    SpawnRequest,
    Typed,
    Username,
)
from tenantspawner.policy.options import option_problems
from tenantspawner.policy.request import read_request
from tenantspawner.policy.stored import Remembered, still_holds

__all__ = [
    "SERVERS",
    "Because",
    "Ceiling",
    "Choice",
    "DeviceGrant",
    "Entitlement",
    "Entitlements",
    "FreeText",
    "HubAdditions",
    "HubProfile",
    "Identity",
    "ImageGrant",
    "Index",
    "OptionChoice",
    "OptionGrant",
    "ProfileGrant",
    "Remembered",
    "RuleKind",
    "ServerName",
    "SpawnRequest",
    "Typed",
    "Username",
    "check_effective",
    "choose",
    "default_amount",
    "entitle",
    "entitle_tenant",
    "hub_profiles",
    "merge",
    "obstacle",
    "option_problems",
    "read_request",
    "spoken",
    "still_holds",
]
