"""Stopping a server: its very pod, by uid, and then until it is gone.

What is not ours is left alone. A pod that is gone already is stopped. When the cluster does not answer in time the error says
so, and the caller must go on calling the server running.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tenantspawner.cluster import Cluster, Deadline, Store
from tenantspawner.kube.kinds import POD
from tenantspawner.kube.objects import Pod


async def stop(
    cluster: Cluster,
    pods: Store[Pod],
    namespace: str,
    name: str,
    *,
    ours: Callable[[Mapping[str, Any]], bool],
    deadline: Deadline,
    now: bool = False,
) -> bool:
    """Delete a server's pod and wait until it is gone; False when there was none of ours.

    Parameters
    ----------
    ours
        Whether the pod that is found is this server's.
    now
        Without waiting for it to end by itself.
    """
    there = await cluster.get(POD, namespace, name, deadline)
    if there is None or not ours(there):
        return False
    uid = there["metadata"]["uid"]
    await cluster.delete(POD, namespace, name, uid=uid, deadline=deadline, grace_seconds=0 if now else None)
    # The watch may not have seen it yet; then its absence says nothing, and the API server is asked once more.
    await pods.until(namespace, name, lambda pod: pod is None or pod.metadata.uid != uid, deadline)
    while (left := await cluster.get(POD, namespace, name, deadline)) is not None and left["metadata"]["uid"] == uid:
        await pods.until(namespace, name, lambda pod: pod is None or pod.metadata.uid != uid, deadline.shorter(1))
        deadline.check(f"wait until pod {namespace}/{name} is gone")
    return True
