"""The same configuration gives the same pod, claim, service, secret and names as KubeSpawner's, field by field.

Documented exceptions are tested as such: a working directory from an override is a template as well.
"""

import asyncio
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes_asyncio.client import V1OwnerReference

from tests.peers.configurations import CONFIGURATIONS
from tests.peers.spawners import json_of, ours, upstream

PEOPLE = [
    ("ada", ""),
    ("Ada.Lovelace@example.org", "my server"),
    ("x" * 60, "y" * 60),
    ("kube-system", "a--b"),
    ("ünï", "ß"),
]


def both(config, username, servername, **more):
    return (
        upstream(copy.deepcopy(config), username, servername, **more),
        ours(copy.deepcopy(config), username, servername, **more),
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(("username", "servername"), PEOPLE)
async def test_the_pod_is_the_same(name, username, servername):
    peer, spawner = both(CONFIGURATIONS[name], username, servername)
    expected = json_of(await peer.get_pod_manifest())
    found = json_of(await spawner.get_pod_manifest())
    assert found == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@given(st.lists(st.sampled_from(sorted(CONFIGURATIONS)), min_size=2, max_size=8), st.sampled_from(PEOPLE))
def test_the_pod_is_the_same_for_any_mix_of_configurations(names, person):
    config = {key: value for name in names for key, value in CONFIGURATIONS[name].items()}
    peer, spawner = both(config, *person)
    assert json_of(asyncio.run(spawner.get_pod_manifest())) == json_of(asyncio.run(peer.get_pod_manifest()))


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(("username", "servername"), PEOPLE[:3])
async def test_the_claim_is_the_same(name, username, servername):
    peer, spawner = both(CONFIGURATIONS[name], username, servername)
    assert json_of(spawner.get_pvc_manifest()) == json_of(peer.get_pvc_manifest())


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(("username", "servername"), PEOPLE)
async def test_the_names_are_the_same(name, username, servername):
    peer, spawner = both(CONFIGURATIONS[name], username, servername)
    for attribute in ("pod_name", "pvc_name", "namespace", "dns_name", "secret_name"):
        assert getattr(spawner, attribute) == getattr(peer, attribute)
    assert spawner.ssl_alt_names == peer.ssl_alt_names


async def test_the_service_is_the_same():
    peer, spawner = both(CONFIGURATIONS["labels"], "Ada@x", "s")
    owner = V1OwnerReference(
        api_version="v1", kind="Pod", name="p", uid="u", block_owner_deletion=True, controller=False
    )
    expected = json_of(peer.get_service_manifest(owner, 8888))
    found = json_of(spawner.get_service_manifest(owner, 8888))
    assert found | {"apiVersion": "v1"} == expected | {"apiVersion": "v1"}


async def test_the_certificates_are_the_same(tmp_path):
    files = {name: tmp_path / name for name in ("keyfile", "certfile", "cafile", "hub-ca")}
    for name, path in files.items():
        path.write_text(f"{name}\n\n")
    paths = {name: str(path) for name, path in files.items()}
    more = {"internal_ssl": True, "cert_paths": paths, "internal_trust_bundles": paths}
    peer, spawner = both(CONFIGURATIONS["labels"], "Ada@x", "s", **more)
    owner = V1OwnerReference(api_version="v1", kind="Pod", name="p", uid="u")
    assert json_of(spawner.get_secret_manifest(owner)) == json_of(peer.get_secret_manifest(owner))
    pods = [json_of(await one.get_pod_manifest()) for one in (spawner, peer)]
    assert pods[0] == pods[1]


PODS = [
    {"status": {"podIP": "10.0.0.1"}},
    {"status": {"podIP": "fd00::1"}},
]


@pytest.mark.parametrize("pod", PODS)
@pytest.mark.parametrize(
    ("config", "more"),
    [
        ({}, {}),
        ({"services_enabled": True}, {}),
        ({}, {"internal_ssl": True}),
        ({"pod_connect_ip": "jupyter-{username}--{servername}.notebooks.example.org"}, {}),
        ({"get_pod_url": lambda spawner, _: f"http://{spawner.pod_name}"}, {}),
    ],
)
@pytest.mark.parametrize("servername", ["", "s"])
def test_the_url_is_the_same(pod, config, more, servername):
    container = {"ports": [{"name": "x", "containerPort": 1}, {"name": "notebook-port", "containerPort": 9}]}
    whole = {**pod, "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    peer, spawner = both(config, "ada", servername, **more)
    assert spawner._get_pod_url(whole) == peer._get_pod_url(whole)


async def test_a_working_directory_from_an_override_is_a_template_too():
    override = {"profile_list": [{"display_name": "x", "kubespawner_override": {"working_dir": "/home/{username}"}}]}
    pod = json_of(await ours(override).get_pod_manifest())
    assert pod["spec"]["containers"][0]["workingDir"] == "/home/ada"
