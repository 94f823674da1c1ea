"""What must exist: from one `Choice` to a `Plan`, every Kubernetes object of a spawn as plain JSON. Pure.

`draw` is the verb, `Plan` the noun. Hub configuration comes in as `PodSettings`, the one server as `ServerContext`, the
hub and the cluster as `Surroundings`; nothing is read from anywhere else, and nothing is decided after the plan is drawn.
"""

from tenantspawner.plan.account import subject_of
from tenantspawner.plan.changes import (
    CLOSED,
    Inventory,
    Reference,
    closed_quota,
    namespace_change,
    quota_change,
    with_nothing_leased,
)
from tenantspawner.plan.draw import Chosen, draw, draw_plain, provisions, with_secret_env
from tenantspawner.plan.drift import differences, other_hands
from tenantspawner.plan.marks import Site
from tenantspawner.plan.models import Binding, Manifest, Plan, Provisions, Surroundings
from tenantspawner.plan.namespace import namespace_name
from tenantspawner.plan.settings import PodSettings, ServerContext
from tenantspawner.plan.standing import Close, Keep, Law, Leave, Ruling, Standing, judge, standing_of
from tenantspawner.plan.token import owned

__all__ = [
    "CLOSED",
    "Binding",
    "Chosen",
    "Close",
    "Inventory",
    "Keep",
    "Law",
    "Leave",
    "Manifest",
    "Plan",
    "PodSettings",
    "Provisions",
    "Reference",
    "Ruling",
    "ServerContext",
    "Site",
    "Standing",
    "Surroundings",
    "closed_quota",
    "differences",
    "draw",
    "draw_plain",
    "judge",
    "namespace_change",
    "namespace_name",
    "other_hands",
    "owned",
    "provisions",
    "quota_change",
    "standing_of",
    "subject_of",
    "with_nothing_leased",
    "with_secret_env",
]
