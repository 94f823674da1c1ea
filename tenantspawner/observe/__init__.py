"""What Kubernetes says, in our words: a pod's condition, an event's news, a refusal's meaning. Pure.

`condition` turns a pod into one value; `news` an event into a sentence; `why_denied` a refusal into another.
"""

from tenantspawner.observe.events import NODE_COMES, News, news
from tenantspawner.observe.pods import UNSCHEDULABLE, Condition, State, condition, exit_code
from tenantspawner.observe.refusals import Using, exceeded_keys, limits_broken, quota_exceeded, why_denied

__all__ = [
    "NODE_COMES", "UNSCHEDULABLE", "Condition", "News", "State", "Using", "condition", "exceeded_keys", "exit_code",
    "limits_broken", "news", "quota_exceeded", "why_denied",
]  # fmt: skip
