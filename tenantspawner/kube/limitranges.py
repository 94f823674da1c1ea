"""The defaults a LimitRange gives to containers, as the API server completes them when it stores the object.

For each container item: a default limit that is missing is the maximum, a default request that is missing is the
default limit, and else the minimum. Of several items the later ones win.

Source: Kubernetes 1.36, pkg/apis/core/v1/defaults.go and plugin/pkg/admission/limitranger/admission.go
"""

from collections.abc import Mapping
from typing import Any


def container_defaults(limit_range: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a container is given where it says nothing: quantities by resource, under ``limits`` and ``requests``."""
    limits: dict[str, Any] = {}
    requests: dict[str, Any] = {}
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            default = {**(item.get("max") or {}), **(item.get("default") or {})}
            limits |= default
            requests |= {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
    return {"limits": limits, "requests": requests}
