"""`Cluster`: reading and writing objects as plain JSON, each call under one deadline and the retry table.

Everything goes through one `Transport`. No call changes an object it was not told to: deletes carry a uid, creates
are repeated only after a look, applies own only the fields they send. Errors are `ApiError` (an answer),
`Unreachable` (none) and `DeadlinePassed`; none holds a request body or a token.
"""

import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import msgspec

from tenantspawner.cluster import listing, writes
from tenantspawner.cluster.answers import UNREADABLE, Meaning, meaning, read_status
from tenantspawner.cluster.deadline import Deadline
from tenantspawner.cluster.retry import Look, Rules, until_done
from tenantspawner.cluster.store import Index
from tenantspawner.cluster.transport import Request, Transport
from tenantspawner.cluster.verdict import Asked
from tenantspawner.cluster.watch import Watch
from tenantspawner.errors import ApiError, Unreachable
from tenantspawner.kube.kinds import Kind
from tenantspawner.kube.objects import KubeObject

Json = dict[str, Any]
T = TypeVar("T", bound=KubeObject)
R = TypeVar("R")
_LONGEST_LOG = 1 << 20


def _object(body: bytes) -> Json:
    return msgspec.json.decode(body, type=Json)


def _nothing(_: bytes) -> None:
    """Read nothing: an answer to a delete may be the object or a Status."""


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


class Cluster:
    """One API server. Made by `connect`; closed once.

    Parameters
    ----------
    transport
        Carries the requests.
    chance
        Random numbers in [0, 1) for the jitter of pauses.
    rules
        How often a call is repeated.
    """

    def __init__(
        self, transport: Transport, *, chance: Callable[[], float] = random.random, rules: Rules | None = None
    ) -> None:
        self._transport = transport
        self._chance = chance
        self._rules = rules or Rules()

    async def get(self, kind: Kind, namespace: str | None, name: str, deadline: Deadline) -> Json | None:
        """Read one object; None when there is none."""
        request = Request("GET", writes.path_of(kind, namespace, name), writes.doing("get", kind, namespace, name))
        try:
            return await self.call(request, deadline, read=_object)
        except ApiError as error:
            if meaning(error.answer) is Meaning.NOT_FOUND:
                return None
            raise

    async def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        deadline: Deadline,
    ) -> list[Json]:
        """Read all objects of a kind, in one namespace or in all, as one consistent view in pages of 500."""
        request = listing.request(kind, namespace, label_selector, field_selector)
        items, _ = await listing.all_pages(request, lambda page: self._page(page, deadline))
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]

    async def _page(self, request: Request, deadline: Deadline) -> listing.Page[Json]:
        return await self.call(request, deadline, read=listing.read_page)

    async def create(
        self,
        obj: Json,
        deadline: Deadline,
        *,
        mine: Callable[[Json], bool] | None = None,
        expected: Collection[Meaning] = (),
    ) -> Json:
        """Create an object, exactly once.

        When an answer is lost, or says that the object exists, it is looked at first: if `mine` says that this very
        attempt made it, it is returned.

        Parameters
        ----------
        mine
            Whether an existing object is this attempt's own, by an annotation that no other attempt has.
        expected
            Refusals that pass within seconds and are waited through for 5 to 10 s; see `verdict.PASSING`.

        Raises
        ------
        ApiError
            `Meaning.ALREADY_EXISTS` when the name is taken by anything else; nothing was touched then.
        """
        request, kind = writes.create(obj)
        namespace, name = writes.address(obj)

        async def look(failure: ApiError | Unreachable, limit: Deadline) -> Json | None:
            if not name:
                raise failure  # made from generateName: there is nothing to look for
            found = await self.get(kind, namespace, name, limit)
            return writes.look(found, mine, failure, request.doing)

        asked = Asked(kind.plural, creates=True, expected=frozenset(expected))
        return await self.call(request, deadline, asked, read=_object, look=look)

    async def apply(
        self, obj: Json, deadline: Deadline, *, force: bool = False, expected: Collection[Meaning] = ()
    ) -> Json:
        """Apply the fields of `obj` on the server, as the field manager `tenantspawner`.

        Raises
        ------
        ApiError
            `Meaning.FIELD_CONFLICT` when somebody else owns one of them with another value; its causes say who and
            which. `force` takes them back.
        """
        request, kind = writes.apply(obj, force=force)
        return await self.call(request, deadline, Asked(kind.plural, expected=frozenset(expected)), read=_object)

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Json,
        deadline: Deadline,
        *,
        resource_version: str | None = None,
    ) -> Json:
        """Change an object by JSON merge patch.

        With `resource_version` only that version is changed, else `Meaning.CONFLICT` is raised. After a lost answer
        such a conflict may be with this very change: read before deciding.
        """
        request = writes.patch(kind, namespace, name, body, resource_version)
        return await self.call(request, deadline, Asked(kind.plural), read=_object)

    async def replace(self, obj: Json, deadline: Deadline) -> Json:
        """Replace an object, which must carry the resource version it was read with; conflicts are as in `patch`."""
        request, kind = writes.replace(obj)
        return await self.call(request, deadline, Asked(kind.plural), read=_object)

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str,
        deadline: Deadline,
        grace_seconds: int | None = None,
    ) -> bool:
        """Delete that very object; False when it is gone already or another one has its name by now.

        After a lost answer, False may also mean that the first attempt has deleted it: either way it is gone.
        """
        request = writes.delete(kind, namespace, name, uid, grace_seconds)
        try:
            await self.call(request, deadline, Asked(kind.plural), read=_nothing)
        except ApiError as error:
            means = meaning(error.answer)
            if means in {Meaning.NOT_FOUND, Meaning.WRONG_UID}:
                return False
            raise
        return True

    async def logs(self, namespace: str, pod: str, container: str, *, tail_lines: int, deadline: Deadline) -> str:
        """Read the last lines of a container's log, at most 1 MiB."""
        request = writes.logs(namespace, pod, container, tail_lines, _LONGEST_LOG)
        return await self.call(request, deadline, read=_text)

    async def allowed(
        self,
        verb: str,
        kind: Kind,
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
        *,
        deadline: Deadline,
    ) -> bool:
        """Ask the API server whether we may do that."""
        request = writes.access_review(verb, kind, namespace, name, subresource)
        answer = await self.call(request, deadline, read=_object)
        return bool((answer.get("status") or {}).get("allowed"))

    async def whoami(self, deadline: Deadline) -> str:
        """Ask the API server for our user name, as in ``system:serviceaccount:jupyterhub:hub``."""
        answer = await self.call(writes.self_review(), deadline, read=_object)
        return str(((answer.get("status") or {}).get("userInfo") or {}).get("username", ""))

    async def version(self, deadline: Deadline) -> str:
        """Read the API server's version, as in ``v1.36.0``."""
        answer = await self.call(Request("GET", "/version", "get version"), deadline, read=_object)
        return str(answer.get("gitVersion", ""))

    async def groups(self, deadline: Deadline) -> frozenset[str]:
        """Read which API groups there are, as in ``resource.k8s.io``."""
        answer = await self.call(Request("GET", "/apis", "get API groups"), deadline, read=_object)
        return frozenset(str(group.get("name", "")) for group in answer.get("groups") or ())

    def watch(
        self,
        slim: type[T],
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        indexes: Mapping[str, Index[T]] | None = None,
    ) -> Watch[T]:
        """Make a watch of a kind, in one namespace or in all; nothing is asked before its `start`."""
        request = listing.request(slim.KIND, namespace, label_selector, field_selector)
        return Watch(slim, request, self._transport, chance=self._chance, indexes=indexes)

    async def close(self) -> None:
        """Close all connections. Watches are closed by whoever started them."""
        await self._transport.close()

    async def call(
        self,
        request: Request,
        deadline: Deadline,
        asked: Asked | None = None,
        *,
        read: Callable[[bytes], R],
        look: Look[R] | None = None,
    ) -> R:
        """Send a request until it succeeds, or is not to be repeated; an answer that cannot be read is none."""

        async def attempt() -> R:
            answer = await self._transport.send(request)
            if not answer.succeeded:
                raise ApiError(read_status(answer.code, answer.body, answer.headers), request.doing)
            try:
                return read(answer.body)
            except UNREADABLE as error:
                raise Unreachable(request.doing, "the answer is not Kubernetes' own", sent=True) from error

        return await until_done(
            attempt,
            asked=asked or Asked(),
            doing=request.doing,
            deadline=deadline,
            look=look or _no_look,
            reread_token=self._transport.reread_token,
            chance=self._chance,
            rules=self._rules,
        )


async def _no_look(failure: ApiError | Unreachable, _: Deadline) -> None:
    raise failure
