"""What may be asked of a resource: its name, and how much."""

from collections.abc import Iterator, Mapping

from tenantspawner.kube import quantities
from tenantspawner.localcluster.api import names
from tenantspawner.localcluster.attributes import FieldProblem

COMPUTE = {"cpu", "memory", "ephemeral-storage"}
_WHOLE = {
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
}  # fmt: skip
_STANDARD = COMPUTE | _WHOLE | {"storage", "hugepages", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.storage"}  # fmt: skip
_IN_CONTAINERS = COMPUTE
_HUGE_PAGES = "hugepages-"
_HUGE_PAGES_IN_QUOTAS = (_HUGE_PAGES, f"requests.{_HUGE_PAGES}")


def is_extended(name: str) -> bool:
    """Whether a resource is a device or the like: qualified, and none of Kubernetes' own."""
    return "/" in name and not name.startswith("requests.") and "kubernetes.io/" not in name


def is_whole(name: str) -> bool:
    """Whether only whole numbers of it make sense."""
    return name in _WHOLE or name.startswith("count/") or is_extended(name)


def amount_problems(name: str, value: str, field: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with an amount of a resource."""
    amount = quantities.parse(value)
    if amount < 0:
        yield FieldProblem.invalid(field, value, "must be greater than or equal to 0")
    if is_whole(name) and amount != amount.to_integral_value():
        yield FieldProblem.invalid(field, value, "must be an integer")


def _name_problems(name: str, field: str, *, is_standard: bool, words: str) -> Iterator[FieldProblem]:
    for problem in names.qualified(name):
        yield FieldProblem.invalid(field, name, problem)
    if "/" in name:
        return
    if name not in _STANDARD and not name.startswith(_HUGE_PAGES_IN_QUOTAS):
        yield FieldProblem.invalid(field, name, "must be a standard resource type or fully qualified")
    if not is_standard:
        yield FieldProblem.invalid(field, name, words)


def container_resource_problems(amounts: Mapping[str, str], field: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with a container's requests or limits."""
    for name, value in amounts.items():
        where = f"{field}[{name}]"
        is_standard = name in _IN_CONTAINERS or name.startswith(_HUGE_PAGES)
        yield from _name_problems(
            name, where, is_standard=is_standard, words="must be a standard resource for containers"
        )
        yield from amount_problems(name, value, where)


def quota_resource_problems(amounts: Mapping[str, str], field: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with what a quota limits."""
    for name, value in amounts.items():
        where = f"{field}[{name}]"
        is_standard = (name in _STANDARD and name != "storage") or name.startswith(_HUGE_PAGES_IN_QUOTAS)
        yield from _name_problems(name, where, is_standard=is_standard, words="must be a standard resource for quota")
        yield from amount_problems(name, value, where)
