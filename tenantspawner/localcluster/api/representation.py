"""How an object is shown: as it is, as a row of a table, or only its metadata; as a core or an ``events.k8s.io`` event.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api import events
from tenantspawner.localcluster.api.listing import Page
from tenantspawner.localcluster.api.routes import EVENTS_EVENT, Target
from tenantspawner.localcluster.api.tables import columns_of, row_of
from tenantspawner.localcluster.attributes import Refusal

Object = dict[str, Any]

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_SHOWN = {"application/json", "application/yaml", _PROTOBUF, "application/*", "*/*"}
_AVAILABLE = f"application/json, application/yaml, {_PROTOBUF}, application/json;stream=watch, {_PROTOBUF};stream=watch"
_META = "meta.k8s.io/v1"
_AS = re.compile(r"as=(\w+)")


@dataclass(frozen=True, slots=True)
class Representation:
    """What one client wants to see of one kind."""

    kind: Kind  # as the client calls it
    style: str  # "", "Table" or "PartialObjectMetadata"
    include: str = "Metadata"  # what each row of a table has of its object

    @classmethod
    def wanted(cls, target: Target, accept: str, include: str) -> "Representation":
        """Read the ``Accept`` header: the first style that we know.

        Raises
        ------
        Refusal
            406 when there is none.
        """
        choices = [choice.partition(";")[0].strip() for choice in accept.split(",")]
        if accept and not _SHOWN.intersection(choices):
            raise Refusal(406, "NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {_AVAILABLE}")
        for choice in accept.split(","):
            found = _AS.search(choice)
            style = found[1] if found else ""
            if "v1beta1" in choice or style not in {"", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"}:
                continue
            return cls(target.served_as, style.removesuffix("List"), include or "Metadata")
        return cls(target.served_as, "")

    @property
    def changes(self) -> Callable[[Object], Object] | None:
        """The function that shows one object; None when objects are shown as stored."""
        if not self.style and self.kind is not EVENTS_EVENT:
            return None
        return _ColumnsOnce(self.one) if self.style == "Table" else self.one

    def one(self, obj: Object) -> Object:
        """Show one object."""
        if self.style == "Table":
            return self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
        return self._bare(obj)

    def many(self, page: Page) -> Object:
        """Show a list."""
        if self.style == "Table":
            return self._table(page.items, page.metadata)
        items = [self._bare(obj) for obj in page.items] if self.changes else page.items
        if self.style:
            return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": page.metadata, "items": items}
        if items:  # a typed list does not repeat its items' kind; clients read it from the list
            items = [{key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}} for obj in items]
        return {
            "kind": f"{self.kind.kind}List",
            "apiVersion": self.kind.api_version,
            "metadata": page.metadata,
            "items": items,
        }

    def _bare(self, obj: Object) -> Object:
        if self.style == "PartialObjectMetadata":
            return _partial(obj)
        return events.to_events_v1(obj) if self.kind is EVENTS_EVENT else obj

    def _table(self, objects: list[Object], metadata: Object) -> Object:
        rows = [{"cells": row_of(self.kind, obj), "object": self._row_object(obj)} for obj in objects]
        return {
            "kind": "Table",
            "apiVersion": _META,
            "metadata": metadata,
            "columnDefinitions": columns_of(self.kind),
            "rows": rows,
        }

    def _row_object(self, obj: Object) -> Object | None:
        match self.include:
            case "None":
                return None
            case "Object":
                return obj
            case _:
                return _partial(obj)


class _ColumnsOnce:
    """Tables of one watch: only the first names the columns."""

    def __init__(self, show: Callable[[Object], Object]) -> None:
        self._show = show
        self._first = True

    def __call__(self, obj: Object) -> Object:
        table = self._show(obj)
        if not self._first:
            table["columnDefinitions"] = None
        self._first = False
        return table


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}
