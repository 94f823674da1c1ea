"""The sweeper: pods that no server of the hub's database knows, found by this hub's own label and what a start writes on them.

Careful by rule: a pod must be older than ten minutes and seen orphaned in two passes; never more than a tenth of all pods at
once (though one always may); nothing when the database knows nobody or the view of the cluster is not complete. Volumes and
namespaces are never touched. What to delete is a pure function; the loop carries it out, by uid.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from tenantspawner.cluster import Cluster, Deadline, Watch
from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.objects import Pod

log = logging.getLogger(__name__)


class Server(NamedTuple):
    """A server of the hub's database."""

    username: str
    servername: str


@dataclass(frozen=True, slots=True)
class Care:
    """How careful: `interval` and `age` in seconds, `share` of all pods at once."""

    interval: float = 300.0
    age: float = 600.0
    share: float = 0.1


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass found: pods to delete now, and the uids of all orphans, to be compared with the next pass."""

    doomed: tuple[Pod, ...]
    orphans: frozenset[str]
    braked: bool = False


def orphans_among(
    pods: Sequence[Pod], hub: str, known: Collection[Server], earlier: frozenset[str], *, now: datetime, care: Care
) -> Pass:
    """Decide what may be deleted of the pods of `hub`, its label's value.

    `earlier` are the uids the pass before has found orphaned. A pod that two watches show counts once.
    """
    if not known:
        return Pass((), frozenset())
    ours = {pod.metadata.uid: pod for pod in pods if _is_ours(pod, hub)}
    orphans = [pod for pod in ours.values() if _server_of(pod) not in known and _age(pod, now) >= care.age]
    twice = [pod for pod in orphans if pod.metadata.uid in earlier and not pod.going]
    most = max(1, int(len(ours) * care.share))
    seen = frozenset(pod.metadata.uid for pod in orphans)
    if len(twice) > most:
        return Pass((), seen, braked=True)
    return Pass(tuple(twice), seen)


def _is_ours(pod: Pod, hub: str) -> bool:
    """Whether a start of this hub made the pod: another hub's is another hub's, and who only copied the label made it himself."""
    notes = pod.metadata.annotations
    return pod.metadata.labels.get(labels.HUB) == hub and {labels.OWNER, labels.SERVER, labels.SPAWN} <= notes.keys()


def _server_of(pod: Pod) -> Server:
    notes = pod.metadata.annotations
    return Server(notes[labels.OWNER], notes[labels.SERVER])


def _age(pod: Pod, now: datetime) -> float:
    born = pod.metadata.creation_timestamp
    return (now - born).total_seconds() if born else 0.0


class Sweeper:
    """Runs a pass at each interval until cancelled.

    Parameters
    ----------
    hub
        The value of this hub's label.
    watches
        The pods of ours; a pass is skipped unless every one is complete and healthy.
    known
        All servers of the hub's database that exist or are under way, asked anew at each pass.
    """

    def __init__(
        self,
        cluster: Cluster,
        hub: str,
        watches: Callable[[], Sequence[Watch[Pod]]],
        known: Callable[[], Awaitable[Collection[Server]]],
        care: Care,
    ) -> None:
        self._cluster = cluster
        self._hub = hub
        self._watches = watches
        self._known = known
        self._care = care
        self._earlier: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Sweep again and again."""
        while True:
            await asyncio.sleep(self._care.interval)
            try:
                await self.sweep()
            except TenantSpawnerError as trouble:
                log.warning("The sweep was given up: %s", trouble.detail)
            except Exception:  # the next pass may find better times
                log.exception("The sweep failed")

    async def sweep(self) -> int:
        """Make one pass and return how many pods it deleted."""
        watches = self._watches()
        if not watches or not all(watch.healthy and watch.store.complete for watch in watches):
            return 0
        pods = [pod for watch in watches for pod in watch.store.all()]
        found = orphans_among(
            pods, self._hub, await self._known(), self._earlier, now=datetime.now(UTC), care=self._care
        )
        self._earlier = found.orphans
        if found.braked:
            log.error(
                "%d of %d pods look orphaned: too many at once, nothing was deleted", len(found.orphans), len(pods)
            )
        for pod in found.doomed:
            log.warning("Deleting pod %s/%s: no server of this hub knows it", pod.metadata.namespace, pod.metadata.name)
            await self._cluster.delete(
                POD, pod.metadata.namespace, pod.metadata.name, uid=pod.metadata.uid, deadline=Deadline.after(30)
            )
        return len(found.doomed)
