"""Limit ranges: defaults for containers that say nothing, and bounds for all.

The defaults of a limit range are complete when it is stored: the API derives them from its bounds.
Bounds are checked after all defaults are in, and every breach of one limit range is told at once.
"""

from collections.abc import Iterator
from typing import Any

from tenantspawner.kube.kinds import LIMIT_RANGE, PERSISTENT_VOLUME_CLAIM, POD
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.admission.resources import pod_limits, pod_requests
from tenantspawner.localcluster.amounts import Amounts, read
from tenantspawner.localcluster.attributes import Attributes, aggregate
from tenantspawner.localcluster.store import Store

Json = dict[str, Any]
ANNOTATION = "kubernetes.io/limit-ranger"


def admit_limit_defaults(attributes: Attributes, store: Store) -> None:
    """Fill in requests and limits that a new pod's containers leave open, and say so in an annotation."""
    pod = attributes.object
    if attributes.kind != POD or attributes.operation != "CREATE" or attributes.subresource or pod is None:
        return
    for limit_range in store.list(LIMIT_RANGE, attributes.namespace):
        notes = list(_fill_pod(pod, limit_range))
        if notes:
            annotations = pod["metadata"].get("annotations") or {}
            pod["metadata"]["annotations"] = annotations | {ANNOTATION: "LimitRanger plugin set: " + "; ".join(notes)}


def validate_limits(attributes: Attributes, store: Store) -> None:
    """Refuse a new pod or a claim that is out of bounds."""
    if attributes.object is None or attributes.subresource:
        return
    old = attributes.old_object or {"metadata": {}}
    if old["metadata"].get("deletionTimestamp") or attributes.operation not in {"CREATE", "UPDATE"}:
        return
    if attributes.kind == POD and attributes.operation == "UPDATE":
        return  # resources of a running pod do not change this way
    if attributes.kind not in {POD, PERSISTENT_VOLUME_CLAIM}:
        return
    for limit_range in store.list(LIMIT_RANGE, attributes.namespace):
        found = [words for item in limit_range["spec"].get("limits") or () for words in _breaches(item, attributes)]
        if found:
            raise forbidden(attributes, aggregate(found))


def _fill_pod(pod: Json, limit_range: Json) -> Iterator[str]:
    requests: Json = {}
    limits: Json = {}
    for item in limit_range["spec"].get("limits") or ():
        if item["type"] == "Container":
            requests |= item.get("defaultRequest") or {}
            limits |= item.get("default") or {}
    for field, word in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(field) or ():
            yield from _fill_container(container, requests, limits, word)


def _fill_container(container: Json, requests: Json, limits: Json, word: str) -> Iterator[str]:
    resources = dict(container.get("resources") or {})
    for part, defaults, label in (("requests", requests, "request"), ("limits", limits, "limit")):
        present = resources.get(part) or {}
        added = {name: value for name, value in defaults.items() if name not in present}
        if added:
            resources[part] = {**present, **added}
            yield f"{', '.join(sorted(added))} {label} for {word} {container['name']}"
    container["resources"] = resources


def _breaches(item: Json, attributes: Attributes) -> Iterator[str]:
    obj, kind = attributes.object or {}, item["type"]
    if kind == "PersistentVolumeClaim" and attributes.kind == PERSISTENT_VOLUME_CLAIM:
        requests = read((obj["spec"].get("resources") or {}).get("requests"))
        yield from _below(item, requests, {})
        yield from _claim_above(item, requests)
    elif kind == "Container" and attributes.kind == POD:
        for container in (*(obj["spec"].get("containers") or ()), *(obj["spec"].get("initContainers") or ())):
            resources = container.get("resources") or {}
            yield from _out_of_bounds(item, read(resources.get("requests")), read(resources.get("limits")))
    elif kind == "Pod" and attributes.kind == POD:
        yield from _out_of_bounds(item, pod_requests(obj, overhead=False), pod_limits(obj, overhead=False))


def _out_of_bounds(item: Json, requests: Amounts, limits: Amounts) -> Iterator[str]:
    yield from _below(item, requests, limits)
    yield from _above(item, requests, limits)
    yield from _ratios(item, requests, limits)


def _below(item: Json, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in read(item.get("min")).items():
        bound = f"minimum {name} usage per {item['type']} is {least}"
        if name not in requests:
            yield f"{bound}.  No request is specified"
        elif requests[name].value < least.value:
            yield f"{bound}, but request is {requests[name]}"
        elif name in limits and limits[name].value < least.value:
            yield f"{bound}, but limit is {limits[name]}"


def _above(item: Json, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, most in read(item.get("max")).items():
        bound = f"maximum {name} usage per {item['type']} is {most}"
        if name not in limits:
            yield f"{bound}.  No limit is specified"
        elif limits[name].value > most.value:
            yield f"{bound}, but limit is {limits[name]}"
        elif name in requests and requests[name].value > most.value:
            yield f"{bound}, but request is {requests[name]}"


def _claim_above(item: Json, requests: Amounts) -> Iterator[str]:
    for name, most in read(item.get("max")).items():
        bound = f"maximum {name} usage per {item['type']} is {most}"
        if name not in requests:
            yield f"{bound}.  No request is specified"
        elif requests[name].value > most.value:
            yield f"{bound}, but request is {requests[name]}"


def _ratios(item: Json, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, most in read(item.get("maxLimitRequestRatio")).items():
        bound = f"{name} max limit to request ratio per {item['type']} is {most}"
        if name not in requests or not requests[name].value:
            yield f"{bound}, but no request is specified or request is 0"
        elif name not in limits or not limits[name].value:
            yield f"{bound}, but no limit is specified or limit is 0"
        elif (ratio := limits[name].value / requests[name].value) > most.value:
            yield f"{bound}, but provided ratio is {ratio:.6f}"
