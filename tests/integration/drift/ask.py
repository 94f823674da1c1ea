"""One row of the drift table, as data.

An `Ask` is a request and what is told about it. Text of paths, bodies and headers may name what an earlier answer held:
`${pod.metadata.uid}` is that field of the answer kept as ``pod``. A row with `until` is asked again until its answer
holds that value, for what controllers do meanwhile; its last answer is compared like any other.
"""

from dataclasses import dataclass, field, replace
from typing import Any

JSON = "application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

ADMIN, HUB, DEV, GUEST, NOBODY = "admin", "hub", "dev", "guest", ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    `who` is an identity's name; empty sends no token. `keep` names the answer for later rows. `until` is a field's path
    (``code`` is the status code) and its value. `differs` is why the two clusters may answer differently: they must, then.
    """

    method: str
    path: str
    body: Any = None
    who: str = ADMIN
    content: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    keep: str = ""
    until: tuple[str, Any] | None = None
    differs: str = ""


def get(path: str, **rest: Any) -> Ask:
    return Ask("GET", path, **rest)


def post(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("POST", path, body, **rest)


def put(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("PUT", path, body, **rest)


def delete(path: str, body: Any = None, **rest: Any) -> Ask:
    return Ask("DELETE", path, body, **rest)


def merge(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("PATCH", path, body, content=MERGE, **rest)


def strategic(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("PATCH", path, body, content=STRATEGIC, **rest)


def patch(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("PATCH", path, body, content=PATCH, **rest)


def apply(path: str, body: Any, **rest: Any) -> Ask:
    return Ask("PATCH", path, body, content=APPLY, **rest)


def but(why: str, ask: Ask) -> Ask:
    """List a difference with its reason."""
    return replace(ask, differs=why)
