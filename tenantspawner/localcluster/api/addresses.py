"""Cluster addresses of services, from 10.96.0.0/16, as text: nothing here routes them."""

from ipaddress import IPv4Network

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster.store import Store

SERVICE_RANGE = IPv4Network("10.96.0.0/16")
_FIRST = 10  # the first ones are the API's and the DNS server's by custom


class Addresses:
    """Hands out addresses that no service has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = _FIRST

    def next(self) -> str:
        """Return a free address."""
        taken = {service.get("spec", {}).get("clusterIP") for service in self._store.list(kube.SERVICE)}
        while True:
            self._next = self._next + 1 if self._next < SERVICE_RANGE.num_addresses - 2 else _FIRST
            address = str(SERVICE_RANGE[self._next])
            if address not in taken:
                return address
