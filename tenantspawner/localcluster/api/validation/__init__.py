"""What may not be stored: problems by field, in the words of the real API server (422)."""

from typing import Any

from tenantspawner.kube.kinds import Kind
from tenantspawner.localcluster.api.names import metadata_problems
from tenantspawner.localcluster.attributes import FieldProblem

Object = dict[str, Any]


def validate_create(kind: Kind, obj: Object) -> list[FieldProblem]:
    """Return what is wrong with a new object."""
    return list(metadata_problems(kind, obj["metadata"]))


def validate_update(kind: Kind, new: Object, old: Object, subresource: str | None) -> list[FieldProblem]:
    """Return what is wrong with a change."""
    return list(metadata_problems(kind, new["metadata"]))
