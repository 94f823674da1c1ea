"""Which Kubernetes this is, and what of the product an older one does without.

1.29 is the oldest supported: native sidecars, and `SelfSubjectReview`, are there by default since. What came later is named
here, so that the hub can say what goes missing instead of failing at it. Pure.

Source: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
"""

import re

OLDEST = (1, 29)

# Since which version, and what is not to be had before.
_SINCE: tuple[tuple[tuple[int, int], str], ...] = (
    (OLDEST, "it is not supported, and what does not work there is not known"),
    (
        (1, 30),
        "it has no ValidatingAdmissionPolicy: those of `tenantspawner rbac` cannot be applied, so nothing else bounds the hub",
    ),
    ((1, 34), "it has no resource.k8s.io/v1: devices by ResourceClaim are neither given nor counted"),
)


def parse_version(text: str) -> tuple[int, int] | None:
    """Read ``v1.36.3``, ``v1.29.1-eks-508b6b3`` or ``v1.30+``; None when it is no version."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?!\d)", text)
    return (int(found[1]), int(found[2])) if found else None


def does_without(text: str) -> tuple[str, ...]:
    """What goes missing on that version, a clause each that reads after "Kubernetes …:"; empty when nothing does."""
    version = parse_version(text)
    if version is None:
        return ()
    return tuple(clause for since, clause in _SINCE if version < since)
