"""The service account controller: every namespace has an account ``default``, a moment after it appears.

The same controller publishes the cluster's certificate authority, which pods with a token mount.
"""

from collections.abc import Hashable, Iterable

from tenantspawner.kube.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from tenantspawner.localcluster.controllers.objects import made
from tenantspawner.localcluster.controllers.runner import Controller
from tenantspawner.localcluster.store import StoreEvent

ACCOUNT = "default"
CERTIFICATES = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class AccountController(Controller):
    """Makes default accounts. Its delay is ``settings.service_account_delay``."""

    @property
    def delay(self) -> float | None:
        """As set."""
        return self.settings.service_account_delay

    def existing(self) -> Iterable[Hashable]:
        """Return all namespaces."""
        return [namespace["metadata"]["name"] for namespace in self.store.list(NAMESPACE)]

    def concerned(self, event: StoreEvent) -> Iterable[Hashable]:
        """Return the namespace that is new, or that lost its account or its certificates."""
        metadata = event.object["metadata"]
        if event.kind == NAMESPACE and event.type == "ADDED":
            return (metadata["name"],)
        ours = (event.kind, metadata["name"]) in {(SERVICE_ACCOUNT, ACCOUNT), (CONFIG_MAP, CERTIFICATES)}
        return (metadata["namespace"],) if ours and event.type == "DELETED" else ()

    def reconcile(self, key: Hashable) -> float | None:
        """Make the account, and the certificates where there are any, unless they are there."""
        name = str(key)
        namespace = self.store.get(NAMESPACE, None, name)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return None
        if self.store.get(SERVICE_ACCOUNT, name, ACCOUNT) is None:
            self.store.put(SERVICE_ACCOUNT, made(SERVICE_ACCOUNT, ACCOUNT, name))
        certificates = self.settings.ca_certificate
        if certificates and self.store.get(CONFIG_MAP, name, CERTIFICATES) is None:
            published = made(CONFIG_MAP, CERTIFICATES, name, data={"ca.crt": certificates})
            published["metadata"]["annotations"] = {"kubernetes.io/description": _DESCRIPTION}
            self.store.put(CONFIG_MAP, published)
        return None
