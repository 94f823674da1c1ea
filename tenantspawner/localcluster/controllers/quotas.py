"""The quota controller: fills ``status.hard`` and counts ``status.used`` from what is there.

It acts on new quotas, on changes of ``spec``, and when something that is counted goes away or stops
costing. It does not act on creations, which admission has charged, nor on changes of the status: what is
charged in error stays so until the next count, as on a real cluster.
"""

from collections.abc import Hashable, Iterable

from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SERVICE
from tenantspawner.localcluster.admission.scopes import in_scope
from tenantspawner.localcluster.admission.usage import evaluator, is_charged
from tenantspawner.localcluster.amounts import ZERO, Amounts, only, read, total, write
from tenantspawner.localcluster.controllers.objects import Json, Reference
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.kinds import ALL
from tenantspawner.localcluster.store import Store, StoreEvent


class QuotaController(Controller):
    """Keeps the status of all quotas. Its delay is ``settings.quota_delay``."""

    @property
    def delay(self) -> float | None:
        """As set; None is a quota controller that never acts."""
        return self.settings.quota_delay

    def existing(self) -> Iterable[Hashable]:
        """Return all quotas."""
        return [Reference.to(RESOURCE_QUOTA, quota) for quota in self.store.list(RESOURCE_QUOTA)]

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the quota that changed, or those that count what went away."""
        if event.kind == RESOURCE_QUOTA and event.type != "DELETED":
            before = (event.previous or {}).get("spec")
            return () if before == event.object.get("spec") else (Reference.of(event),)
        how = evaluator(event.kind)
        if how is None or not _costs_less(event):
            return ()
        quotas = self.store.list(RESOURCE_QUOTA, event.object["metadata"].get("namespace"))
        counting = [q for q in quotas if how.matching((q.get("status") or {}).get("hard") or ())]
        return [Reference.to(RESOURCE_QUOTA, quota) for quota in counting]

    def reconcile(self, key: Hashable) -> float | None:
        """Write what the quota limits and what is used of it."""
        assert isinstance(key, Reference)
        quota = self.store.get(*key)
        if quota is None:
            return None
        hard = read(quota["spec"].get("hard"))
        before = read((quota.get("status") or {}).get("used"))
        used = only(before | counted(self.store, quota, hard), hard)
        status = {"hard": write(hard), "used": write(used)}
        if status != quota.get("status"):
            self.store.put(RESOURCE_QUOTA, {**quota, "status": status})
        return None


def counted(store: Store, quota: Json, hard: Amounts) -> Amounts:
    """Count what the quota's resources are used for now; resources nobody can count are left out."""
    namespace = quota["metadata"]["namespace"]
    used: Amounts = {}
    for kind in ALL:
        how = evaluator(kind)
        names = how.matching(hard) if how else []
        if how and names:
            usages = [how.usage(obj) for obj in store.list(kind, namespace) if in_scope(quota, kind, obj)]
            used |= only(total([dict.fromkeys(names, ZERO), *usages]), names)
    return used


def _costs_less(event: StoreEvent) -> bool:
    """Whether less may be used after the change."""
    if event.type == "DELETED":
        return True
    before = event.previous
    if before is None:
        return False
    if event.kind == POD:
        deadline = "activeDeadlineSeconds"
        ended = is_charged(before) and not is_charged(event.object)
        return ended or before["spec"].get(deadline) != event.object["spec"].get(deadline)
    return event.kind in {SERVICE, PERSISTENT_VOLUME_CLAIM} and before.get("spec") != event.object.get("spec")
