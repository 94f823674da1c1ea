"""Extra network rules, in Kubernetes' own words: an ingress or egress rule of a NetworkPolicy.

Strict, since the API server takes an unknown key silently for "everything": ``form:`` for ``from:`` opens a namespace.

Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from tenantspawner.errors import Problem
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Items, Model, NetworkRules, Strings, Text
from tenantspawner.tenancy.words import Location, problems_of


def _network(value: object) -> object:
    if isinstance(value, str):
        try:
            ip_network(value)
        except ValueError:
            raise ValueError("is no network such as 10.0.0.0/8 or fd00::/8, without bits beyond the prefix") from None
    return value


Cidr = Annotated[str, BeforeValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Expression(Model):
    """One requirement of a selector."""

    key: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: Items[str] = ()


class Selector(Model):
    """Labels that must be there; ``{}`` is everything."""

    match_labels: Strings = {}
    match_expressions: Items[Expression] = ()


class Block(Model):
    """Addresses, less some."""

    cidr: Cidr
    except_: Items[Cidr] = Field((), alias="except")


class Peer(Model):
    """Who is on the other end."""

    namespace_selector: Selector | None = None
    pod_selector: Selector | None = None
    ip_block: Block | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.ip_block is None and self.namespace_selector is None and self.pod_selector is None:
            raise ValueError("names nobody; give ipBlock, namespaceSelector or podSelector")
        if self.ip_block is not None and (self.namespace_selector or self.pod_selector):
            raise ValueError("ipBlock stands alone in a peer")
        return self


class PolicyPort(Model):
    """A port; `port` may be a container port's name."""

    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    port: Annotated[Port | Text, Field(union_mode="left_to_right")] | None = None
    end_port: Port | None = None


class IngressRule(Model):
    """Who may come in."""

    from_: Items[Peer] = Field((), alias="from")
    ports: Items[PolicyPort] = ()


class EgressRule(Model):
    """Where to one may go."""

    to: Items[Peer] = ()
    ports: Items[PolicyPort] = ()


_INGRESS = TypeAdapter(IngressRule)
_EGRESS = TypeAdapter(EgressRule)


def rules(view: View) -> Iterator[Problem]:
    """Check the shape of extra rules, and warn of one that opens everything."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        if isinstance(tenant.network, NetworkRules):
            base: Location = ("tenants", tenant_id, "network")
            yield from _each(view, (*base, "extraIngress"), tenant.network.extra_ingress, _INGRESS)
            yield from _each(view, (*base, "extraEgress"), tenant.network.extra_egress, _EGRESS)


def _each(view: View, base: Location, said: Sequence[dict[str, Any]], adapter: TypeAdapter[Any]) -> Iterator[Problem]:
    for index, rule in enumerate(said):
        try:
            read = adapter.validate_python(rule)
        except ValidationError as error:
            yield from problems_of(error.errors(), view.tree, adapter, (*base, index))
            continue
        peers = read.from_ if isinstance(read, IngressRule) else read.to
        if not peers:
            where = "from everywhere" if isinstance(read, IngressRule) else "to everywhere"
            yield view.warning((*base, index), f"names no peer, so it allows traffic {where}")
