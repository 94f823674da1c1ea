"""kubernetes_asyncio's model objects, which hooks get and return, to plain JSON and back.

Only hooks see models; everything else here is plain JSON. A model knows the API's fields, so that a round trip drops
a misspelt key without a word: `lost` says which did not survive, and tests send every manifest through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import msgspec

from tenantspawner.kube.kinds import kind_of

Json = dict[str, Any]

# Where the model's name is not V1 and the kind.
_ODD_NAMES = {"Event": "CoreV1Event"}


def to_json(value: Any) -> Any:
    """Turn a model, or anything with models in it, into plain JSON; fields that are None are left out."""
    match value:
        case Mapping():
            return {key: to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item) for item in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _ if hasattr(value, "openapi_types"):
            fields = ((key, getattr(value, attribute)) for attribute, key in value.attribute_map.items())
            return {key: to_json(item) for key, item in fields if item is not None}
        case _:
            return value


def to_model(obj: Mapping[str, Any], model: str) -> Any:
    """Turn plain JSON into the model of that name, as in ``V1Pod``; keys the model does not know are dropped.

    Raises
    ------
    ValueError
        A field that Kubernetes requires is missing.
    """
    return _deserializer().deserialize(_Answer(msgspec.json.encode(obj)), model)


def model_name(obj: Mapping[str, Any]) -> str:
    """The name of the model of a manifest."""
    kind = kind_of(obj).kind
    return _ODD_NAMES.get(kind, f"V1{kind}")


def roundtrip(obj: Json) -> Json:
    """Send a manifest through its model and back; it comes back unchanged when every key is the API's."""
    back: Json = to_json(to_model(obj, model_name(obj)))
    return back


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """The paths in `before` that are missing or another value in `after`, as in ``spec.containers[0].imgae``."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = ((key, f"{path}.{key}" if path else str(key)) for key in before)
        return [
            line for key, where in keys for line in (lost(before[key], after[key], where) if key in after else [where])
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for index, (old, new) in pairs for line in lost(old, new, f"{path}[{index}]")]
    return [] if before == after else [path]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the client's deserializer reads."""

    data: bytes


@cache
def _deserializer() -> Any:
    # Its __init__ opens a session, which needs a running loop and would have to be closed; deserializing uses none.
    from kubernetes_asyncio.client import ApiClient

    return ApiClient.__new__(ApiClient)
