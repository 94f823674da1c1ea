"""The administrator's hands in a demo: making, reading and changing objects over the API of whichever cluster it is."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import CONFIG_MAP, EVENT, NAMESPACE, SERVICE_ACCOUNT, Kind
from tenantspawner.localcluster.kinds import kind_of
from tenantspawner.localcluster.node.client import Access, Client

Json = dict[str, Any]
HUB_NAMESPACE = "jupyterhub"
CONFIG_MAP_NAME = "tenants"
HUB_ACCOUNT = "hub"
TOKEN_SECONDS = 6 * 3600


class Admin:
    """A cluster administrator. Must be closed."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._client = Client(access)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def make(self, manifest: Mapping[str, Any]) -> None:
        """Create an object, or leave the one that is there."""
        kind = kind_of(manifest)
        namespace = manifest["metadata"].get("namespace")
        try:
            await self._client.request("POST", kind.path(namespace), body=dict(manifest))
        except ApiError as error:
            if error.answer.reason != "AlreadyExists":
                raise

    async def refusal(self, manifest: Mapping[str, Any]) -> str:
        """Try to create an object, and return why it was refused; empty when it was not."""
        kind = kind_of(manifest)
        try:
            await self._client.request("POST", kind.path(manifest["metadata"].get("namespace")), body=dict(manifest))
        except ApiError as error:
            return error.answer.message
        return ""

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Json | None:
        """Read one object."""
        try:
            return await self._client.get(kind, namespace, name)
        except ApiError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def all(self, kind: Kind, namespace: str | None = None) -> list[Json]:
        """Read all objects of a kind."""
        items, _ = await self._client.list_all(kind.path(namespace), {})
        return items

    async def hub_token(self) -> str:
        """A token of the hub's own account, as a hub in the cluster would have it mounted."""
        path = SERVICE_ACCOUNT.path(HUB_NAMESPACE, HUB_ACCOUNT, "token")
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {},
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        answer = await self._client.request("POST", path, body=body)
        token: str = answer["status"]["token"]
        return token

    async def edit_tenancy(self, tenancy: str) -> None:
        """Change the tenancy, as ``kubectl edit`` would."""
        await self._client.patch(CONFIG_MAP, HUB_NAMESPACE, CONFIG_MAP_NAME, {"data": {"tenants.yaml": tenancy}})

    async def complaints(self) -> list[str]:
        """What ``kubectl describe configmap tenants`` shows as warnings."""
        events = await self.all(EVENT, HUB_NAMESPACE)
        return [item["message"] for item in events if item.get("involvedObject", {}).get("kind") == "ConfigMap"]

    async def furnish(self, tenancy: str, manifests: list[Json]) -> None:
        """Make what an administrator makes before the hub: its namespace, its account, its rights, the tenancy."""
        await self.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HUB_NAMESPACE}})
        metadata = {"namespace": HUB_NAMESPACE}
        await self.make({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": HUB_ACCOUNT, **metadata}})
        for manifest in manifests:
            await self.make(manifest)
        await self.make(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": CONFIG_MAP_NAME, **metadata},
                "data": {"tenants.yaml": tenancy},
            }
        )
        await self.edit_tenancy(tenancy)  # one of an earlier demo may be there

    async def namespaces(self, label: str) -> list[str]:
        """The names of all namespaces that carry a label."""
        found = await self.all(NAMESPACE)
        return [item["metadata"]["name"] for item in found if label in (item["metadata"].get("labels") or {})]
