"""The controllers of the embedded cluster: what happens in Kubernetes without anybody asking.

Quotas are counted, namespaces emptied, accounts made, what lost its owner is collected, claims
are bound, events forgotten. They work on the store directly, in the order of its changes, and each can
be paused, as one stops a process of a real control plane to see what depends on it.
"""

import asyncio
from dataclasses import dataclass

from tenantspawner.localcluster.controllers.accounts import AccountController
from tenantspawner.localcluster.controllers.events import EventController
from tenantspawner.localcluster.controllers.garbage import GarbageCollector
from tenantspawner.localcluster.controllers.namespaces import NamespaceController
from tenantspawner.localcluster.controllers.quotas import QuotaController
from tenantspawner.localcluster.controllers.runner import Runner
from tenantspawner.localcluster.controllers.volumes import VolumeController
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store

__all__ = ["Controllers", "Runner", "start_controllers"]


@dataclass(frozen=True, slots=True)
class Controllers:
    """The running controllers; each has ``pause()`` and ``resume()``."""

    quotas: Runner
    namespaces: Runner
    accounts: Runner
    garbage: Runner
    volumes: Runner
    events: Runner

    async def close(self) -> None:
        """Stop all of them; nothing is reconciled after this returns."""
        runners = (self.quotas, self.namespaces, self.accounts, self.garbage, self.volumes, self.events)
        await asyncio.gather(*(runner.close() for runner in runners))


def start_controllers(store: Store, settings: ClusterSettings) -> Controllers:
    """Start all controllers on a store, in the running event loop.

    `settings` may be changed while they run.
    """
    return Controllers(
        quotas=Runner(QuotaController(store, settings)),
        namespaces=Runner(NamespaceController(store, settings)),
        accounts=Runner(AccountController(store, settings)),
        garbage=Runner(GarbageCollector(store, settings)),
        volumes=Runner(VolumeController(store, settings)),
        events=Runner(EventController(store, settings)),
    )
