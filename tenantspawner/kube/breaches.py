"""What a namespace's limit ranges refuse of a pod, found before the API server is asked, and said in its words.

Defaults come first: every limit range fills what is still open, then each bounds the containers one by one and the pod as a
whole. A default below what a container requests is a breach too, although Kubernetes calls such a pod invalid.

Source: Kubernetes 1.36, plugin/pkg/admission/limitranger/admission.go
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tenantspawner.kube.charges import Amounts, charge, of_containers
from tenantspawner.kube.quantities import format as written
from tenantspawner.kube.quantities import parse

Asked = Mapping[str, Amounts]


def breaches(spec: Mapping[str, Any], limit_ranges: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Name what limit ranges do not let pass: the name of the LimitRange and the rule, each once.

    Raises
    ------
    ValueError
        An amount is no quantity.
    """
    total = charge(spec, limit_ranges)
    whole = {part: _of_part(total, part) for part in ("limits", "requests")}
    bounded: dict[str, list[Asked]] = {"Container": of_containers(spec, limit_ranges), "Pod": [whole]}
    found = [
        (str(limit_range["metadata"]["name"]), rule)
        for limit_range in limit_ranges
        for item in (limit_range.get("spec") or {}).get("limits") or ()
        for asked in bounded.get(str(item.get("type")), [])
        for rule in _rules(item, asked)
    ]
    return tuple(dict.fromkeys(found))


def _of_part(charged: Amounts, part: str) -> Amounts:
    return {key.partition(".")[2]: amount for key, amount in charged.items() if key.startswith(f"{part}.")}


def _rules(item: Mapping[str, Any], asked: Asked) -> Iterator[str]:
    kind, limits, requests = item["type"], asked["limits"], asked["requests"]
    for name, least in _amounts(item, "min"):
        bound = f"minimum {name} usage per {kind} is {written(least)}"
        yield from _below(bound, least, requests.get(name), limits.get(name))
    for name, most in _amounts(item, "max"):
        bound = f"maximum {name} usage per {kind} is {written(most)}"
        yield from _above(bound, most, requests.get(name), limits.get(name))
    for name, most in _amounts(item, "maxLimitRequestRatio"):
        bound = f"{name} max limit to request ratio per {kind} is {written(most)}"
        yield from _apart(bound, most, requests.get(name), limits.get(name))
    for name, default in _amounts(item, "default"):
        request = requests.get(name)
        if request is not None and limits.get(name) == default < request:
            yield f"default {name} limit per {kind} is {written(default)}, but request is {written(request)}"


def _amounts(item: Mapping[str, Any], key: str) -> Iterator[tuple[str, Decimal]]:
    for name, amount in (item.get(key) or {}).items():
        yield name, parse(str(amount))


def _below(bound: str, least: Decimal, request: Decimal | None, limit: Decimal | None) -> Iterator[str]:
    if request is None:
        yield f"{bound}, but no request is specified"
    elif request < least:
        yield f"{bound}, but request is {written(request)}"
    elif limit is not None and limit < least:
        yield f"{bound}, but limit is {written(limit)}"


def _above(bound: str, most: Decimal, request: Decimal | None, limit: Decimal | None) -> Iterator[str]:
    if limit is None:
        yield f"{bound}, but no limit is specified"
    elif limit > most:
        yield f"{bound}, but limit is {written(limit)}"
    elif request is not None and request > most:
        yield f"{bound}, but request is {written(request)}"


def _apart(bound: str, most: Decimal, request: Decimal | None, limit: Decimal | None) -> Iterator[str]:
    if not request:
        yield f"{bound}, but no request is specified or request is 0"
    elif not limit:
        yield f"{bound}, but no limit is specified or limit is 0"
    elif limit / request > most:
        yield f"{bound}, but provided ratio is {limit / request:f}"
