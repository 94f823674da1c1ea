"""Covers the rights a hub asks for by what its tenancy makes of it, the command that mends them, and an older cluster that is told."""

import logging
from unittest import mock

import pytest
import yaml

from tenantspawner.cluster import Cluster
from tenantspawner.lifecycle import Configured
from tenantspawner.lifecycle.examine import examine
from tenantspawner.lifecycle.rights import Mode, mending, needed, posture_of
from tenantspawner.tenancy import Envelope, Tenancy

DOCUMENT = """
version: 1
images: {scipy: {image: "quay.io/jupyter/scipy-notebook:1"}}
profiles: {small: {cpu: 1, memory: 1Gi}}
tenants:
"""
TENANT = """
  NAME:
    members: [{groups: [NAME]}]
    images: [scipy]
    profiles: [small]
    roles: ROLES
    pullSecrets: [creds]
    namespace: {per: PER}
"""
ROLE = "tenantspawner-hub-namespace"


def tenancy(*ways):
    parts = [
        TENANT.replace("NAME", f"{way}s").replace("PER", way).replace("ROLES", "[]" if way == "hub" else "[view]")
        for way in ways
    ]
    return Tenancy.model_validate(yaml.safe_load(DOCUMENT + "".join(parts)))


def configured(role="", **bounds):
    envelope = Envelope(**{"hubId": "lab", "hubNamespace": "lab", "namespacePrefix": "lab-"} | bounds)
    return Configured(envelope, (), (), role)


@pytest.mark.parametrize(
    ("ways", "role", "mode", "spaces"),
    [
        (("hub",), "", Mode.HUB, ("lab",)),
        (("tenant",), "", Mode.TENANT, ("lab-tenants",)),
        (("tenant", "hub"), "", Mode.TENANT, ("lab", "lab-tenants")),
        (("user",), "", Mode.USER, (None,)),
        (("user",), ROLE, Mode.USER, ()),
        (("user", "hub"), ROLE, Mode.USER, ("lab",)),
        (("tenant",), ROLE, Mode.USER, ()),
    ],
)
def test_what_the_hub_is_for_follows_from_tenancy_and_role(ways, role, mode, spaces):
    posture = posture_of(tenancy(*ways), configured(role))
    assert (posture.mode, posture.spaces) == (mode, spaces)


def test_rights_are_asked_for_where_they_are_needed():
    asked = {str(right) for right in needed(posture_of(tenancy("user"), configured(ROLE)))}
    assert {"create namespaces", "create rolebindings in all namespaces", f"bind clusterroles {ROLE}"} <= asked
    assert "get secrets creds in namespace lab" in asked
    assert not any("pods" in right for right in asked), "these it gives itself"
    assert {"patch leases in namespace lab", "watch leases in namespace lab"} <= asked
    asked = {str(right) for right in needed(posture_of(tenancy("tenant"), configured()))}
    assert {"create pods in namespace lab-tenants", "get pods/log in namespace lab-tenants"} <= asked
    assert "create namespaces" not in asked
    assert not any("leases" in right for right in asked), "a budget over one namespace is that namespace's quota"


def test_without_a_tenancy_only_the_hubs_own_namespace_is_asked_about():
    asked = needed(posture_of(None, configured()))
    assert {right.namespace for right in asked} == {"lab"}


@pytest.mark.parametrize(
    ("ways", "bounds", "user", "more"),
    [
        (("hub",), {}, "system:serviceaccount:lab:hub", "--mode hub --namespace lab --pull-secret creds"),
        (("user",), {"hubId": "h", "namespacePrefix": "t-"}, "system:serviceaccount:lab:other",
         "--mode user --namespace lab --hub-id h --prefix t- --service-account other --pull-secret creds"),
        (("tenant",), {}, "somebody", "--mode tenant --namespace lab --pull-secret creds --tenant-namespace lab-tenants"),
    ],
)  # fmt: skip
def test_the_command_that_mends_has_this_hubs_names(ways, bounds, user, more):
    settings = configured(**bounds)
    command = mending(posture_of(tenancy(*ways), settings), settings, user)
    assert command == f"tenantspawner rbac {more} | kubectl apply -f -"


@pytest.fixture
def an_old_cluster():
    """It lets the hub do everything, and is older than our policies."""
    cluster = mock.create_autospec(Cluster, instance=True)
    cluster.whoami.return_value = "system:serviceaccount:lab:hub"
    cluster.allowed.return_value = True
    cluster.get.return_value = None
    cluster.version.return_value = "v1.29.4"
    return cluster


async def test_an_older_cluster_and_a_missing_namespace_are_told(caplog, an_old_cluster):
    caplog.set_level(logging.INFO)
    assert await examine(an_old_cluster, lambda: tenancy("hub"), configured()) == ()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "All rights of mode hub are there"
    assert "There is no namespace lab. Make it (kubectl create namespace lab), or correct the name." in said
    assert any("Kubernetes v1.29.4: it has no ValidatingAdmissionPolicy" in line for line in said)
