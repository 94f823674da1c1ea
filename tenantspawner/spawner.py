"""TenantSpawner: the hub's entry points, a few lines each. What they do is elsewhere.

A start goes user → `Identity` → `Entitlements` → `Choice` → `Plan` → `spawn`. Everything a person sent is checked
again each time, against the tenancy of that moment. Without a tenancy the plan is KubeSpawner's own pod.

What the hub makes of each answer is in docs/explanation/hub: `poll`, `get_url`, `load_state` and `stop` never raise,
and what leaves `start` is one sentence with the right status.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from traitlets import Any as AnyValue

from tenantspawner import hub
from tenantspawner.cluster import Deadline
from tenantspawner.errors import TenancyUnavailable, TenantSpawnerError
from tenantspawner.form import STATIC_FILE, Availability, fields_to_options, query_to_options, render
from tenantspawner.form import closed as closed_form
from tenantspawner.kube.kinds import PERSISTENT_VOLUME_CLAIM
from tenantspawner.kube.objects import Pod
from tenantspawner.lifecycle import Hold, Journal, Made, Manner, nothing_to_hold, spawn, stop
from tenantspawner.observe import exit_code
from tenantspawner.plan import (
    Chosen,
    Plan,
    draw,
    draw_plain,
    namespace_name,
    with_secret_env,
)
from tenantspawner.policy import Choice, Entitlements, choose, entitle, read_request
from tenantspawner.runtime import Runtime
from tenantspawner.surrounded import Surrounded
from tenantspawner.web import serve_static, static_url

SETTLE = 5.0  # seconds to wait for the first view of tenancy and pods after the hub has started
MARGIN = 0.1  # of start_timeout: our own deadline is earlier, since the hub's says nothing to the person
STOP_PATIENCE = 120.0  # seconds beyond the pod's grace


class TenantSpawner(Surrounded):
    """Spawns servers for many tenants on Kubernetes."""

    user_options = (
        AnyValue()
    )  # JupyterHub 5 hands on whatever JSON came by REST; what is no mapping is refused with 400

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record = hub.Record()
        self._made_nothing = True  # neither this start nor a saved one came as far as the first create
        self.journal: Journal | None = None

    # -- what is asked, and what is answered -------------------------------------------------------------------

    async def run_auth_state_hook(self, auth_state: Any) -> None:
        """Take a link's options aside first: a GET fills the form in, it never starts a server."""
        if self.tenanted:
            hub.take_query(self.handler)
        await super().run_auth_state_hook(auth_state)

    async def get_options_form(self) -> str:
        """Write the picker. It is never empty: the hub would start a server at once."""
        if not self.tenanted:
            form: str = await super().get_options_form()
            return form
        serve_static()
        style = static_url(self.hub.base_url, STATIC_FILE)
        try:
            entitlements = await self._entitlements()
        except TenantSpawnerError as error:
            self.log.error("No form for %s: %s", self._log_name, error.detail)
            return closed_form(error.sentence, static_url=style)
        link = query_to_options(hub.take_query(self.handler))
        refusal, last = hub.last_refusal(self), self.orm_spawner.user_options
        return render(
            entitlements,
            static_url=style,
            prefill=last if refusal else link or None,
            last=last,
            refusal=refusal,
            availability=await self._availability(entitlements),
        )

    async def _availability(self, entitlements: Entitlements) -> Availability:
        bounds, elsewhere = (
            self._envelope(),
            [each for each in entitlements.tenants if each.tenant.namespace.per != "hub"],
        )
        places = {each.tenant_id: namespace_name(each, bounds, self._home) for each in elsewhere}
        return await (await self._runtime()).availability((each.tenant_id for each in entitlements.tenants), places)

    def run_options_from_form(self, form_data: Any) -> Any:
        """Read what the browser posts; nothing is believed yet."""
        return fields_to_options(form_data) if self.tenanted else super().run_options_from_form(form_data)

    async def _run_apply_user_options(self, user_options: Any) -> None:
        """Where form, REST, query and stored options all pass: refuse before anything is made."""
        with self._telling("refused"):
            if self.tenanted:
                hub.check_body(self.handler)
                await self._allow_waiting(await self._choose())
            elif self.apply_user_options:
                await super()._run_apply_user_options(user_options)
            else:
                await self.load_user_options()

    async def _choose(self) -> Choice:
        return choose(await self._entitlements(), read_request(self.user_options))

    async def _entitlements(self) -> Entitlements:
        """What the owner may have at this moment, whoever clicks."""
        run = await self._runtime()
        self._look_after(run)
        feed = run.feed
        if feed is None:
            raise TenancyUnavailable("Nobody can start a server: no tenancy is configured.")
        await feed.settled(Deadline.after(SETTLE))
        today = datetime.now(UTC).date()
        return entitle(feed.tenancy(), hub.identity_of(self.user), today, await self._hub_profiles())

    # -- starting ----------------------------------------------------------------------------------------------

    async def start(self) -> str:
        """Start the server and return its URL."""
        self.journal = Journal()
        self.take_off()  # also what the hub was to allow for waiting: our own deadline leaves that out
        try:
            with self._telling("not started"):
                return await self._start(Deadline.after(self.start_timeout * (1 - MARGIN)), self.journal)
        finally:
            self.journal.close()
            self._leave_line()

    async def _start(self, deadline: Deadline, journal: Journal) -> str:
        run = await self._runtime()
        self._look_after(run)
        plan, hold, deadline = await self._plan(run, deadline, journal)
        self._made_nothing = False
        hub.save(self)  # before the first create: a crash in the middle loses nothing
        view = partial(self._pods, run)
        manner = Manner(self.failure_grace, self.events_enabled, (self.api_token,), self._patience)
        started = await spawn(
            run.cluster, view, plan, deadline, journal, manner=manner, turns=run.turns, on_made=self._on_made, hold=hold
        )
        return self._get_pod_url({**plan.pod, "status": {"podIP": started.address}})

    async def _plan(self, run: Runtime, deadline: Deadline, journal: Journal) -> tuple[Plan, Hold, Deadline]:
        """Decide everything, also whether it can be afforded; nothing has been made when this raises."""
        spawn_id = secrets.token_hex(8)
        if not self.tenanted:
            settings = await self.pod_settings()
            self.record = hub.Record(spawn_id=spawn_id)
            return draw_plain(settings, self.server_context(settings), spawn_id), nothing_to_hold, deadline
        choice, plan = await self._drawn(run, deadline, spawn_id)
        hold, later = await self._afforded(run, choice, plan, deadline, journal)
        if later != deadline:  # the tenancy may be another one after the wait
            self.take_off()
            choice, plan = await self._drawn(run, later, spawn_id)
            hold = self._held(run, choice, plan, journal)
        return plan, hold, later

    async def _drawn(self, run: Runtime, deadline: Deadline, spawn_id: str) -> tuple[Choice, Plan]:
        """Decide what is started, by the tenancy of this moment."""
        choice = self._put_on_beyond_the_pod(await self._choose())
        self.record = self._enlisted(choice, spawn_id)
        self._wait_at_gate(run, choice)
        configured = await self._configured(without_calls=set())
        self.namespace = namespace_name(choice.entitlement, self._envelope(), self._home)
        self._name_for_dns()
        chosen = Chosen.of(choice, configured, self.pvc_name)
        around = await run.around(self._configured_around(), choice.entitlement.tenant, deadline)
        server = with_secret_env(self.server_context(chosen.shaped), around, f"notebook-{secrets.token_hex(10)}")
        return choice, draw(chosen, server, around, spawn_id)

    async def _on_made(self, made: Made) -> None:
        self.record = replace(self.record, pod_uid=made.uid)
        self._pvc_exists = True
        hub.save(self)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell every step of the start that is under way, in plain words; never raises."""
        if self.journal is None:
            return
        async for step in self.journal.follow():
            yield {"progress": step.percent, "message": step.text}

    # -- running and stopping ----------------------------------------------------------------------------------

    async def poll(self) -> int | None:
        """Tell whether the server has ended; in doubt it runs, since the hub forgets what it hears has ended."""
        try:
            return await self._poll()
        except TenantSpawnerError as error:
            self.log.warning("Cannot tell whether %s runs, so it does: %s", self._log_name, error.detail)
        except Exception:
            self.log.exception("Cannot tell whether %s runs, so it does", self._log_name)
        return None

    async def _poll(self) -> int | None:
        if self._made_nothing or not self.pod_name or not self.namespace:
            return 1
        run = await self._runtime()
        self._look_after(run)
        pods = await self._pods(run, Deadline.after(SETTLE))
        await pods.synced(Deadline.after(SETTLE))
        pod = pods.store.get(self.namespace, self.pod_name)
        if pod is None:
            pod = await self._look(run)
        return exit_code(pod)

    async def _look(self, run: Runtime) -> Pod | None:
        """Ask for the pod by name before saying that it is gone: the watch may not have it yet, or not select it."""
        return await run.look(self.namespace, self.pod_name, self._is_ours, Deadline.after(SETTLE))

    async def get_url(self) -> str:
        """Return where the server is; what the hub remembers where that cannot be told."""
        try:
            run = await self._runtime()
            pods = await self._pods(run, Deadline.after(SETTLE))
            pod = pods.store.get(self.namespace, self.pod_name) or await self._look(run)
            if pod is not None and pod.status.pod_ip:
                return self._get_pod_url(self._as_url_source(pod))
        except Exception:
            self.log.exception("Cannot tell the address of %s", self._log_name)
        remembered: str = self.server.url if self.server else ""
        return remembered

    def _as_url_source(self, pod: Pod) -> dict[str, Any]:
        port = {"name": "notebook-port", "containerPort": self.port}
        containers = [{"name": "notebook", "ports": [port]}]
        return {
            "metadata": {"name": pod.metadata.name},
            "spec": {"containers": containers},
            "status": {"podIP": pod.status.pod_ip},
        }

    async def stop(self, now: bool = False) -> None:
        """Delete the pod and wait until it is gone; never raises, since the hub would forget the server all the same."""
        try:
            run = await self._runtime()
            deadline = Deadline.after(self.delete_grace_period + STOP_PATIENCE)
            pods = await self._pods(run, deadline)
            await stop(
                run.cluster, pods.store, self.namespace, self.pod_name, ours=self._is_ours, deadline=deadline, now=now
            )
        except TenantSpawnerError as error:
            self.log.error("Pod %s/%s may still run: %s", self.namespace, self.pod_name, error.detail)
        except Exception:
            self.log.exception("Pod %s/%s may still run", self.namespace, self.pod_name)

    async def delete_forever(self) -> None:
        """Delete the home volume's claim with the person or the named server, where `delete_pvc` says so."""
        if not self.delete_pvc:
            return
        run, deadline = await self._runtime(), Deadline.after(30)
        claim = await run.cluster.get(PERSISTENT_VOLUME_CLAIM, self.namespace, self.pvc_name, deadline)
        if claim is not None and self._is_ours(claim):
            uid = claim["metadata"]["uid"]
            await run.cluster.delete(PERSISTENT_VOLUME_CLAIM, self.namespace, self.pvc_name, uid=uid, deadline=deadline)

    # -- state -------------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return what has to be known to find the server again."""
        return {**super().get_state(), hub.STATE_KEY: self.record.dump()}

    def load_state(self, state: Any) -> None:
        """Take what was saved; never raises, whatever it is."""
        super().load_state(state)
        self.record = hub.Record.load(state)
        self._made_nothing = not hub.names_a_pod(state)

    def clear_state(self) -> None:
        """Forget the server."""
        super().clear_state()
        self.record = hub.Record()
        self._made_nothing = True
