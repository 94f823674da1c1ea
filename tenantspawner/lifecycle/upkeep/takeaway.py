"""Deleting what an edit has dropped from a namespace: by uid, and only what carries our hub's label and this owner.

Where the hub may not delete it, the log says which command does.
"""

import logging

from tenantspawner.cluster import Cluster, Deadline, Meaning, meaning
from tenantspawner.errors import ApiError, NotOurs
from tenantspawner.kube.kinds import kind_of
from tenantspawner.lifecycle.ownership import check_owner
from tenantspawner.plan import Provisions, Reference

log = logging.getLogger(__name__)

_FORBIDDEN = {Meaning.NO_RIGHT, Meaning.DENIED}


async def take_away(cluster: Cluster, wanted: Provisions, ref: Reference, deadline: Deadline) -> bool:
    """Delete one object that was put into the namespace of `wanted`; False when the hub may not."""
    namespace = wanted.namespace
    try:
        kind = kind_of({"apiVersion": ref.api_version, "kind": ref.kind})
        there = await cluster.get(kind, namespace, ref.name, deadline)
        if there is None:
            return True
        check_owner(there, wanted.space)
        await cluster.delete(kind, namespace, ref.name, uid=there["metadata"]["uid"], deadline=deadline)
    except NotOurs:
        log.warning("%s %s/%s is not wanted any more, but it is not ours: left alone", ref.kind, namespace, ref.name)
        return True
    except KeyError:
        return True  # no kind that we have ever made
    except ApiError as error:
        if meaning(error.answer) not in _FORBIDDEN:
            raise
        log.warning(
            "%s %s/%s is not wanted any more, and the hub may not delete it. Do so: kubectl -n %s delete %s %s",
            ref.kind, namespace, ref.name, namespace, ref.kind.lower(), ref.name,
        )  # fmt: skip
        return False
    log.info("Deleted %s %s/%s: no document says it any more", ref.kind, namespace, ref.name)
    return True
