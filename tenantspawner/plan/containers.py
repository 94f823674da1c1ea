"""Going through the containers of a pod: every one of them, and the amounts they ask for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tenantspawner.kube.quantities import parse
from tenantspawner.plan.models import Manifest


def each_container(spec: Manifest, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Return a pod's spec with each of its containers changed, init containers too."""
    changed = {key: [change(item) for item in spec[key]] for key in ("initContainers", "containers") if spec.get(key)}
    return {**spec, **changed}


def amount(quantity: Any) -> Decimal | None:
    """Read an amount; None where it is none, which the check of the effective pod refuses with its words."""
    try:
        return parse(str(quantity))
    except ValueError:
        return None
