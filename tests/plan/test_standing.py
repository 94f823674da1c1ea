"""What becomes of a namespace when the tenancy changes: kept, closed, or left alone where nobody can say."""

import pytest

from tenantspawner.plan.standing import Close, Keep, Law, Leave, Standing, judge, standing_of
from tenantspawner.policy import Identity, Username
from tenantspawner.tenancy.models import Tenancy, TenantId
from tests.plan.drawing import HUB, TEN_LINES, TODAY, parsed, tenant

EVERYBODY = TenantId("everybody")
ADAS = Standing("hub1-everybody--ada", EVERYBODY, Username("ada"))
SHARED = Standing("hub1-everybody", EVERYBODY, None)
ADA = Identity(Username("ada"))


def law(document=TEN_LINES, profiles=()):
    return Law(Tenancy.model_validate(parsed(document)), TODAY, HUB, None if profiles is None else dict(profiles))


@pytest.mark.parametrize(
    ("marks", "notes", "standing"),
    [
        ({"tenantspawner.io/tenant": "everybody", "tenantspawner.io/user": "ada"}, {"tenantspawner.io/owner": "ada"}, ADAS),
        ({"tenantspawner.io/tenant": "everybody"}, {"tenantspawner.io/owner": "tenant:everybody"}, SHARED),
        (
            {"tenantspawner.io/tenant": "everybody", "tenantspawner.io/user": "x"},
            {"tenantspawner.io/owner": "tenant:everybody"},
            Standing("n", EVERYBODY, Username("tenant:everybody")),
        ),
        ({}, {"tenantspawner.io/owner": "ada"}, None),
        ({"tenantspawner.io/tenant": "everybody"}, {}, None),
    ],
)  # fmt: skip
def test_a_namespace_says_whose_it_is(marks, notes, standing):
    assert standing_of(standing.namespace if standing else "n", marks, notes) == standing


PER_TENANT, PER_HUB = tenant(namespace={"per": "tenant"}), tenant(namespace={"per": "hub"})
HUBS = tenant(profiles=["small", "hub:demo"])
CASES = {
    "theirs": (ADAS, law(), ADA, Keep, ""),
    "all share it": (SHARED, law(PER_TENANT), None, Keep, ""),
    "no tenant": (Standing("x", TenantId("gone"), Username("ada")), law(), ADA, Close, "there is no tenant gone"),
    "no longer shared": (SHARED, law(), None, Close, "elsewhere now (per: user)"),
    "shared now": (ADAS, law(PER_TENANT), ADA, Close, "elsewhere now (per: tenant)"),
    "in the hub's own now": (ADAS, law(PER_HUB), ADA, Close, "elsewhere now (per: hub)"),
    "no member": (ADAS, law(tenant(members=[{"users": ["bob"]}])), ADA, Close, "not a member"),
    "another name": (ADAS, law(tenant(namespace={"name": "{prefix}x-{username}"})), ADA, Close, "are in hub1-x-ada now"),
    "nobody known": (ADAS, law(), None, Leave, "knows nobody"),
    "profiles by person": (ADAS, law(HUBS, None), ADA, Leave, "differs from person to person"),
    "profiles of the hub, known": (ADAS, law(HUBS), ADA, Keep, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_namespace_is_judged_by_the_tenancy_of_the_moment(case):
    standing, by, identity, ruling, why = CASES[case]
    found = judge(standing, by, identity)
    assert type(found) is ruling
    assert why in getattr(found, "why", "")
