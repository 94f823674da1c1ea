"""Lists as one consistent view, in pages of 500.

The first page fixes the version, and the continue tokens of the rest carry it. A token can expire while a long list
is being read (410): the list is then begun again, since two halves of different versions are no view; after the
second time it is asked for in one piece, which cannot expire.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

import msgspec

from tenantspawner.cluster.answers import Meaning, meaning
from tenantspawner.cluster.transport import Request
from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import Kind

PAGE_SIZE = 500
_PAGED_TRIES = 2

T = TypeVar("T")


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    """A list's own metadata."""

    resource_version: str = ""
    continue_: str | None = msgspec.field(default=None, name="continue")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page; `items` may be null in JSON when there are none."""

    metadata: ListMeta
    items: list[T] | None = None


def page_of(item: type[T]) -> type[Page[T]]:
    """The type of a page of such items, for a decoder."""
    return Page[item]  # type: ignore[valid-type]  # a type made at run time


_decoder: msgspec.json.Decoder[Page[dict[str, Any]]] = msgspec.json.Decoder(Page[dict[str, Any]])


def read_page(body: bytes) -> Page[dict[str, Any]]:
    """Read a page of plain JSON objects."""
    return _decoder.decode(body)


def request(kind: Kind, namespace: str | None, label_selector: str | None, field_selector: str | None) -> Request:
    """Build the request for all objects of a kind, before paging."""
    chosen = (("labelSelector", label_selector), ("fieldSelector", field_selector))
    return Request(
        "GET",
        kind.path(namespace),
        f"list {kind.plural}" + (f" in {namespace}" if namespace else ""),
        query=tuple((key, value) for key, value in chosen if value),
    )


async def all_pages(first: Request, fetch: Callable[[Request], Awaitable[Page[T]]]) -> tuple[list[T], str]:
    """Fetch a whole list; its items and its resource version."""
    for _ in range(_PAGED_TRIES):
        try:
            return await _pages(first, fetch)
        except ApiError as error:
            if meaning(error.answer) is not Meaning.TOO_OLD:
                raise
    whole = await fetch(first)
    return whole.items or [], whole.metadata.resource_version


async def _pages(first: Request, fetch: Callable[[Request], Awaitable[Page[T]]]) -> tuple[list[T], str]:
    limit = (("limit", str(PAGE_SIZE)),)
    page = await fetch(replace(first, query=first.query + limit))
    items, version = list(page.items or []), page.metadata.resource_version
    while page.metadata.continue_:
        page = await fetch(replace(first, query=(*first.query, *limit, ("continue", page.metadata.continue_))))
        items += page.items or []
    return items, version
