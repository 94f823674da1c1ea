"""Volumes: what is mounted, and the claim that is made for each server."""

import asyncio
from typing import Any

from traitlets import Bool, HasTraits, List

from tenantspawner.settings.traits import items, mapping, optional_text

_CONFLICT, _FORBIDDEN = 409, 403


class Storage(HasTraits):
    """Volumes, mounts, and the volume claim."""

    volumes = items("Volumes of the pod, each with a ``name`` and one kind of volume. Templates.")
    volume_mounts = items("Where volumes are mounted in the container: ``name`` and ``mountPath``. Templates.")
    storage_pvc_ensure = Bool(
        False, help="Whether a volume claim named by `pvc_name_template` is made before the pod, if there is none."
    ).tag(config=True)
    delete_pvc = Bool(
        True, help="Whether the claim is deleted with its server or person; never when a server merely stops."
    ).tag(config=True)
    storage_capacity = optional_text("How much the claim asks for, as in ``10Gi``.")
    storage_class = optional_text("The claim's storage class. None: the cluster's default.")
    storage_access_modes = List(["ReadWriteOnce"], help="The claim's access modes.").tag(config=True)
    storage_selector = mapping("Which volumes the claim may be bound to, by their labels. Templates.")
    storage_extra_labels = mapping("Further labels of the claim, given when it is made. Templates.")
    storage_extra_annotations = mapping("Further annotations of the claim, given when it is made. Templates.")

    log: Any
    api: Any
    namespace: Any

    async def _make_create_pvc_request(self, pvc: Any, request_timeout: float) -> bool:
        """Create a claim through `api`; True when it exists then, False when there was no answer in time.

        A full quota is reported before the name is looked at, so a 403 may hide a claim that is there.
        """
        name = pvc.metadata.name
        create = self.api.create_namespaced_persistent_volume_claim(namespace=self.namespace, body=pvc)
        try:
            await asyncio.wait_for(create, request_timeout)
        except TimeoutError:
            return False
        except Exception as error:
            status = getattr(error, "status", None)
            if status == _CONFLICT or (status == _FORBIDDEN and await self._claim_is_there(name)):
                self.log.info("The volume claim %s exists already", name)
                return True
            raise
        return True

    async def _claim_is_there(self, name: str) -> bool:
        try:
            await self.api.read_namespaced_persistent_volume_claim(name=name, namespace=self.namespace)
        except Exception as error:
            if getattr(error, "status", None) is None:
                raise
            return False
        return True
