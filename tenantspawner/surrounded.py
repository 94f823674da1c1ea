"""What a spawner needs of the process around it: the shared runtime, the watch over its pod, whose an object is.

And the one way in which anything that goes wrong is told: a sentence for the person, the detail for the log.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.utils import maybe_future

from tenantspawner import hub
from tenantspawner.cluster import Connection, Deadline, Watch
from tenantspawner.errors import AdminMustAct, OverOwnQuota, TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.kube.names import label_value
from tenantspawner.kube.objects import Pod
from tenantspawner.kubespawner import KubeSpawner
from tenantspawner.lifecycle import (
    Allowance,
    Care,
    Configured,
    Feed,
    Hold,
    Journal,
    Lease,
    Pace,
    Patience,
    Server,
    Sources,
    Turn,
    Where,
    allowance_of,
    gate_wait,
    lease_of,
    nothing_to_hold,
    patience_of,
)
from tenantspawner.plan import Plan
from tenantspawner.plan.pod import in_order
from tenantspawner.policy import Choice, HubProfile, hub_profiles
from tenantspawner.policy.models import SERVERS
from tenantspawner.runtime import Runtime, Wiring, runtime
from tenantspawner.settings.choice import resolved
from tenantspawner.settings.tenancy import TenancySettings
from tenantspawner.settings.worn import POD_SETTINGS
from tenantspawner.tenancy import Envelope
from tenantspawner.web import count_refusal, measure

AROUND = 30.0  # seconds to read what is around a tenant's namespaces


class Surrounded(TenancySettings, KubeSpawner):
    """A spawner that can reach the cluster."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hub.speak_through(self.log)
        self._turn: Turn | None = None  # of the start under way, in the line for its team's budget
        self._patience: Patience | None = None  # of the start under way, for the gate of its tenant's queue
        self._home = self.namespace  # where servers of `per: hub` and without a tenancy live

    @property
    def tenanted(self) -> bool:
        """Whether there is a tenancy."""
        return bool(self.tenancy_config_map or self.tenancy_selector)

    def _is_ours(self, obj: Mapping[str, Any]) -> bool:
        """Whether an object of one of our names belongs to this server, or to this person before a switch."""
        metadata = obj["metadata"]
        notes, marks = metadata.get("annotations") or {}, metadata.get("labels") or {}
        if labels.HUB in marks:
            return bool(marks[labels.HUB] == label_value(self.hub_id) and notes.get(labels.OWNER) == self.user.name)
        named = notes.get(labels.HUB_USERNAME, marks.get(labels.HUB_USERNAME))
        return named in {self.user.name, self._expand_user_properties("{username}", slug_scheme="escape")}

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn whatever goes wrong into one sentence for the person; the detail is for the log."""
        try:
            yield
        except TenantSpawnerError as error:
            self.log.warning("%s %s: %s", self._log_name, what, error.detail)
            count_refusal(error)
            raise hub.told(error, self) from None
        except Exception as error:
            if hub.is_answer(error):
                raise
            self.log.exception("%s %s", self._log_name, what)
            unforeseen = AdminMustAct(
                "Something went wrong that nobody foresaw. The administrator finds it in the hub's log."
            )
            count_refusal(unforeseen)
            raise hub.told(unforeseen, self) from None

    def _envelope(self) -> Envelope:
        return Envelope.model_validate({name: getattr(self, name) for name in Envelope.model_fields}, by_name=True)

    async def _runtime(self) -> Runtime:
        listed = self.profile_list
        connection = Connection(
            host=self.k8s_api_host or None,
            ca_cert=self.k8s_api_ssl_ca_cert or None,
            verify=self.k8s_api_verify_ssl is not False,
            request_timeout=max(float(self.k8s_api_request_timeout), 10.0),
        )
        where = Where(self.hub_namespace, self.tenancy_config_map, self.tenancy_selector) if self.tenanted else None
        slugs = None if callable(listed) else tuple(hub_profiles(listed or []))
        care = Care(self.sweep_interval, self.sweep_age, self.sweep_share)
        return await runtime(Wiring(connection, self._envelope(), where, slugs, care))

    async def _hub_profiles(self) -> Mapping[str, HubProfile]:
        """The hub's own profiles as this person would have them; what cannot be offered is in the log."""
        listed = self.profile_list
        if callable(listed):
            listed = await maybe_future(listed(self))
        found = hub_profiles(await resolved(in_order(listed or []), self))
        for profile in found.values():
            if profile.problem:
                self.log.error("The profile %s is offered to nobody: %s", profile.slug, profile.problem)
        return found

    def _put_on_beyond_the_pod(self, choice: Choice) -> Choice:
        """Give the spawner what a choice overrides beyond the pod, such as ``http_timeout``, until the next start."""
        for name in choice.override.keys() - set(POD_SETTINGS):
            self.put_on(name, choice.override[name])
        of_pod = {name: value for name, value in choice.override.items() if name in POD_SETTINGS}
        return replace(choice, override=of_pod)

    def _enlisted(self, choice: Choice, spawn_id: str) -> hub.Record:
        """Count this server among the person's in its tenant, unless they run as many as they may.

        Nothing is awaited between count and record, so two starts never pass the ceiling together.
        """
        ceiling, others = choice.entitlement.ceiling(SERVERS), hub.others_in(self, choice.tenant_id)
        if ceiling is not None and len(others) >= ceiling.amount:
            raise OverOwnQuota(hub.too_many_servers(int(ceiling.amount), choice.entitlement.display_name, others))
        return hub.Record(spawn_id=spawn_id, tenant=choice.tenant_id)

    async def _allow_waiting(self, choice: Choice) -> None:
        """Raise ``start_timeout`` by what may be waited in line and behind a gate, before the hub looks at it: once, ahead of `start`."""
        self.take_off()
        run = await self._runtime()
        team = {**run.teams(), **run.shared_teams()}.get(choice.tenant_id)
        wait = gate_wait(choice.entitlement.tenant)
        if team is not None and team.queueing is not None:
            wait += team.queueing.max_wait
        if wait:
            self.put_on("start_timeout", self.start_timeout + int(wait))

    async def _afforded(
        self, run: Runtime, choice: Choice, plan: Plan, deadline: Deadline, journal: Journal
    ) -> tuple[Hold, Deadline]:
        """Refuse what the team's budget has not got, with names and without a write, or wait for it; else how it is held.

        The deadline comes back later by what was waited.
        """
        if (allowance := allowance_of(choice.entitlement, plan, self.hub_id)) is not None:
            await self._allowed(run, allowance, deadline, journal)
        elif (lease := self._lease(run, choice, plan)) is not None and run.treasury is not None:
            await run.treasury.settled(plan.namespace)
            if lease.team.queueing is None:
                await run.treasury.afford(lease, deadline)
            else:
                room = partial(run.has_room, hub.most_waiting())
                _, self._turn = await run.treasury.in_line(lease, lease.team.queueing, journal.say, room=room)
        waited = self._turn.waited if self._turn is not None else 0.0
        return self._held(run, choice, plan, journal), Deadline(deadline.at + waited)

    async def _allowed(self, run: Runtime, allowance: Allowance, deadline: Deadline, journal: Journal) -> None:
        """Do the same where the hub itself counts what people have."""
        team = run.shared_teams().get(allowance.tenant_id)
        if team is None or team.queueing is None:
            await run.allowances.afford(allowance, deadline)
            return
        if allowance.own:
            await run.allowances.afford_own(allowance, deadline)
        room = partial(run.has_room, hub.most_waiting())
        self._turn = await run.shared.in_line(team, allowance, team.queueing, journal.say, room=room)

    def _held(self, run: Runtime, choice: Choice, plan: Plan, journal: Journal) -> Hold:
        """How what a plan takes of the budget is held while its pod is created: in turn, where this start stood in line."""
        turn = self._turn
        if (allowance := allowance_of(choice.entitlement, plan, self.hub_id)) is not None:
            if turn is None:
                return partial(run.allowances.take, allowance)
            return partial(run.shared.take_in_turn, allowance, turn, journal.say)
        lease = self._lease(run, choice, plan)
        if lease is None or run.treasury is None:
            return nothing_to_hold
        if turn is None:
            return partial(run.treasury.take, lease)
        return partial(run.treasury.take_in_turn, lease, turn, journal.say)

    @staticmethod
    def _lease(run: Runtime, choice: Choice, plan: Plan) -> Lease | None:
        return lease_of(run.teams().get(choice.tenant_id), choice.entitlement, plan)

    def _wait_at_gate(self, run: Runtime, choice: Choice) -> None:
        """Let the start under way wait as long as its tenant's queue may take."""
        self._patience = patience_of(choice.entitlement, run.crowd, hub.most_waiting())

    def _leave_line(self) -> None:
        """Give up what this start was still to take of the budget; nothing where it has taken it."""
        self._patience = None
        if self._turn is not None:
            self._turn.leave()
            self._turn = None

    async def _pods(self, run: Runtime, deadline: Deadline) -> Watch[Pod]:
        """The watch that covers this server: our label under a tenancy, KubeSpawner's in the hub's own namespace."""
        if self.tenanted and self.namespace != self._home:
            return await run.sight.pods(self.namespace, f"{labels.HUB}={label_value(self.hub_id)}", deadline)
        return await run.sight.pods(self.namespace, f"{labels.COMPONENT}={self.component_label}", deadline)

    def _configured_around(self) -> Configured:
        return Configured(
            self._envelope(), tuple(self.hub_peers), tuple(self.secret_environment), self.hub_cluster_role
        )

    def _look_after(self, run: Runtime) -> None:
        """Have a look at rights and cluster; let the sweeper and the reconciler run once the hub is up."""
        if not (self.tenanted and JupyterHub.initialized()):
            return
        measure()
        app = JupyterHub.instance()

        async def known() -> Collection[Server]:
            await hub.is_up(app)
            return hub.known_servers(app.db, app.users)

        run.examine(self._configured_around())
        run.sweep(known)
        run.reconcile(
            partial(self._sources, app), Pace(self.reconcile_interval, self.reconcile_at_once), partial(hub.is_up, app)
        )

    def _sources(self, app: Any, run: Runtime, feed: Feed) -> Sources:
        """What the reconciler asks of the hub; holds nothing of this one spawner."""
        configured, listed = self._configured_around(), self.profile_list
        return Sources(
            envelope=configured.envelope,
            tenancy=feed.tenancy,
            everybody=lambda: hub.everybody(app.db),
            person=lambda name: hub.person(app.db, name),
            around=lambda tenant: run.around(configured, tenant, Deadline.after(AROUND)),
            hub_profiles=None if callable(listed) else hub_profiles(listed or []),
            tell=feed.tell,
        )
