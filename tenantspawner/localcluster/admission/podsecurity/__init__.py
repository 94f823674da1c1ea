"""Pod Security admission: a namespace's label says what its pods may ask of the node.

Answers as Kubernetes' built-in plugin does, for the mode ``enforce``; ``audit`` and ``warn`` are read, and
acted upon by nobody. An update of a pod is looked at again only when an image or the set of
containers changes, as nothing else that matters can change.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and the behaviour of 1.36.
"""

from typing import Any

from tenantspawner.kube.kinds import NAMESPACE, POD
from tenantspawner.localcluster.admission.podsecurity.policy import Policy, enforced, problems
from tenantspawner.localcluster.admission.podsecurity.registry import Level, violations
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.attributes import Attributes, Refusal
from tenantspawner.localcluster.store import Store

__all__ = ["Level", "Policy", "enforced", "validate", "violations"]

Json = dict[str, Any]
_HARMLESS_SUBRESOURCES = frozenset(
    {"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"},
)


def validate(attributes: Attributes, store: Store) -> None:
    """Refuse a pod that its namespace's level forbids, and a namespace whose level nobody knows."""
    if attributes.object is None:
        return
    if attributes.kind == NAMESPACE and not attributes.subresource:
        _validate_labels(attributes, attributes.object)
    elif attributes.kind == POD and attributes.subresource not in _HARMLESS_SUBRESOURCES:
        _validate_pod(attributes, attributes.object, store)


def _validate_pod(attributes: Attributes, pod: Json, store: Store) -> None:
    namespace = store.get(NAMESPACE, None, attributes.namespace or "") or {"metadata": {}}
    policy = enforced(namespace["metadata"].get("labels") or {})
    if attributes.old_object is not None and not _matters(attributes.old_object, pod):
        return
    found = violations(pod, policy.level, policy.minor)
    if found:
        words = ", ".join(str(violation) for violation in found)
        raise forbidden(attributes, f'violates PodSecurity "{policy}": {words}')


def _validate_labels(attributes: Attributes, namespace: Json) -> None:
    wrong = problems(namespace["metadata"].get("labels") or {})
    before = problems((attributes.old_object or {"metadata": {}})["metadata"].get("labels") or {})
    if wrong and wrong != before:
        raise Refusal.invalid(NAMESPACE, attributes.name, wrong)


def _matters(old: Json, new: Json) -> bool:
    """Whether an update changes what the standard looks at."""

    def images(pod: Json) -> list[list[tuple[str, str]]]:
        fields = ("initContainers", "containers", "ephemeralContainers")
        return [[(c["name"], c.get("image", "")) for c in pod["spec"].get(field) or ()] for field in fields]

    return images(old) != images(new)
