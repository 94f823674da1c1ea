"""Admission: what becomes of a write before it is stored, in Kubernetes' own order.

First the steps that change the object (namespace lifecycle, limit defaults, account and token, priority,
tolerations, storage class), then the check that nobody grants more than they hold, then the API's own
validation, then the steps that only look (limit bounds, Pod Security) and, last, quotas, which charge.
`admit` does all of it at once: within one event loop nothing comes between the decision
and the charge. It must be called before the store is asked whether the name is taken, since
Kubernetes charges such a create too.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tenantspawner.localcluster.admission.accounts import admit_account, await_default_account
from tenantspawner.localcluster.admission.defaults import (
    admit_claim,
    admit_priority,
    admit_tolerations,
    validate_overhead,
)
from tenantspawner.localcluster.admission.limits import admit_limit_defaults, validate_limits
from tenantspawner.localcluster.admission.namespaces import admit_lifecycle
from tenantspawner.localcluster.admission.podsecurity import validate as validate_pod_security
from tenantspawner.localcluster.admission.quota import charge
from tenantspawner.localcluster.attributes import Attributes
from tenantspawner.localcluster.rbac import check_escalation
from tenantspawner.localcluster.settings import ClusterSettings
from tenantspawner.localcluster.store import Store

__all__ = ["admit", "await_default_account"]

Step = Callable[[Attributes, Store], None]
Validation = Callable[[dict[str, Any]], None]

MUTATING: tuple[Step, ...] = (
    admit_lifecycle, admit_limit_defaults, admit_account, admit_priority, admit_tolerations, admit_claim,
)  # fmt: skip
VALIDATING: tuple[Step, ...] = (validate_limits, validate_pod_security, validate_overhead, charge)


def admit(
    attributes: Attributes,
    store: Store,
    settings: ClusterSettings | None = None,
    validation: Validation | None = None,
) -> dict[str, Any]:
    """Return the object as it is to be stored; for a delete, the object as it was.

    `validation` is the API's own check of the finished object; it stands between the steps that
    change and those that refuse, as in the API server.

    Raises
    ------
    Refusal
        With the code, reason and words of Kubernetes. Nothing has been charged then.
    """
    del settings  # nothing here can be set yet; the signature is agreed with the API
    attributes = replace(attributes, object=copy.deepcopy(attributes.object))
    for step in MUTATING:
        step(attributes, store)
    check_escalation(attributes, store)
    if validation is not None and attributes.object is not None:
        validation(attributes.object)
    for step in VALIDATING:
        step(attributes, store)
    return attributes.object if attributes.object is not None else attributes.old_object or {}
