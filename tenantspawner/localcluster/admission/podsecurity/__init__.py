"""Pod Security admission: a namespace's label says what its pods may ask of the node.

Answers as Kubernetes' built-in plugin does, for the modes ``enforce`` and ``warn``; ``audit`` is read, and acted
upon by nobody, as nothing keeps an audit log here. An update of a pod is looked at again only when an image or the set of
containers changes, as nothing else that matters can change.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and the behaviour of 1.36.
"""

from typing import Any

from tenantspawner.kube.kinds import NAMESPACE, POD
from tenantspawner.localcluster.admission.podsecurity.policy import Policy, asked, problems
from tenantspawner.localcluster.admission.podsecurity.registry import Level, violations
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.attributes import Attributes, Refusal
from tenantspawner.localcluster.store import Store

__all__ = ["Level", "Policy", "asked", "validate", "violations"]

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
        _warn_of_pods(attributes, attributes.object, store)
    elif attributes.kind == POD and attributes.subresource not in _HARMLESS_SUBRESOURCES:
        _validate_pod(attributes, attributes.object, store)


def _validate_pod(attributes: Attributes, pod: Json, store: Store) -> None:
    namespace = store.get(NAMESPACE, None, attributes.namespace or "") or {"metadata": {}}
    labels = namespace["metadata"].get("labels") or {}
    policy, warned = asked(labels, "enforce"), asked(labels, "warn")
    if attributes.old_object is not None and not _matters(attributes.old_object, pod):
        return
    found = violations(pod, policy.level, policy.minor)
    if found:
        words = ", ".join(str(violation) for violation in found)
        raise forbidden(attributes, f'violates PodSecurity "{policy}": {words}')
    found = violations(pod, warned.level, warned.minor)
    if found:
        words = ", ".join(str(violation) for violation in found)
        attributes.warnings.append(f'would violate PodSecurity "{warned}": {words}')


def _warn_of_pods(attributes: Attributes, namespace: Json, store: Store) -> None:
    """Tell which pods are there that a level just set would not let in."""
    if attributes.old_object is None:
        return
    before, policy = (
        asked(obj["metadata"].get("labels") or {}, "enforce") for obj in (attributes.old_object, namespace)
    )
    if policy == before or (policy.version == before.version and policy.level < before.level):
        return
    pods: dict[str, list[str]] = {}
    for pod in store.list(POD, attributes.name):
        if found := violations(pod, policy.level, policy.minor):
            pods.setdefault(", ".join(violation.reason for violation in found), []).append(pod["metadata"]["name"])
    if pods:
        words = f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce level "{policy}"'
        attributes.warnings.append(words)
    for reasons, names in sorted(pods.items(), key=lambda item: item[1]):
        others = f" (and {len(names) - 1} other pod{'s' * (len(names) > 2)})" if len(names) > 1 else ""  # noqa: PLR2004  # plural
        attributes.warnings.append(f"{names[0]}{others}: {reasons}")


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
