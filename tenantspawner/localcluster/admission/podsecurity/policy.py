"""Which level a namespace asks for, read from its labels.

Unknown words fail safe: an unknown level counts as ``restricted``, an unknown version as the
latest. A namespace is not accepted with such a label, but may have got it before that rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tenantspawner.localcluster.admission.podsecurity.registry import LATEST, Level
from tenantspawner.localcluster.attributes import FieldProblem

PREFIX = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")
_BAD_LEVEL = f"must be one of {', '.join(level.name for level in Level)}"
_BAD_VERSION = 'must be "latest" or "v1.x"'


@dataclass(frozen=True, slots=True)
class Policy:
    """A level in a version of the standard; `version` reads ``latest`` or ``v1.30``."""

    level: Level
    version: str

    def __str__(self) -> str:
        return f"{self.level.name}:{self.version}"

    @property
    def minor(self) -> int:
        """The minor version whose checks apply; later ones than we know count as the latest."""
        return LATEST if self.version == "latest" else min(LATEST, int(self.version.removeprefix("v1.")))


def asked(labels: Mapping[str, str], mode: str) -> Policy:
    """Return what the namespace asks for in a mode, ``enforce`` or ``warn``; ``privileged`` where it says nothing."""
    level = labels.get(PREFIX + mode, Level.privileged.name)
    version = labels.get(f"{PREFIX}{mode}-version", "latest")
    known = level in Level.__members__
    return Policy(Level[level] if known else Level.restricted, version if _VERSION.fullmatch(version) else "latest")


def problems(labels: Mapping[str, str]) -> list[FieldProblem]:
    """Return what is wrong with the Pod Security labels of a namespace."""
    found = []
    for mode in ("enforce", "audit", "warn"):
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in Level.__members__:
            found.append(FieldProblem.invalid(f"metadata.labels[{PREFIX}{mode}]", level, _BAD_LEVEL))
        if version is not None and version != "latest" and not _VERSION.fullmatch(version):
            found.append(FieldProblem.invalid(f"metadata.labels[{PREFIX}{mode}-version]", version, _BAD_VERSION))
    return found
