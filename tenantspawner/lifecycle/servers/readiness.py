"""Waiting for a pod to be ready, by watch; and giving up early, with the reason, on what will not heal.

Failing states get a grace, since an image registry may hiccup. A pod that ends, is deleted by somebody or is refused by
every node for longer than the grace is given up: it is deleted, and the sentence has Kubernetes' own reason and the last lines of
its log, with everything secret taken out. Where an autoscaler says that it makes a node, that is waited for. Where the tenant has a queue, the time behind its gate is not counted (see `gated`).
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from tenantspawner.cluster import Cluster, Deadline, Store, Watch
from tenantspawner.errors import DeadlinePassed, PodFailed, TenantSpawnerError
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.objects import Event, Pod
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.servers.gated import Gate, Patience
from tenantspawner.lifecycle.servers.launch import Made
from tenantspawner.observe import NODE_COMES, UNSCHEDULABLE, Condition, State, condition, news

log = logging.getLogger(__name__)

LOOK_AFTER = 5.0  # seconds without a sign of the pod in the watch, then it is asked for
CLEAN_UP = 10.0  # seconds to delete a pod that is given up
SECRET_PATIENCE = 10.0  # seconds
_MAY_BE_LATE = frozenset({"CreateContainerConfigError"})
_UNDER_WAY = frozenset({State.GATED, State.WAITING, State.FAILING})
_LOG_LINES = 5
_LONGEST_LOG = 600


@dataclass(slots=True)
class Vigil:
    """Waiting for one pod. `grace` is how many seconds a failing state may last.

    With `patience` the time behind a gate is left out, and the deadline is later by it. `node_comes` is set once an
    autoscaler has said so: then no node is no failure, for as long as the deadline allows.
    """

    cluster: Cluster
    pods: Store[Pod]
    made: Made
    deadline: Deadline
    grace: float
    patience: Patience | None = None
    seen: Condition | None = None
    node_comes: bool = False
    _given_up_at: Deadline | None = None
    _gate: Gate | None = None

    async def until_ready(self, journal: Journal) -> Condition:
        """Follow the pod through its conditions until it is ready or given up; tells each to the journal.

        Raises
        ------
        DeadlinePassed
            It was neither in time; `seen` is its last condition.
        NotAdmitted, TooManyWaiting
            It was not let through its gate.
        """
        try:
            return await self._until_ready(journal)
        finally:
            self._mind_gate(closed=False)

    async def _until_ready(self, journal: Journal) -> Condition:
        while True:
            try:
                self.seen = await self._next()
            except DeadlinePassed:
                if self._gate is None and self.deadline.passed:
                    raise
                if (given_up := await self._expired()) is not None:
                    return given_up
                continue
            if self.seen.state not in _UNDER_WAY:
                return self.seen
            self._mind_gate(closed=self.seen.state is State.GATED)
            failing = self.seen.state is State.FAILING
            journal.say(self.seen.sentence, 50, alarming=failing)
            if not failing:
                self._given_up_at = None
            elif self._given_up_at is None:
                self._given_up_at = self.deadline.shorter(self._forbearance())

    async def _expired(self) -> Condition | None:
        """Say what to give up for after one of the limits before the deadline; None to go on waiting."""
        if self._gate is not None:
            self._gate.check()
            return None
        if self.seen is None:
            return condition(None) if await self._is_gone() else None
        self._given_up_at = None
        comes = self.node_comes and self.seen.reason == UNSCHEDULABLE
        return None if comes else self.seen  # has been failing for the whole grace

    async def _next(self) -> Condition:
        """Wait for a condition other than the one seen last."""
        pod = await self.pods.until(self.made.namespace, self.made.name, self._is_news, self._limit())
        return condition(pod if self._is_it(pod) else None)

    def _limit(self) -> Deadline:
        if self._gate is not None:
            return self._gate.limit
        if self.seen is None:
            return self.deadline.shorter(LOOK_AFTER)
        return self._given_up_at or self.deadline

    def _mind_gate(self, *, closed: bool) -> None:
        """Begin to wait behind a gate, or go on with as much time as was left before."""
        if closed and self._gate is None and self.patience is not None:
            self._gate = Gate(self.patience)
        elif not closed and self._gate is not None:
            self.deadline = Deadline(self.deadline.at + self._gate.leave())
            self._gate = None

    def _forbearance(self) -> float:
        """The grace; longer where the kubelet may not have seen the Secret yet that is made right after the pod."""
        late = self.seen is not None and self.seen.reason in _MAY_BE_LATE
        return max(self.grace, SECRET_PATIENCE) if late else self.grace

    def _is_news(self, pod: Pod | None) -> bool:
        if not self._is_it(pod):
            return self.seen is not None  # gone, once it has been there
        return condition(pod) != self.seen

    def _is_it(self, pod: Pod | None) -> bool:
        return pod is not None and pod.metadata.uid == self.made.uid

    async def _is_gone(self) -> bool:
        there = await self.cluster.get(POD, self.made.namespace, self.made.name, self.deadline)
        return there is None or there["metadata"]["uid"] != self.made.uid


async def until_ready(vigil: Vigil, journal: Journal, secrets: Collection[str]) -> Condition:
    """Wait until the pod is ready and return its condition, with the address.

    `secrets` are texts that must not be shown, wherever they turn up.

    Raises
    ------
    PodFailed
        It will not become ready, or did not in time. It has been given up, and should be deleted.
    """
    made = vigil.made
    try:
        found = await vigil.until_ready(journal)
    except DeadlinePassed:
        last = f" {vigil.seen.sentence}" if vigil.seen else ""
        raise PodFailed(f"The server was not ready in time.{last}") from None
    if found.state is State.READY:
        return found
    tail = "" if found.state is State.GONE else await _last_lines(vigil.cluster, made, secrets)
    raise PodFailed(f"{found.sentence}{tail}", f"pod {made.namespace}/{made.name}: {found.reason}: {found.sentence}")


def tell_events(vigil: Vigil, journal: Journal) -> Watch[Event]:
    """Tell the pod's events to the journal until the watch is closed; without the right to see them nothing is told."""
    made = vigil.made
    watch = vigil.cluster.watch(Event, namespace=made.namespace, field_selector=f"involvedObject.uid={made.uid}")

    def tell(old: Event | None, new: Event | None) -> None:
        if new is not None and (old is None or new.count != old.count):
            vigil.node_comes = vigil.node_comes or new.reason in NODE_COMES
            line = news(new)
            journal.say(line.text, 60, alarming=line.alarming)

    watch.store.on_change(tell)
    watch.start()
    return watch


async def _last_lines(cluster: Cluster, made: Made, secrets: Collection[str]) -> str:
    """The end of the server's log; nothing where there is none."""
    try:
        text = await cluster.logs(
            made.namespace, made.name, "notebook", tail_lines=_LOG_LINES, deadline=Deadline.after(CLEAN_UP / 2)
        )
    except TenantSpawnerError:
        return ""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = text.strip()[-_LONGEST_LOG:]
    return f" The last lines of its log: {text}" if text else ""
