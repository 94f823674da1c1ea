"""What must exist: from one `Choice` to a `Plan`, every Kubernetes object of a spawn as plain JSON. Pure.

`draw` is the verb, `Plan` the noun. Hub configuration comes in as `PodSettings`, the one server as `ServerContext`, the
hub and the cluster as `Surroundings`; nothing is read from anywhere else, and nothing is decided after the plan is drawn.
"""

from tenantspawner.plan.account import subject_of
from tenantspawner.plan.draw import Chosen, draw, draw_plain, provisions, with_secret_env
from tenantspawner.plan.models import Binding, Manifest, Plan, Provisions, Surroundings
from tenantspawner.plan.namespace import namespace_name
from tenantspawner.plan.settings import PodSettings, ServerContext
from tenantspawner.plan.token import owned

__all__ = [
    "Binding",
    "Chosen",
    "Manifest",
    "Plan",
    "PodSettings",
    "Provisions",
    "ServerContext",
    "Surroundings",
    "draw",
    "draw_plain",
    "namespace_name",
    "owned",
    "provisions",
    "subject_of",
    "with_secret_env",
]
