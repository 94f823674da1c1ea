"""Lists: selected, in pages, at one version.

A page carries a token that names the version of the first page and where the next one starts. Later
pages show the state at that version, rebuilt by undoing the history since; when the history does
not reach back that far, the answer is 410 with a token to go on with the present.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.selectors import Predicate
from tenantspawner.localcluster.attributes import FieldProblem, Refusal
from tenantspawner.localcluster.store import Expired, Store

Object = dict[str, Any]

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `token` is empty on the last one."""

    items: list[Object]
    resource_version: int
    token: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> Object:
        """The list's own metadata."""
        metadata: Object = {"resourceVersion": str(self.resource_version)}
        if self.token:
            metadata["continue"] = self.token
        if self.remaining is not None:
            metadata["remainingItemCount"] = self.remaining
        return metadata


def list_page(
    store: Store, kind: Kind, namespace: str | None, selected: Predicate | None, query: Mapping[str, str]
) -> Page:
    """Return the page that the query asks for.

    Raises
    ------
    Refusal
        400 for a limit or token that cannot be read, 410 for a version that is too old, 504 for one to come.
    """
    check_options(query)
    if query.get("continue") and query.get("resourceVersion", "0") != "0":
        raise Refusal.bad_request("specifying resource version is not allowed when using continue")
    limit = _number(query.get("limit", ""))
    token = query.get("continue", "")
    if token:
        version, start = _read_token(token)
        items, version = _at(store, kind, namespace, version, start)
    else:
        start = ""
        version = store.resource_version
        items = _asked_version(store, kind, namespace, query)
        if query.get("resourceVersionMatch") == "Exact":
            version = int(query["resourceVersion"])
    items = [obj for obj in items if _key(obj) > start]
    if selected is not None:
        items = [obj for obj in items if selected(obj)]
    if not limit or len(items) <= limit:
        return Page(items, version)
    remaining = len(items) - limit if selected is None else None
    return Page(items[:limit], version, _write_token(version, _key(items[limit - 1])), remaining)


def _asked_version(store: Store, kind: Kind, namespace: str | None, query: Mapping[str, str]) -> list[Object]:
    text = query.get("resourceVersion", "")
    match = query.get("resourceVersionMatch", "")
    if not text:
        if match:
            words = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            raise Refusal.bad_options("ListOptions", FieldProblem.forbidden("resourceVersionMatch", words))
        return store.list(kind, namespace)
    version = read_version(text)
    if version > store.resource_version:
        message = f"Too large resource version: {version}, current: {store.resource_version}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise Refusal(504, "Timeout", f"Timeout: {message}", {"causes": [cause]}, retry_after=1)
    if match != "Exact":
        return store.list(kind, namespace)
    try:
        return state_at(store, kind, namespace, version)
    except Expired as error:
        raise Refusal.gone(f"The provided resourceVersion is too old: {error}") from None


def _at(store: Store, kind: Kind, namespace: str | None, version: int, start: str) -> tuple[list[Object], int]:
    if version < 0:  # a token that goes on with the present
        return store.list(kind, namespace), store.resource_version
    try:
        return state_at(store, kind, namespace, version), version
    except Expired:
        refusal = Refusal.gone(_TOO_OLD)
        refusal.metadata["continue"] = _write_token(-1, start)
        raise refusal from None


def state_at(store: Store, kind: Kind, namespace: str | None, version: int) -> list[Object]:
    """Return the objects as they were at a version, by undoing what came after.

    Raises
    ------
    Expired
        The history does not reach back that far.
    """
    later = [event for event in store.history_since(version) if event.kind is kind]
    if not later:
        return store.list(kind, namespace)
    objects = {_key(obj): obj for obj in store.list(kind, namespace)}
    for event in reversed(later):
        if namespace is not None and event.object["metadata"].get("namespace") != namespace:
            continue
        if event.previous is None:
            objects.pop(_key(event.object), None)
        else:
            objects[_key(event.object)] = event.previous
    return [obj for _, obj in sorted(objects.items())]


def _key(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata.get('namespace') or ''}\0{metadata['name']}"


def _number(text: str) -> int:
    if text and not text.removeprefix("-").isdecimal():
        raise Refusal.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return max(int(text or 0), 0)


def read_version(text: str) -> int:
    """Read a resourceVersion of a list, 400 when it is none."""
    if not text.isascii() or not text.isdigit():
        words = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise Refusal.bad_request(f"invalid resource version: {words}")
    return int(text)


def check_options(query: Mapping[str, str]) -> None:
    """Refuse a query whose parts contradict each other."""
    match = query.get("resourceVersionMatch", "")
    if match not in {"", "Exact", "NotOlderThan"}:
        problem = FieldProblem.not_supported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""])
        raise Refusal.bad_options("ListOptions", problem)
    if match == "Exact" and query.get("resourceVersion") == "0":
        words = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        raise Refusal.bad_options("ListOptions", FieldProblem.forbidden("resourceVersionMatch", words))
    if "sendInitialEvents" in query and match != "NotOlderThan":
        words = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise Refusal.bad_options("ListOptions", FieldProblem.forbidden("resourceVersionMatch", words))


def _write_token(version: int, start: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": version, "start": start}
    return urlsafe_b64encode(json.dumps(token, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _read_token(text: str) -> tuple[int, str]:
    try:
        token = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return int(token["rv"]), str(token["start"])
    except (ValueError, KeyError, TypeError):
        words = "invalid continue token: continue key is not valid: illegal base64 data at input byte"
        raise Refusal.bad_request(f"{words} {len(text) // 4 * 4}") from None
