"""Behind a scheduling gate: the pod is there, and nobody may place it yet. This is how Kueue lets the pods of a queue wait.

The time behind the gate is not the start's own; it has a limit of its own. Who waits there counts as starting for the hub, as in a
line, so there is a bound on how many may: further ones are given up, but only after a queue with room would have let them in.
Waiting is done on the watch of pods and costs no requests.

Source: https://kueue.sigs.k8s.io/docs/tasks/run/plain_pods/ (Kueue gates and finalizes each pod with a queue's name, and opens the
gate when the queue has room; gates can be taken away from a pod, never added).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tenantspawner.budget import Speech
from tenantspawner.cluster import Deadline
from tenantspawner.cluster.deadline import now
from tenantspawner.errors import NotAdmitted, TooManyWaiting
from tenantspawner.policy import Entitlement
from tenantspawner.tenancy.durations import seconds, spoken
from tenantspawner.tenancy.models import OnExhausted, Queue, Tenant

GRACE = 5.0  # seconds that any number of pods may be behind the gate: a queue with room lets them in by then


class Crowd:
    """The starts of one hub that are behind a gate, in order of arrival; `elsewhere` counts those that wait in other ways."""

    def __init__(self, elsewhere: Callable[[], int] = lambda: 0) -> None:
        self._elsewhere = elsewhere
        self._gates: list[Gate] = []

    @property
    def waiting(self) -> int:
        """How many are to stay there."""
        return self.by_tenant.total()

    @property
    def by_tenant(self) -> Counter[str]:
        """How many are to stay there, by tenant."""
        return Counter(gate.tenant_id for gate in self._gates if gate.settled)

    def enter(self, gate: "Gate") -> None:
        """Count one more."""
        self._gates.append(gate)

    def leave(self, gate: "Gate") -> None:
        """Count one less."""
        self._gates.remove(gate)

    def before(self, gate: "Gate") -> int:
        """How many wait already, in whatever way."""
        return self._gates.index(gate) + self._elsewhere()


@dataclass(frozen=True, slots=True)
class Patience:
    """How a start of a tenant may wait behind the gate of `queue`: for `max_wait` seconds, and among at most `most` of the hub."""

    queue: str
    max_wait: float
    speech: Speech
    crowd: Crowd
    most: int | None = None
    tenant_id: str = ""


def gate_wait(tenant: Tenant) -> float:
    """How many seconds a pod of this tenant may be behind the gate of its queue; 0 where it names none."""
    if tenant.local_queue is None:
        return 0.0
    said = tenant.on_exhausted
    return seconds((said.queue if isinstance(said, OnExhausted) else Queue()).max_wait)


def patience_of(entitlement: Entitlement, crowd: Crowd, most: int | None) -> Patience | None:
    """How a start of this tenant waits behind a gate; None where nobody waits, and the time is the start's own."""
    queue = entitlement.tenant.local_queue
    if queue is None:
        return None
    speech = Speech(entitlement.display_name, entitlement.gpu, entitlement.contact)
    return Patience(queue, gate_wait(entitlement.tenant), speech, crowd, most, str(entitlement.tenant_id))


class Gate:
    """One start behind its gate, from now on until it leaves."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._begun = now()
        self.settled = False  # may stay
        patience.crowd.enter(self)

    @property
    def tenant_id(self) -> str:
        """Whose it is."""
        return self._patience.tenant_id

    @property
    def limit(self) -> Deadline:
        """When to look at it again."""
        longest = self._patience.max_wait
        return Deadline(self._begun + (longest if self.settled else min(GRACE, longest)))

    def check(self) -> None:
        """Decide at the limit whether it may stay.

        Raises
        ------
        NotAdmitted
            It has been there for as long as one may.
        TooManyWaiting
            So many others are, too, that the hub could start nothing else.
        """
        patience = self._patience
        if now() >= self._begun + patience.max_wait:
            raise NotAdmitted(
                f"You waited {spoken(now() - self._begun)} in the cluster's queue {patience.queue}, and it has not let your "
                f"server in. {patience.speech.ask}, choose a smaller one, or try again later."
            )
        if not self.settled and patience.most is not None and patience.crowd.before(self) >= patience.most:
            raise TooManyWaiting(
                "So many people wait in line on this hub that it could start nothing else. Try again in a few minutes."
            )
        self.settled = True

    def leave(self) -> float:
        """Be there no more; returns the seconds it took."""
        self._patience.crowd.leave(self)
        return now() - self._begun
