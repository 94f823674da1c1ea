"""Covers that what is put into a shared namespace (`per: tenant`) depends on the tenant alone, never on who comes first."""

from datetime import date

from tenantspawner.plan import Surroundings, namespace_name, provisions
from tenantspawner.plan.marks import Site
from tenantspawner.policy import Identity, Username, entitle, entitle_tenant
from tenantspawner.tenancy import Envelope, Source, read
from tenantspawner.tenancy.models import TenantId

DOCUMENT = """
version: 1
profiles:
  tiny: {cpu: 1, memory: 1Gi}
  big: {cpu: 8, memory: 8Gi}
  gpu: {cpu: 2, memory: 2Gi, gpu: 2}
tenants:
  lab:
    members:
      - users: [ada]
        profiles: [big]
        quota: {gpu: 0, requests.example.org/fpga: 1}
      - users: [bob]
        profiles: [gpu]
        quota: {gpu: 1}
      - groups: [all]
    images: [quay.io/x/y:1]
    profiles: [tiny, big, gpu]
    namespace: {per: tenant}
    quota: {user: {cpu: 8, requests.example.org/fpga: 0, persistentvolumeclaims: 0}, team: {cpu: 100}}
    objects:
      - {apiVersion: v1, kind: ConfigMap, metadata: {name: "of-{username}"}, data: {who: "{username} of {tenant}"}}
"""
BOUNDS = {
    "hub_id": "hub",
    "hub_namespace": "jupyterhub",
    "namespace_prefix": "hub-",
    "allowed_object_kinds": ("ConfigMap",),
}
ENVELOPE = Envelope.model_validate(BOUNDS, by_name=True)


def drawn(entitlement):
    name = namespace_name(entitlement, ENVELOPE, "jupyterhub")
    return provisions(Site(name, entitlement, Surroundings(ENVELOPE)))


def entitlements():
    reading = read([Source("tenants.yaml", DOCUMENT)], ENVELOPE)
    assert reading.tenancy is not None, reading.problems
    today = date(2026, 1, 1)
    people = (Identity(Username(name), frozenset({"all"} if name == "cleo" else ())) for name in ("ada", "bob", "cleo"))
    persons = [entitle(reading.tenancy, person, today).tenants[0] for person in people]
    return [*persons, entitle_tenant(reading.tenancy, TenantId("lab"))]


def test_everybody_would_make_the_same_namespace():
    first, *others = [drawn(entitlement) for entitlement in entitlements()]
    assert all(other == first for other in others)


def test_only_what_nobody_may_have_is_zero_beside_the_teams_budget():
    hard = drawn(entitlements()[0]).quota["spec"]["hard"]
    assert hard == {"limits.cpu": "100", "persistentvolumeclaims": "0"}


def test_limits_come_from_all_profiles_of_the_tenant():
    limits = drawn(entitlements()[0]).fences[0]["spec"]["limits"]
    assert limits == [{"type": "Container", "default": {"cpu": "1"}}]
