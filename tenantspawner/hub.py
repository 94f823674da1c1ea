"""JupyterHub's words and ours: a user becomes an `Identity`, an error an answer, a server a row of state.

What the hub makes of each was found by running 6.1 and 5.5 (docs/explanation/hub). A refusal keeps its one sentence in form, REST,
pending page and progress only as an HTTP error that carries it in every field. Nothing here may raise while the hub
starts, or it forgets its servers.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from jupyterhub import orm
from jupyterhub import spawner as hub_spawner
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.app import JupyterHub
from tornado import web

from tenantspawner.errors import AdminMustAct, Misconfigured, PersonMustAct, PodFailed, Refused, TenantSpawnerError
from tenantspawner.lifecycle import Server
from tenantspawner.policy import Identity, Username

STATE_KEY = "tenantspawner"
STATE_VERSION = 1
_SpawnException: Any = getattr(hub_spawner, "SpawnException", None)  # since JupyterHub 6
_SLICE = 500  # people read from the database at once
_RETRY_AFTER = {429: "60", 503: "60"}  # seconds


def speak_through(hub_log: logging.Logger) -> None:
    """Let everything below log as the hub does: its format, its level, its files."""
    logging.getLogger("tenantspawner").parent = hub_log


def identity_of(user: Any) -> Identity:
    """The owner of a server, with the groups of this moment: `user.groups` is a live view of the database."""
    return Identity(Username(user.name), frozenset(group.name for group in user.groups))


def told(error: TenantSpawnerError, spawner: Any) -> web.HTTPError:
    """Make of an error what the hub shows: one sentence and the right status, whoever prints it.

    A refusal by policy or budget does not count towards ``consecutive_failure_limit``, or one tenant over its
    budget would restart the hub.
    """
    refusal = isinstance(error, PersonMustAct | AdminMustAct) and not isinstance(error, PodFailed | Misconfigured)
    answer: Any
    if refusal and _SpawnException is not None:
        answer = _SpawnException(error.sentence, reason=error.reason, status_code=error.status)
    else:
        answer = web.HTTPError(error.status, error.sentence)
        if refusal:
            _discount(spawner)
    answer.jupyterhub_message = error.sentence
    answer.tenantspawner_refusal = (error.field, error.why) if isinstance(error, Refused) else None
    answer.headers = {"Retry-After": _RETRY_AFTER[error.status]} if error.status in _RETRY_AFTER else {}
    told_answer: web.HTTPError = answer
    return told_answer


def is_answer(error: BaseException) -> bool:
    """Whether an exception is an answer to the person already."""
    return isinstance(error, web.HTTPError)


def last_refusal(spawner: Any) -> tuple[str, str] | None:
    """Field and sentence of the refusal that the hub is about to show this form with, as the hub itself remembers it."""
    future = getattr(spawner, "_spawn_future", None)
    if future is None or not future.done() or future.cancelled():
        return None
    refusal: tuple[str, str] | None = getattr(future.exception(), "tenantspawner_refusal", None)
    return refusal


def _discount(spawner: Any) -> None:
    """Take back the failure that JupyterHub 5 is about to count, in the moment after it has counted it.

    Not beforehand: a start that succeeds in between sets the count to 0, and the refusal would count after all. Until
    then this server has no limit, so that the hub does not end for a failure that is taken back.
    """
    handler, future = getattr(spawner, "handler", None), getattr(spawner, "_spawn_future", None)
    if handler is None or future is None or future.done() or not spawner.consecutive_failure_limit:
        return
    limit, spawner.consecutive_failure_limit = spawner.consecutive_failure_limit, 0

    def counted(done: "asyncio.Future[Any]") -> None:
        # Callbacks of one future run in the order they were added, with nothing between them: the hub's came first.
        spawner.consecutive_failure_limit = limit
        if not done.cancelled() and done.exception() is not None:
            handler.settings["failure_count"] -= 1

    future.add_done_callback(counted)


@dataclass(frozen=True, slots=True)
class Record:
    """Our part of a server's row in the hub's database, beside KubeSpawner's names."""

    tenant: str = ""
    spawn_id: str = ""
    pod_uid: str = ""

    def dump(self) -> dict[str, Any]:
        """Write it for the row."""
        return {"version": STATE_VERSION, **asdict(self)}

    @classmethod
    def load(cls, state: object) -> "Record":
        """Read it from a row; whatever cannot be read is left empty."""
        kept = state.get(STATE_KEY) if isinstance(state, Mapping) else None
        if not isinstance(kept, Mapping) or kept.get("version") != STATE_VERSION:
            return cls()
        texts = {key: kept[key] for key in ("tenant", "spawn_id", "pod_uid") if isinstance(kept.get(key), str)}
        return cls(**texts)


def names_a_pod(state: object) -> bool:
    """Whether a saved state, ours or KubeSpawner's, is of a server that may exist."""
    return isinstance(state, Mapping) and bool(state.get("pod_name"))


def save(spawner: Any) -> None:
    """Write a server's state to the database now: the hub itself does so only after a start has succeeded."""
    spawner.orm_spawner.state = spawner.get_state()
    spawner.user.db.commit()


def take_query(handler: Any) -> dict[str, list[str]]:
    """Take the options of a link aside, so that a GET only fills the form in and never starts a server.

    The hub starts one when it finds any option in the query. They are kept with the request, not with the spawner.
    """
    if handler is None or handler.request.method != "GET":
        return {}
    kept: dict[str, list[str]] | None = getattr(handler, "_tenantspawner_query", None)
    if kept is None:
        arguments = handler.request.query_arguments
        names = [name for name in arguments if name not in {"next", "display_name", "_xsrf"}]
        kept = {name: [value.decode("utf-8", "replace") for value in arguments.pop(name)] for name in names}
        handler._tenantspawner_query = kept  # noqa: SLF001 - our own
    return kept


def check_body(handler: Any) -> None:
    """Look at a REST body again: JupyterHub 6 takes an empty list, an empty text, 0 and false for no body at all.

    Raises
    ------
    Refused
        The body is no object.
    """
    if isinstance(handler, APIHandler) and not isinstance(handler.get_json_body(), Mapping | None):
        raise Refused("user_options", "must be an object with keys and values")


def known_servers(db: Any, users: Any) -> set[Server]:
    """Every server that the database or the memory of the hub holds as existing or under way."""
    rows = db.query(orm.Spawner).filter(orm.Spawner.server_id.isnot(None))
    known = {Server(row.user.name, row.name) for row in rows if row.user is not None}
    for user in users.values():
        known |= {Server(user.name, name) for name, spawner in user.spawners.items() if spawner.active}
    return known


def others_in(spawner: Any, tenant_id: str) -> list[str]:
    """The names of the person's other servers that run, start or stop in a tenant."""
    theirs = spawner.user.spawners.items()
    return sorted(name for name, one in theirs if one is not spawner and one.active and one.record.tenant == tenant_id)


def too_many_servers(most: int, tenant: str, others: Collection[str]) -> str:
    """Say that a person runs as many servers as they may, and which."""
    may = f"You may run {most} {'server' if most == 1 else 'servers'} of {tenant} at once"
    if not others:
        return f"{may}."
    named = [f"*{name}*" if name else "your default server" for name in others]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{may}, and these run now: {listed}. Stop one of them first."


async def everybody(db: Any) -> dict[Username, Identity]:
    """All people of the hub's database with their groups, read in slices: ten thousand must not hold up the event loop."""
    found: dict[Username, Identity] = {}
    last = 0
    while ids := [
        row.id for row in db.query(orm.User.id).filter(orm.User.id > last).order_by(orm.User.id).limit(_SLICE)
    ]:
        rows = (
            db.query(orm.User.name, orm.Group.name)
            .outerjoin(orm.User.groups)
            .filter(orm.User.id.between(ids[0], ids[-1]))
        )
        groups: dict[str, set[str]] = {}
        for name, group in rows:
            groups.setdefault(name, set()).update({group} - {None})
        found |= {Username(name): Identity(Username(name), frozenset(theirs)) for name, theirs in groups.items()}
        last = ids[-1]
        await asyncio.sleep(0)
    return found


def person(db: Any, name: Username) -> Identity | None:
    """One person of the hub's database; None when there is no such."""
    user = orm.User.find(db, name)
    return identity_of(user) if user is not None else None


def most_waiting() -> int | None:
    """How many starts may wait in line: half of what the hub starts at once, since it counts them as starting; None: any number."""
    limit = JupyterHub.instance().concurrent_spawn_limit if JupyterHub.initialized() else 0
    return limit // 2 if limit else None


async def is_up(app: Any) -> None:
    """Wait until the hub has started; JupyterHub before 6 does not say."""
    with suppress(AttributeError):
        await app._start_future  # noqa: SLF001 - the only sign that the hub is up
