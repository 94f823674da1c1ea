"""The Node object: made at the start, kept alive by heartbeats, made again when somebody deletes it.

The heartbeat is a kubelet's: the Ready condition in the node's status, and a Lease in ``kube-node-lease`` where that
namespace exists. An API server that is away is asked again at the next beat.
"""

import asyncio
import logging
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantspawner.errors import ApiError, ClusterTrouble
from tenantspawner.kube.kinds import LEASE, NODE
from tenantspawner.localcluster.node.client import Client, insist
from tenantspawner.localcluster.node.clock import micro_timestamp, timestamp

log = logging.getLogger(__name__)

NOT_FOUND, CONFLICT = 404, 409
LEASE_NAMESPACE = "kube-node-lease"
VERSION = "v1.36.0-tenantspawner"
DEFAULT_CAPACITY = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node says of itself."""

    name: str
    capacity: Mapping[str, str]
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, str]]
    log_port: int


def node_object(facts: NodeFacts) -> dict[str, Any]:
    """Return the Node to create, without its status."""
    system, machine = platform.system().lower(), platform.machine()
    own = {
        "kubernetes.io/hostname": facts.name,
        "kubernetes.io/os": system,
        "kubernetes.io/arch": _ARCHITECTURES.get(machine, machine),
    }
    spec = {"taints": [dict(taint) for taint in facts.taints]} if facts.taints else {}
    return {"metadata": {"name": facts.name, "labels": own | dict(facts.labels)}, "spec": spec}


def node_status(facts: NodeFacts, before: Mapping[str, Any], now: str, *, ready: bool) -> dict[str, Any]:
    """Return the node's status; conditions of others in `before` are kept."""
    amounts = DEFAULT_CAPACITY | dict(facts.capacity)
    return {
        "capacity": amounts,
        "allocatable": amounts,
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": facts.log_port}},
        "nodeInfo": _node_info(),
        "conditions": _conditions(before, now, ready=ready),
    }


def lease_object(name: str) -> dict[str, Any]:
    """Return the node's Lease, renewed now."""
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro_timestamp()}
    return {"metadata": {"name": name, "namespace": LEASE_NAMESPACE}, "spec": spec}


class Registration:
    """Keeps the Node object of one node."""

    def __init__(self, client: Client, facts: NodeFacts, every: float) -> None:
        self._client = client
        self._facts = facts
        self._every = every

    async def register(self) -> None:
        """Make the Node, or make the one of this name ours; return when it is Ready."""
        await insist(self._ensure)
        await insist(lambda: self._report(ready=True))

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await self._beat()
            await asyncio.sleep(self._every)

    async def leave(self) -> None:
        """Say that the node is not ready any more; the object stays, as with a machine that is switched off."""
        try:
            await self._report(ready=False)
        except ClusterTrouble as trouble:
            log.info("the node could not sign off: %s", trouble.detail)

    async def _beat(self) -> None:
        try:
            await self._renew()
            await self._report(ready=True)
        except ApiError as error:
            log.info("a heartbeat was refused: %s", error.detail)
            if error.code == NOT_FOUND:
                await self.register()
        except ClusterTrouble as trouble:
            log.info("a heartbeat was lost: %s", trouble.detail)

    async def _ensure(self) -> None:
        node = node_object(self._facts)
        try:
            await self._client.create(NODE, None, node)
        except ApiError as error:
            if error.code != CONFLICT:
                raise
            changes = {"metadata": {"labels": node["metadata"]["labels"]}, "spec": node["spec"]}
            await self._client.patch(NODE, None, self._facts.name, changes)

    async def _report(self, *, ready: bool) -> None:
        before = (await self._client.get(NODE, None, self._facts.name)).get("status") or {}
        status = node_status(self._facts, before, timestamp(), ready=ready)
        await self._client.patch(NODE, None, self._facts.name, {"status": status}, "status")

    async def _renew(self) -> None:
        lease = lease_object(self._facts.name)
        try:
            await self._client.patch(LEASE, LEASE_NAMESPACE, self._facts.name, {"spec": lease["spec"]})
        except ApiError as error:
            if error.code == NOT_FOUND:
                await self._first_lease(lease)

    async def _first_lease(self, lease: dict[str, Any]) -> None:
        try:
            await self._client.create(LEASE, LEASE_NAMESPACE, lease)
        except ApiError as error:  # no such namespace, or no leases at all: the status alone is enough
            log.debug("no lease: %s", error.detail)


def _conditions(before: Mapping[str, Any], now: str, *, ready: bool) -> list[dict[str, str]]:
    known = {one["type"]: one for one in before.get("conditions") or ()}
    verdicts = {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        "Ready": ("True", "KubeletReady", "kubelet is posting ready status")
        if ready
        else ("False", "KubeletNotReady", "the node was closed"),
    }
    result = [dict(one) for kind, one in known.items() if kind not in verdicts]
    for kind, (status, reason, message) in verdicts.items():
        same = known.get(kind, {}).get("status") == status
        since = known[kind].get("lastTransitionTime", now) if same else now
        times = {"lastHeartbeatTime": now, "lastTransitionTime": since}
        result.append({"type": kind, "status": status, "reason": reason, "message": message, **times})
    return result


def _node_info() -> dict[str, str]:
    machine = platform.machine()
    return {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "operatingSystem": platform.system().lower(),
        "osImage": platform.platform(terse=True),
        "kernelVersion": platform.release(),
        "kubeletVersion": VERSION,
        "kubeProxyVersion": VERSION,
        "containerRuntimeVersion": "local://1",
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
    }
