"""One spawn, carried out: provision, claim, pod, ready. Everything was decided before, in the plan."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from tenantspawner.cluster import Cluster, Deadline, Meaning, Watch, meaning
from tenantspawner.errors import ApiError, ClusterTrouble, TenantSpawnerError
from tenantspawner.kube.objects import Event, Pod
from tenantspawner.lifecycle.budgets.grants import Held
from tenantspawner.lifecycle.journal import Journal
from tenantspawner.lifecycle.servers.gated import Patience
from tenantspawner.lifecycle.servers.launch import Made, create_pod, ensure_claim, remove
from tenantspawner.lifecycle.servers.others import within_others
from tenantspawner.lifecycle.servers.provision import provision
from tenantspawner.lifecycle.servers.readiness import CLEAN_UP, Vigil, tell_events, until_ready
from tenantspawner.lifecycle.turns import Turns
from tenantspawner.plan import Plan

log = logging.getLogger(__name__)


View = Callable[[Deadline], Awaitable[Watch[Pod]]]
Hold = Callable[[Deadline], AbstractAsyncContextManager[Held]]


@asynccontextmanager
async def nothing_to_hold(_: Deadline) -> AsyncIterator[Held]:
    """Where no budget is leased."""
    yield Held()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a spawn is carried out: `grace` in seconds for what may heal, events watched or not, texts never shown.

    `patience` is for the gate of a cluster's queue.
    """

    grace: float = 60.0
    events: bool = True
    secrets: Collection[str] = ()
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A server that is ready."""

    made: Made
    address: str


async def spawn(
    cluster: Cluster,
    view: View,
    plan: Plan,
    deadline: Deadline,
    journal: Journal,
    *,
    manner: Manner,
    turns: Turns,
    on_made: Callable[[Made], Awaitable[None]],
    hold: Hold = nothing_to_hold,
) -> Started:
    """Carry out a plan; until the pod is made, the namespace is this start's.

    `view` gives the watch that covers the pod; it is asked for when the namespace stands, since before that the hub may
    have no right to look there. `on_made` is awaited as soon as the pod exists, so that a crash after it loses nothing.
    `hold` holds what the pod takes of the team's budget while it is created.

    When this raises, no pod of this spawn is left, or the sweeper will find it by its labels.
    """
    async with turns.start(plan.namespace):
        made, pods = await _until_made(_Way(cluster, view, hold), plan, deadline, journal)
    await on_made(made)
    vigil = Vigil(cluster, pods.store, made, deadline, manner.grace, manner.patience)
    events = tell_events(vigil, journal) if manner.events else None
    try:
        found = await until_ready(vigil, journal, manner.secrets)
    except TenantSpawnerError:
        await remove(cluster, made, Deadline.after(CLEAN_UP))
        raise
    finally:
        await _closed(events)
    journal.say("The server is running.", 95)
    return Started(made, found.address)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a pod comes to be: the cluster, what is seen of it, and what is held meanwhile."""

    cluster: Cluster
    view: View
    hold: Hold


async def _until_made(way: _Way, plan: Plan, deadline: Deadline, journal: Journal) -> tuple[Made, Watch[Pod]]:
    """Provision and create; once more from the start when the namespace went away in between."""
    try:
        return await _provision_and_create(way, plan, deadline, journal)
    except ApiError as error:
        if plan.provisions is None or meaning(error.answer) not in {Meaning.TERMINATING, Meaning.NOT_FOUND}:
            raise
        log.info("Namespace %s went away during a start; provisioning it again", plan.namespace)
        return await _provision_and_create(way, plan, deadline, journal)


async def _provision_and_create(way: _Way, plan: Plan, deadline: Deadline, journal: Journal) -> tuple[Made, Watch[Pod]]:
    if plan.provisions is not None:
        await provision(way.cluster, plan.provisions, deadline, journal)
    pods = await way.view(deadline)
    with suppress(ClusterTrouble):
        await pods.synced(deadline.shorter(5))  # a late watch costs a look, not the start
    await within_others(way.cluster, plan, pods.store, deadline)
    await ensure_claim(way.cluster, plan, deadline)
    async with way.hold(deadline) as held:
        made = await create_pod(way.cluster, pods.store, plan, deadline, journal, counted=held.counted)
        held.undo = partial(remove, way.cluster, made, Deadline.after(CLEAN_UP))
    return made, pods


async def _closed(events: Watch[Event] | None) -> None:
    if events is not None:
        await events.close()
