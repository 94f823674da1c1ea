"""Namespace lifecycle: nothing is made in a namespace that is not there or is going away.

Reading, updating and deleting what is there stays possible while a namespace goes away; the three
namespaces a cluster lives from cannot be deleted.
"""

from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.localcluster.admission.refusals import forbidden
from tenantspawner.localcluster.attributes import Attributes, Refusal
from tenantspawner.localcluster.store import Store

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


def admit_lifecycle(attributes: Attributes, store: Store) -> None:
    """Refuse writes into missing or terminating namespaces, and the deletion of those that must stay."""
    if attributes.kind == NAMESPACE:
        _admit_namespace(attributes)
    elif attributes.kind.namespaced and attributes.operation != "DELETE":
        _admit_content(attributes, store)


def _admit_namespace(attributes: Attributes) -> None:
    if attributes.operation == "DELETE" and not attributes.subresource and attributes.name in IMMORTAL:
        raise Refusal.forbidden(NAMESPACE, attributes.name, "this namespace may not be deleted")


def _admit_content(attributes: Attributes, store: Store) -> None:
    name = attributes.namespace or ""
    namespace = store.get(NAMESPACE, None, name)
    if namespace is None:
        raise Refusal.not_found(NAMESPACE, name)
    terminating = (namespace.get("status") or {}).get("phase") == "Terminating"
    if attributes.operation == "CREATE" and terminating:
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        why = f"unable to create new content in namespace {name} because it is being terminated"
        raise forbidden(attributes, why, (cause,))
