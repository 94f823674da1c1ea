"""A person's own quota: which rule wins for each key, and what absence means."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tenantspawner.errors import OverOwnQuota
from tenantspawner.kube.quantities import parse
from tenantspawner.policy import DeviceGrant, RuleKind, SpawnRequest, choose, default_amount, obstacle
from tenantspawner.policy.ceilings import full_keys, spoken
from tenantspawner.tenancy.models import Ceilings, Quota
from tests.policy.documents import entitled, tenancy

GPU = "requests.nvidia.com/gpu"
CLAIMS = "count/resourceclaims.resource.k8s.io"


@pytest.mark.parametrize(
    ("name", "groups", "key", "amount", "kind", "path"),
    [
        ("bob", ["physics"], "limits.cpu", "16", RuleKind.TENANT, "tenants.physics.quota.user"),
        ("bob", ["narrow"], "limits.cpu", "8", RuleKind.GROUP, "tenants.physics.members[2].quota"),
        ("bob", ["narrow", "wide"], "limits.cpu", "32", RuleKind.GROUP, "tenants.physics.members[3].quota"),
        ("alice", ["wide"], GPU, "4", RuleKind.USER, "tenants.physics.members[1].quota"),
        ("alice", ["wide"], "limits.cpu", "32", RuleKind.GROUP, "tenants.physics.members[3].quota"),
        ("bob", ["wide"], GPU, "8", RuleKind.GROUP, "tenants.physics.members[3].quota"),
        ("bob", ["physics"], "servers", "3", RuleKind.TENANT, "tenants.physics.quota.user"),
        ("bob", ["physics"], "requests.storage", "10Gi", RuleKind.TENANT, "tenants.physics.quota.user"),
        ("alice", ["chem-"], GPU, "4", RuleKind.USER, "tenants.physics.members[1].quota"),
        ("bob", ["chem"], GPU, "0", RuleKind.ABSENT, "tenants.chemistry.profiles"),
        ("bob", ["physics"], CLAIMS, "0", RuleKind.ABSENT, "tenants.physics.quota.user"),
        ("bob", ["physics"], "requests.nvidia.com/mig-1g.10gb", "0", RuleKind.ABSENT, "tenants.physics.profiles"),
    ],
)
def test_the_rule_behind_each_number(name, groups, key, amount, kind, path):  # noqa: PLR0917  # a row of the table
    ceiling = entitled(name, *groups).tenants[0].ceiling(key)
    assert ceiling is not None
    assert (ceiling.amount, ceiling.because.kind, ceiling.because.path) == (parse(amount), kind, path)


@pytest.mark.parametrize("key", ["limits.cpu", "limits.memory", "requests.storage", "servers", "pods"])
def test_what_nobody_bounds_has_no_ceiling(key):
    assert entitled("bob", "chem").tenants[0].ceiling(key) is None


def test_devices_nobody_bounds_are_bounded_by_the_most_that_a_profile_offers():
    narrow = tenancy()
    physics = narrow.tenants["physics"].model_copy(update={"quota": Quota()})
    narrow = narrow.model_copy(update={"tenants": {"physics": physics}})
    assert entitled("bob", "physics", document=narrow).tenants[0].ceiling(GPU).amount == 4


@pytest.mark.parametrize(("ceiling", "default"), [("8", 4), ("3", 2), ("0", 4)])
def test_the_default_number_of_devices_is_within_the_own_quota_where_that_is_possible(ceiling, default):
    physics = entitled("bob", "physics").tenants[0]
    bounded = replace(physics, ceilings=(replace(physics.ceiling(GPU), amount=Decimal(ceiling)),))
    assert default_amount(bounded, DeviceGrant("nvidia.com/gpu", (1, 2, 4), 4)) == default


def test_two_spellings_of_one_key_give_the_smaller():
    ceilings = Ceilings.model_validate({"cpu": 4, "limits.cpu": 2, "count/services": 1, "gpu": 3})
    assert full_keys(ceilings, "amd.com/gpu") == {"limits.cpu": 2, "count/services": 1, "requests.amd.com/gpu": 3}


def test_without_a_quota_there_are_no_keys():
    assert full_keys(None, "nvidia.com/gpu") == {}


def test_a_server_that_alone_is_over_the_own_quota_is_refused_with_both_numbers():
    with pytest.raises(OverOwnQuota, match="You may use 2 GPUs; this server asks for 4"):
        choose(entitled("bob", "physics"), SpawnRequest(profile="gpu", devices=4))
    with pytest.raises(OverOwnQuota, match="You may use 16 CPUs; this server asks for 64"):
        choose(entitled("bob", "physics"), SpawnRequest(profile="big"))


def test_a_profile_that_never_fits_says_why():
    physics = entitled("bob", "physics").tenants[0]
    reasons = {profile.id: obstacle(physics, profile) for profile in physics.profiles}
    assert reasons["big"] == "You may use 16 CPUs; this server asks for 64."
    assert reasons["gpu"] is None


@pytest.mark.parametrize(
    ("key", "amount", "words"),
    [
        ("limits.cpu", "1", "1 CPU"),
        ("limits.cpu", "500m", "500m CPUs"),
        ("limits.memory", "64Gi", "64Gi of memory"),
        (GPU, "1", "1 GPU"),
        (GPU, "8", "8 GPUs"),
        ("requests.amd.com/gpu", "2", "2 of amd.com/gpu"),
    ],
)
def test_amounts_are_said_in_words(key, amount, words):
    assert spoken(key, parse(amount), "nvidia.com/gpu") == words


def test_amounts_stay_exact():
    assert entitled("bob", "physics").tenants[0].ceiling("limits.memory").amount == Decimal(64 * 2**30)
