"""What the API server fills into a pod, and the quality of service it computes.

Source: ``SetDefaults_Pod*``, ``SetDefaults_Container`` and ``ComputePodQOS`` of Kubernetes 1.36.
"""

from collections.abc import Iterator
from typing import Any

from tenantspawner.kube import quantities
from tenantspawner.localcluster.admission.resources import of_containers, on_pod
from tenantspawner.localcluster.amounts import write

Object = dict[str, Any]

_SOURCE_MODES = ("secret", "configMap", "downwardAPI", "projected")
_MODE = 0o644
_COMPUTE = ("cpu", "memory")


def default_pod(pod: Object) -> None:
    """Fill in what the client left out, all the way down."""
    spec = pod.setdefault("spec", {})
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("enableServiceLinks", True)
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in containers(spec):
        _container(container)
    _whole(spec)
    for volume in spec.get("volumes", []):
        _volume(volume)
    pod.setdefault("status", {}).setdefault("phase", "Pending")
    pod["status"].setdefault("qosClass", qos_class(spec))


def containers(spec: Object) -> Iterator[Object]:
    """Yield a pod's init containers and containers."""
    yield from spec.get("initContainers", [])
    yield from spec.get("containers", [])


def _container(container: Object) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    resources = container.setdefault("resources", {})
    if limits := resources.get("limits"):
        resources["requests"] = dict(limits) | resources.get("requests", {})
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", []):
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            reference.setdefault("apiVersion", "v1")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _probe(container[probe])
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            _http_get(hook)


def _whole(spec: Object) -> None:
    """Fill in what the pod says as a whole, if it says anything: from its containers, then from its limits."""
    resources = spec.get("resources") or {}
    limits, requests = dict(resources.get("limits") or {}), dict(resources.get("requests") or {})
    if not limits and not requests:
        return
    for name, amount in write(of_containers(spec, "limits")).items():
        if name.startswith("hugepages-") and name not in requests:
            limits.setdefault(name, amount)
    if limits:
        for name, amount in write(of_containers(spec, "requests")).items():
            if name in _COMPUTE:
                requests.setdefault(name, amount)
        requests = {name: amount for name, amount in limits.items() if on_pod(name)} | requests
        resources["limits"] = limits
    resources["requests"] = requests


def _pull_policy(image: str) -> str:
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in {"", "latest"} else "IfNotPresent"


def _probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _http_get(probe)


def _http_get(handler: Object) -> None:
    if get := handler.get("httpGet"):
        get.setdefault("path", "/")
        get.setdefault("scheme", "HTTP")


def _volume(volume: Object) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for source in _SOURCE_MODES:
        if source in volume:
            volume[source].setdefault("defaultMode", _MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    for source in volume.get("projected", {}).get("sources", []):
        if token := source.get("serviceAccountToken"):
            token.setdefault("expirationSeconds", 3600)


def qos_class(spec: Object) -> str:
    """Return ``Guaranteed``, ``Burstable`` or ``BestEffort`` of a pod's spec.

    A quantity that cannot be read counts as there: validation will say so.
    """
    asked = False
    guaranteed = True
    for container in containers(spec):
        resources = container.get("resources", {})
        limits, requests = resources.get("limits", {}), resources.get("requests", {})
        for name in _COMPUTE:
            limit, request = _amount(limits.get(name)), _amount(requests.get(name))
            asked = asked or bool(limit or request)
            guaranteed = guaranteed and bool(limit) and limit == request
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amount(text: str | None) -> object:
    try:
        return quantities.parse(text) if text else None
    except ValueError:
        return text
