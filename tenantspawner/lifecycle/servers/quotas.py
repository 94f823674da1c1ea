"""Writing the ResourceQuota of a namespace: the one place that does so, but for its leased keys, which grants write.

By merge patch at the version that was read, so that nothing another writer has done meanwhile is undone; a quota that
is missing is made by POST, in which what is leased is 0. A key that somebody else has added to our quota is taken out
again: the quota is in force only as the plan says it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tenantspawner.cluster import PASSING, Cluster, Deadline, Meaning, meaning
from tenantspawner.errors import ApiError
from tenantspawner.kube.kinds import RESOURCE_QUOTA
from tenantspawner.plan import Manifest, closed_quota, quota_change, with_nothing_leased

TRIES = 8
_LOST = {Meaning.CONFLICT, Meaning.QUOTA_CONFLICT, Meaning.ALREADY_EXISTS, Meaning.NOT_FOUND}
Seen = Mapping[str, Any] | None


async def write_quota(
    cluster: Cluster,
    quota: Manifest,
    deadline: Deadline,
    *,
    leased: frozenset[str] = frozenset(),
    fresh: bool = False,
    seen: Seen = None,
) -> bool:
    """Make a quota what it should be; True when something was written.

    Parameters
    ----------
    leased
        Keys that are the grants' affair: never written where the quota exists.
    fresh
        The namespace was made just now, so there is none yet.
    seen
        The quota as a watch has it, to save a look; when it is not the newest it is read.
    """
    place = (quota["metadata"]["namespace"], quota["metadata"]["name"])
    return await _write(cluster, place, lambda _: quota, deadline, leased=leased, look=not fresh, seen=seen)


async def close_quota(cluster: Cluster, space: Mapping[str, Any], name: str, deadline: Deadline) -> bool:
    """Let nothing more be started in a namespace, whatever its quota counts; True when something was written."""
    place = (space["metadata"]["name"], name)
    return await _write(cluster, place, lambda there: closed_quota(name, space, there), deadline)


async def _write(
    cluster: Cluster,
    place: tuple[str, str],
    build: Callable[[Seen], Manifest],
    deadline: Deadline,
    *,
    leased: frozenset[str] = frozenset(),
    look: bool = True,
    seen: Seen = None,
) -> bool:
    tries = 0
    while True:
        tries += 1
        there = seen if seen is not None or not look else await cluster.get(RESOURCE_QUOTA, *place, deadline)
        look, seen = True, None
        try:
            return await _once(cluster, build(there), there, leased, deadline)
        except ApiError as error:
            if meaning(error.answer) not in _LOST or tries >= TRIES:
                raise


async def _once(cluster: Cluster, quota: Manifest, there: Seen, leased: frozenset[str], deadline: Deadline) -> bool:
    if there is None:
        await cluster.create(with_nothing_leased(quota, leased), deadline, expected=PASSING)
        return True
    change = quota_change(quota, there, leased)
    if change:
        namespace, name, version = (there["metadata"][key] for key in ("namespace", "name", "resourceVersion"))
        await cluster.patch(RESOURCE_QUOTA, namespace, name, change, deadline, resource_version=version)
    return bool(change)
