"""What in a pod is hub configuration's own: the hub admin's affair, which no tenant's rule bounds.

Known by comparison, not by name: the pod that hub configuration alone would give is drawn beside the one that was
chosen, and what is the same in both is the hub's. A container that a profile put in the place of the hub's, under its
name, is the profile's, and is checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tenantspawner.plan.containers import amount
from tenantspawner.plan.harden import NOTEBOOK
from tenantspawner.plan.models import Manifest
from tenantspawner.plan.pod import pod
from tenantspawner.plan.settings import PodSettings, ServerContext
from tenantspawner.plan.shape import has_own_account
from tenantspawner.policy import HubAdditions
from tenantspawner.tenancy.models import Tenant

NO_ACCOUNT = "default"  # what a pod runs as when nobody says anything


def additions(configured: PodSettings, chosen: Manifest, server: ServerContext, tenant: Tenant) -> HubAdditions:
    """Return what in the `chosen` pod comes from hub configuration, and what was made for this very server."""
    alone = pod(configured, replace(server, env=configured.environment))["spec"]
    extra = {**configured.extra_resource_guarantees, **configured.extra_resource_limits}
    return HubAdditions(
        containers=frozenset(
            {*_same("initContainers", alone, chosen), *_same("containers", alone, chosen)} - {NOTEBOOK}
        ),
        volumes=frozenset(_same("volumes", alone, chosen)),
        claims=frozenset({server.pvc_name} - {""}),
        secrets=frozenset({server.env_secret_name or "", *_secrets_read(alone)} - {""}),
        resources={name: value for name in extra if (value := amount(extra[name])) is not None},
        service_account=None if has_own_account(tenant) else configured.service_account or NO_ACCOUNT,
    )


def _same(kind: str, alone: Mapping[str, Any], chosen: Manifest) -> Iterator[str]:
    before = alone.get(kind) or ()
    return (item["name"] for item in chosen["spec"].get(kind) or () if item in before)


def _secrets_read(alone: Mapping[str, Any]) -> Iterator[str]:
    """The Secrets that hub configuration itself puts into the notebook's environment."""
    notebook = next(item for item in alone["containers"] if item["name"] == NOTEBOOK)
    for source in notebook.get("envFrom") or ():
        yield (source.get("secretRef") or {}).get("name", "")
    for variable in notebook.get("env") or ():
        yield ((variable.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", "")
