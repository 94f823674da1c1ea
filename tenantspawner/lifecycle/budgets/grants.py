"""Carrying out grants and returns: each step of `budget`'s state machines is one request; nothing is decided here.

One change at a time in a namespace: a lock for each is held from the first step of a grant until its pod is created and counted,
so that nothing is raised while a creation of our own is under way there. The ledger's read and swap are kept together by a lock for
each tenant, which only saves tries: what makes it right is the version.

When a grant fails with an answer, what it took is given back at once. When it fails without one (no answer, no time, a
cancelled start), the pod may yet come to be, so the grant stays and the sweep ends it: lowered in one pass, ended in a later one.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from tenantspawner.budget import (
    Answer,
    Ask,
    Ending,
    Granting,
    Ledger,
    LedgerSeen,
    NoLedger,
    Nonce,
    Outcome,
    Rebuilding,
    Returning,
    Sighting,
    SpawnId,
    abandoned,
    begin_fence,
    begin_grant,
    begin_rebuild,
    begin_return,
    beyond,
    grant_step,
    overdue,
    rebuild_step,
    refusal,
    return_step,
    shortage,
    steps,
)
from tenantspawner.cluster import Cluster, Deadline
from tenantspawner.errors import ApiError, PersonMustAct, TenantSpawnerError
from tenantspawner.lifecycle.budgets.above import AboveGrants
from tenantspawner.lifecycle.budgets.budgetdoor import BudgetDoor, Team
from tenantspawner.plan import Manifest

log = logging.getLogger(__name__)

GIVE_BACK = 60.0  # seconds for a return
_LONGEST_PAUSE = 0.5
_STEPS = {Granting: grant_step, Returning: return_step, Rebuilding: rebuild_step}


@dataclass(slots=True)
class Held:
    """A grant under which the pod may be created now. `undo` deletes that pod, should the count find too many.

    Of the keys in `counted` there is enough by the hub's own count, though the API server may not have seen it yet.
    """

    undo: Callable[[], Awaitable[None]] | None = None
    counted: frozenset[str] = frozenset()


class Grants:
    """The grants of one hub, for all its tenants.

    Parameters
    ----------
    hub_namespace
        Where the ledgers are.
    """

    def __init__(self, cluster: Cluster, hub_namespace: str) -> None:
        self._door = BudgetDoor(cluster, hub_namespace)
        self._namespaces: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ledgers: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[SpawnId] = set()
        self._fenced: dict[str, dict[Sighting, float]] = {}
        self._above = AboveGrants(self._door)

    async def ledger(self, team: Team, deadline: Deadline) -> Ledger:
        """Read the ledger; empty where there is none yet, which the first grant makes from quotas and pods."""
        seen = await self._door.read_ledger(team, deadline)
        return seen.ledger if isinstance(seen, LedgerSeen) else Ledger()

    async def afford(self, team: Team, ask: Ask, deadline: Deadline) -> None:
        """Look whether there is enough before anything is made; writes nothing, promises nothing.

        Raises
        ------
        BudgetExhausted, OverOwnQuota
            There is not.
        """
        seen = await self._door.read_ledger(team, deadline)
        if isinstance(seen, LedgerSeen) and (short := shortage(ask, seen.ledger)) is not None:
            raise refusal(short, team.speech)

    @asynccontextmanager
    async def grant(self, team: Team, ask: Ask, quota: Manifest, deadline: Deadline) -> AsyncIterator[Held]:
        """Hold a grant around the creation of its pod.

        Inside the context the namespace's quota allows the pod, and nothing else of this hub changes there. When the context
        raises, the grant has been given back, or the sweep will end it.

        Parameters
        ----------
        quota
            The namespace's ResourceQuota with the keys that are not leased, made where there is none.

        Raises
        ------
        BudgetExhausted, OverOwnQuota
            It cannot be had.
        """
        async with self._lock(self._namespaces, ask.namespace):
            errand = _Errand(self, team, begin_grant(ask), quota)
            held = Held()
            self._under_way.add(ask.spawn)
            try:
                await errand.run(deadline, until=steps.CreatePod)
                yield held
                errand.answer(Outcome.WRITTEN)
                await self._counted(errand, held, deadline)
            except BaseException as failure:
                if errand.wrote and _answered(failure):
                    await self._return(team, ask.namespace, [Ending(ask.spawn)])
                raise
            finally:
                self._under_way.discard(ask.spawn)

    async def give_back(self, team: Team, namespace: str, spawn: SpawnId) -> None:
        """Return a spawn's grant after its pod is gone. What cannot be done now is left to the sweep."""
        async with self._lock(self._namespaces, namespace):
            await self._return(team, namespace, [Ending(spawn)])

    async def sweep(self, team: Team, gap: float, deadline: Deadline) -> int:
        """Return what nobody needs any more, and book what is used beyond the grants; how many grants have ended.

        Parameters
        ----------
        gap
            Seconds between the pass that lowers a quota and the one that ends the grant: more than a spawn's deadline and
            the minute the API server lets a request live.
        """
        quotas = await self._door.read_quotas(team, deadline)
        seen = await self._door.read_ledger(team, deadline)
        if not isinstance(seen, LedgerSeen):
            await self.rebuild(team, deadline)
            return 0
        there = await self._door.find_pods(team, [quota.namespace for quota in quotas.quotas], deadline)
        pods = tuple(pod.seen for pod in there)
        now, fenced = asyncio.get_running_loop().time(), self._fenced.get(team.tenant_id, {})
        orphans = abandoned(seen.ledger, pods, self._under_way)
        ripe = {sighting for sighting, since in fenced.items() if now - since >= gap}
        self._fenced[team.tenant_id] = {sighting: since for sighting, since in fenced.items() if sighting in orphans}
        ended = 0
        for item in overdue(seen.ledger, quotas.quotas, pods, orphans=orphans, fenced=fenced, keys=team.keys):
            over = {ending for ending in item.over if Sighting(item.namespace, ending.spawn, _nonce(ending)) in ripe}
            ended += await self._sweep_one(team, item.namespace, item.fence, over, drifted=item.drifted)
        await self._above.settle(team, beyond(seen.ledger, there), deadline)
        return ended

    async def rebuild(self, team: Team, deadline: Deadline) -> None:
        """Make the ledger anew from quotas and pods, unless somebody has done so by now."""
        async with self.ledger_lock(team):
            while isinstance(seen := await self._door.read_ledger(team, deadline), NoLedger):
                deadline.check("rebuild the team's budget ledger")
                log.info("Making the budget ledger of %s from its quotas and pods", team.tenant_id)
                await _Errand(self, team, begin_rebuild(team.keys, seen.version)).run(deadline)

    async def _sweep_one(
        self, team: Team, namespace: str, fence: frozenset[Ending], over: set[Ending], *, drifted: bool
    ) -> int:
        async with self._lock(self._namespaces, namespace):
            if over or drifted or not fence:
                log.info("Returning %d abandoned grants of %s", len(over), namespace)
                if not await self._return(team, namespace, list(over), drifted=drifted):
                    return 0
            if fence:
                lowering = _Errand(self, team, begin_fence(namespace, fence, team.keys))
                await lowering.run(Deadline.after(GIVE_BACK))
                now = asyncio.get_running_loop().time()
                found = {Sighting(namespace, ending.spawn, _nonce(ending)): now for ending in fence}
                self._fenced.setdefault(team.tenant_id, {}).update(found)
        return len(over)

    async def _return(self, team: Team, namespace: str, over: list[Ending], *, drifted: bool = False) -> bool:
        errand = _Errand(self, team, begin_return(namespace, over, team.keys, drifted=drifted))
        try:
            await errand.run(Deadline.after(GIVE_BACK))
        except TenantSpawnerError as trouble:
            log.warning("A grant of %s could not be returned now, the sweep will: %s", namespace, trouble.detail)
            return False
        return True

    async def _counted(self, errand: "_Errand", held: Held, deadline: Deadline) -> None:
        """The last step: count; where something else used the grant as well, the pod goes."""
        try:
            await errand.run(deadline)
        except PersonMustAct:
            if held.undo is not None:
                await held.undo()
            raise

    @staticmethod
    def _lock(locks: WeakValueDictionary[str, asyncio.Lock], name: str) -> asyncio.Lock:
        lock = locks.get(name)
        if lock is None:
            lock = locks[name] = asyncio.Lock()
        return lock

    async def carry_out(self, team: Team, step: steps.Step, quota: Manifest | None, deadline: Deadline) -> Answer:
        """Do one step."""
        if isinstance(step, steps.Rebuild):
            await self.rebuild(team, deadline)
            return Outcome.WRITTEN
        return await self._door.carry_out(team, step, quota, deadline)

    def ledger_lock(self, team: Team) -> asyncio.Lock:
        """The lock that keeps a read and the swap after it together."""
        return self._lock(self._ledgers, team.tenant_id)


class _Errand:
    """One state machine on its way."""

    def __init__(
        self, grants: Grants, team: Team, task: Granting | Returning | Rebuilding, quota: Manifest | None = None
    ) -> None:
        self._grants = grants
        self._team = team
        self._task = task
        self._quota = quota
        self._lost = 0

    @property
    def wrote(self) -> bool:
        """Whether the ledger may have a grant of this errand."""
        return isinstance(self._task, Granting) and self._task.wrote

    def answer(self, answer: Answer) -> None:
        """Go on to the next step."""
        step = _STEPS[type(self._task)]
        self._task = step(self._task, answer, Nonce(secrets.token_hex(6)))  # type: ignore[operator]  # the table pairs them

    async def run(self, deadline: Deadline, until: type[steps.Step] = steps.Done) -> None:
        """Do step after step until one of a kind is next.

        Raises
        ------
        PersonMustAct
            The errand ends in a refusal.
        """
        while not isinstance(self._task.step, until):
            step = self._task.step
            if isinstance(step, steps.Refuse):
                raise refusal(step.shortage, self._team.speech)
            if isinstance(step, steps.Done):
                return
            if isinstance(step, steps.ReadLedger):
                async with self._grants.ledger_lock(self._team):
                    await self._do(step, deadline)
                    while isinstance(self._task.step, steps.SwapLedger | steps.ReadQuota):
                        await self._do(self._task.step, deadline)
            else:
                await self._do(step, deadline)

    async def _do(self, step: steps.Step, deadline: Deadline) -> None:
        answer = await self._grants.carry_out(self._team, step, self._quota, deadline)
        if answer is Outcome.LOST:
            self._lost += 1
            deadline.check("change the team's budget")
            await asyncio.sleep(min(_LONGEST_PAUSE, 0.005 * 2**self._lost) * random.random())  # noqa: S311  # spreads tries
        self.answer(answer)


def _answered(failure: BaseException) -> bool:
    """Whether a failure is an answer, so that no pod can come of it any more."""
    return isinstance(failure, TenantSpawnerError) and (not isinstance(failure, ApiError) or failure.code < 500)  # noqa: PLR2004


def _nonce(ending: Ending) -> Nonce:
    return ending.nonce or Nonce("")
