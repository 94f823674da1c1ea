"""Covers JupyterHub with our spawner under exactly the rights of modes 1 and 2: each right is used by the product, none is missed.

Mode 3 is in test_whole_hub.py. Each mode has a control plane of its own: what others were granted to the same account would hide a
right that is missing.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tenantspawner.kube import kinds
from tests.integration.real.test_whole_hub import printed, waited_through
from tests.integration.real.wholehubs import BARE, FURNISHED, PULL_SECRET, SECRET, break_tenancy, fail_and_leave
from tests.support.hubs import HUB_USER, LIGHT, a_service, a_world, eventually, log_of, objects
from tests.support.places import ON_KUBERNETES
from tests.support.rights import Right, granted, settle

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(600)]

HOME, SHARED = "jupyterhub", "jupyterhub-physics"
CONFIG = "c.TenantSpawner.failure_grace = 1\n"
NOTEBOOKS = "tenantspawner-notebook"
LEDGER = {Right("coordination.k8s.io", "leases", verb) for verb in ("create", "get", "patch")}
"""At home every mode has the same rights, but a ledger is written only for budgets over several namespaces: in mode 3."""
GIVEN = "    roles: [tenantspawner-notebook]\n", "    serviceAccount: {name: worker}\n"
"""What the hub gives in namespaces of its own only."""
STORAGE = "    storage: {capacity: 1Gi}"
SPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": SHARED,
        "labels": {"tenantspawner.io/hub": HOME, "pod-security.kubernetes.io/enforce": "restricted"},
        "annotations": {"tenantspawner.io/owner": "tenant:physics"},
    },
}


def per(way, tenancy):
    assert STORAGE in tenancy
    return tenancy.replace(STORAGE, f"    namespace: {{per: {way}}}\n{STORAGE}", 1).split("  chemistry:")[0]


def without(tenancy, *lines):
    for line in lines:
        assert line in tenancy
        tenancy = tenancy.replace(line, "")
    return tenancy


async def a_day(world, rest):
    """What people and admins do: a start, an edit and a broken one, an image that is not there, a stop, and somebody who leaves."""
    await rest.run("ada", {"profile": "gpu"})
    await break_tenancy(world, "version: one\n")
    await fail_and_leave(rest)
    await eventually(lambda: all("ada" not in name for name in claims(world)), 30, "the volume stays")


def claims(world):
    return [claim["metadata"]["name"] for claim in objects(world, kinds.PERSISTENT_VOLUME_CLAIM)]


async def account_of(plane, manifests, but=()):
    rows = await asyncio.to_thread(plane.audit, user=HUB_USER)
    rights = granted(each for each in manifests if each["metadata"]["name"] not in but)
    account = settle(rights, waited_through(rows))
    print(f"{len(rights)} rights, {len(account.unused)} of them not used, {len(rows)} requests")
    return account


async def test_mode_1_is_enough_and_no_more():
    rights = await asyncio.to_thread(printed, "--mode", "hub", "--namespace", HOME, "--pull-secret", PULL_SECRET)
    tenancy = per("hub", without(FURNISHED, *GIVEN))
    async with a_hub(tenancy, [SECRET, *rights]) as (world, rest):
        await a_day(world, rest)
        await eventually(lambda: "rights of mode hub are there" in log_of(world), 30)
        account = await account_of(world.plane, rights)
    assert set(account.unused) == LEDGER, str(account)
    assert not account.refused, str(account)


async def test_mode_2_is_enough_and_no_more():
    rights = await asyncio.to_thread(
        printed,
        *("--mode", "tenant", "--namespace", HOME, "--tenant-namespace", SHARED, "--pull-secret", PULL_SECRET),
    )
    async with a_hub(per("tenant", FURNISHED), [SPACE, SECRET, *rights]) as (world, rest):
        await a_day(world, rest)
        await world.admin.edit_tenancy(per("tenant", BARE.replace("team: {gpu: 4}", "team: {gpu: 3}")))
        await eventually(lambda: NOTEBOOKS not in roles(world), 60, "a role that no document gives is still bound")
        await eventually(lambda: "rights of mode tenant are there" in log_of(world), 30)
        account = await account_of(world.plane, rights, but={NOTEBOOKS})
    assert set(account.unused) == LEDGER, str(account)
    assert not account.refused, str(account)


@asynccontextmanager
async def a_hub(tenancy, manifests):
    node = replace(LIGHT, storage=True)
    options = {"tenancy": tenancy, "config": CONFIG, "manifests": manifests, "node": node}
    async with a_world(ON_KUBERNETES, **options) as world, a_service(world) as rest:
        yield world, rest


def roles(world):
    return {binding["roleRef"]["name"] for binding in objects(world, kinds.ROLE_BINDING, SHARED)}
