"""The rights a hub needs, as one table: verb, resource, where, and what is lost without it. Pure.

Which of them apply follows from the tenancy and from `hub_cluster_role`: servers in the hub's own namespace, in namespaces
that admins have made, or in those the hub makes. Inside the last ones it binds itself, so that only the rights to make and
to bind are asked for. It is the same table as ``rbac/``, from the other side.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tenantspawner.kube import kinds
from tenantspawner.kube.kinds import Kind
from tenantspawner.lifecycle.around import Configured
from tenantspawner.plan import namespace_name
from tenantspawner.policy import entitle_tenant
from tenantspawner.tenancy import Tenancy
from tenantspawner.tenancy.models import TenantId

MOST_SPACES = 20  # namespaces of tenants that are asked about; the others are as these, or tell at their first start


class Mode(StrEnum):
    """Where servers live, as `tenantspawner rbac --mode` says it."""

    HUB = "hub"
    TENANT = "tenant"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource. `without` is what does not work when it is missing; `namespace` None means everywhere."""

    verb: str
    kind: Kind
    without: str
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None

    def __str__(self) -> str:
        what = "/".join(part for part in (self.kind.plural, self.subresource) if part)
        named = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else " in all namespaces" * self.kind.namespaced
        return f"{self.verb} {what}{named}{where}"


@dataclass(frozen=True, slots=True)
class Posture:
    """What a hub is for, as far as rights go.

    `spaces` are the namespaces in which it needs rights of its own for servers; None stands for all of them.
    """

    mode: Mode
    home: str
    spaces: tuple[str | None, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    binds_itself: bool = False


_NOBODY = "nobody can start a server"
_AT_HOME = (
    ("list watch", kinds.CONFIG_MAP, f"the tenancy cannot be read, so {_NOBODY}"),
    (
        "create",
        kinds.EVENT,
        "what is wrong with the tenancy is told in this log only, not by kubectl describe configmap",
    ),
)
_LEDGERS = (
    ("list watch", kinds.LEASE, "what is free of a team's budget is not shown"),
    (
        "get create patch",
        kinds.LEASE,
        "no budget of a team can be kept, so nobody of a team with one can start a server",
    ),
)
_SERVERS = (
    ("get list watch", kinds.POD, f"servers cannot be seen, so {_NOBODY}"),
    ("create", kinds.POD, _NOBODY),
    ("delete", kinds.POD, "servers cannot be stopped"),
    ("get", kinds.PERSISTENT_VOLUME_CLAIM, "servers with a home volume cannot start"),
    ("create", kinds.PERSISTENT_VOLUME_CLAIM, "servers with a new home volume cannot start"),
    ("delete", kinds.PERSISTENT_VOLUME_CLAIM, "volumes stay behind when a person is deleted"),
    ("create", kinds.SECRET, f"servers get no token, so {_NOBODY}"),
    ("list watch", kinds.EVENT, "the progress page tells what the pod says, and no events"),
)
_UNSEEN = "what others' quotas and limits do not allow is told only when the pod has been refused"
_FENCES = (
    ("get create patch", kinds.RESOURCE_QUOTA, f"no quota can be kept, so {_NOBODY}"),
    ("create patch", kinds.LIMIT_RANGE, _NOBODY),
    ("list", kinds.RESOURCE_QUOTA, _UNSEEN),
    ("list", kinds.LIMIT_RANGE, _UNSEEN),
    ("create patch", kinds.NETWORK_POLICY, _NOBODY),
    ("create patch", kinds.SERVICE_ACCOUNT, _NOBODY),
    (
        "get delete",
        kinds.ROLE_BINDING,
        "a role that a document no longer gives stays until an admin deletes its binding",
    ),
)
_NAMESPACES = (
    ("get create patch", kinds.NAMESPACE, f"no namespace can be made, so {_NOBODY}"),
    ("list watch", kinds.NAMESPACE, "an edit of the tenancy reaches a namespace only at its next start"),
)


def posture_of(tenancy: Tenancy | None, configured: Configured) -> Posture:
    """Tell from the tenancy and the configuration what the hub is for; without a tenancy, from the configuration alone."""
    tenants = tenancy.tenants if tenancy else {}
    ways = {tenant.namespace.per for tenant in tenants.values()}
    home, role = configured.envelope.hub_namespace, configured.hub_cluster_role
    binds = {name for tenant in tenants.values() if tenant.namespace.per != "hub" for name in tenant.roles}
    mode = Mode.USER if role or "user" in ways else Mode.TENANT if "tenant" in ways else Mode.HUB
    spaces: list[str | None] = [home] if "hub" in ways else []
    if not role and mode is Mode.USER:
        spaces = [None]
    elif not role and tenancy is not None:
        spaces += sorted(_shared(tenancy, configured))[:MOST_SPACES]
    return Posture(
        mode=mode,
        home=home,
        spaces=tuple(spaces),
        pull_secrets=tuple(sorted({name for tenant in tenants.values() for name in tenant.pull_secrets})),
        binds=tuple(sorted({*binds, *([role] if role else [])})),
        binds_itself=bool(role),
    )


def needed(posture: Posture) -> tuple[Right, ...]:
    """List every right the hub needs; each once."""
    return tuple(dict.fromkeys(_needed(posture)))


def _needed(posture: Posture) -> Iterator[Right]:
    home = posture.home
    yield from _each(_AT_HOME, home)
    for name in posture.pull_secrets:
        yield Right("get", kinds.SECRET, "servers of teams with this pull secret cannot start", home, name)
    if posture.mode is Mode.USER:
        yield from _each(_NAMESPACES, None)
        yield from _each(_LEDGERS, home)
    for space in posture.spaces:
        yield from _each(_SERVERS, space)
        yield Right("get", kinds.POD, "a start that fails is told without its log", space, subresource="log")
        if space != home:
            yield from _each(_FENCES, space)
        if posture.mode is Mode.TENANT and space != home:
            yield from _own_space(space)
    yield from _bindings(posture)


def _own_space(space: str | None) -> Iterator[Right]:
    """Rights to a namespace that an admin has made, as they are bound in it."""
    for verb in ("get", "patch"):
        yield Right(verb, kinds.NAMESPACE, "servers of this team cannot start", space, space)


def _bindings(posture: Posture) -> Iterator[Right]:
    if not posture.binds:
        return
    lost = (
        f"it gets no rights in the namespaces it makes, so {_NOBODY}"
        if posture.binds_itself
        else "no role can be given"
    )
    places = (None,) if posture.mode is Mode.USER else tuple(space for space in posture.spaces if space != posture.home)
    for place in places:
        yield from _each((("create patch", kinds.ROLE_BINDING, lost),), place)
        for role in posture.binds:
            yield Right("bind", kinds.CLUSTER_ROLE, lost, place, role)


def _each(table: Iterable[tuple[str, Kind, str]], namespace: str | None) -> Iterator[Right]:
    for verbs, kind, without in table:
        for verb in verbs.split():
            yield Right(verb, kind, without, namespace)


def mending(posture: Posture, configured: Configured, user: str) -> str:
    """Return the command that grants what is missing, with this hub's own names."""
    bounds = configured.envelope
    said = [f"tenantspawner rbac --mode {posture.mode} --namespace {posture.home}"]
    if bounds.hub_id != posture.home:
        said.append(f"--hub-id {bounds.hub_id}")
    if bounds.namespace_prefix != f"{bounds.hub_id}-":
        said.append(f"--prefix {bounds.namespace_prefix}")
    account = user.removeprefix(f"system:serviceaccount:{posture.home}:")
    if account not in {"hub", user}:
        said.append(f"--service-account {account}")
    said += [f"--pull-secret {name}" for name in posture.pull_secrets]
    if posture.mode is Mode.TENANT:
        said += [f"--tenant-namespace {space}" for space in posture.spaces if space and space != posture.home]
    return f"{' '.join(said)} | kubectl apply -f -"


def _shared(tenancy: Tenancy, configured: Configured) -> Iterator[str]:
    for tenant_id, tenant in tenancy.tenants.items():
        if tenant.namespace.per == "tenant":
            entitlement = entitle_tenant(tenancy, TenantId(tenant_id))
            yield namespace_name(entitlement, configured.envelope, configured.envelope.hub_namespace)
