"""From manifest to process: command, environment, address, directories; and what an image name means."""

from pathlib import Path

import pytest

from tenantspawner.localcluster.node import recipe
from tenantspawner.localcluster.node.addresses import AddressMode, NoAddressError, open_addresses
from tenantspawner.localcluster.node.images import Images, PullError, Runs, normalised, pull_policy
from tenantspawner.localcluster.node.pod import grace_of
from tenantspawner.localcluster.node.sandbox import Mounts

MOUNTS = Mounts(Path("/root-dir"), {"/home/jovyan": Path("/claims/ada"), "/home/jovyan/shared": Path("/claims/all")})


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/home/jovyan", "/claims/ada"),
        ("/home/jovyan/", "/claims/ada"),
        ("/home/jovyan/work/x", "/claims/ada/work/x"),
        ("/home/jovyan/shared/y", "/claims/all/y"),
        ("/home/jovyan2", "/root-dir/home/jovyan2"),
        ("/tmp", "/root-dir/tmp"),
    ],
)
def test_a_path_lies_in_the_deepest_mount_above_it(path, where):
    assert MOUNTS.locate(path) == Path(where)


@pytest.mark.parametrize(
    ("url", "rewritten"),
    [
        ("http://0.0.0.0:8888/user/ada/", "http://127.1.1.1:8888/user/ada/"),
        ("http://:8888/user/ada/", "http://127.1.1.1:8888/user/ada/"),
        ("http://[::]:8888/", "http://127.1.1.1:8888/"),
        ("http://*:8888/", "http://127.1.1.1:8888/"),
        ("https://0.0.0.0/", "https://127.1.1.1/"),
        ("http://127.0.0.1:8888/", "http://127.0.0.1:8888/"),
        ("http://10.0.0.1:1/", "http://10.0.0.1:1/"),
    ],
)
def test_a_server_that_would_listen_everywhere_listens_at_its_pod(url, rewritten):
    assert recipe.service_url(url, "127.1.1.1") == rewritten


def test_paths_are_those_of_the_mounts_and_the_pods_variables_win():
    values = {"JUPYTERHUB_ROOT_DIR": "/home/jovyan/shared", "LANG": "de_DE.UTF-8", "OTHER": "/home/jovyan"}
    result = recipe.local_environment(values, "pod", "127.1.1.1", MOUNTS, "/home/jovyan")
    assert result["HOME"] == "/claims/ada"
    assert result["JUPYTERHUB_ROOT_DIR"] == "/claims/all"
    assert (result["LANG"], result["OTHER"], result["HOSTNAME"]) == ("de_DE.UTF-8", "/home/jovyan", "pod")


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, ("server",)),
        ({"args": ["other", "--x=$(X)"]}, ("other", "--x=1")),
        ({"command": ["sh"], "args": ["-c", "true"]}, ("sh", "-c", "true")),
    ],
)
def test_the_command_is_the_manifests_or_the_images(container, expected):
    assert recipe.command(container, ("server",), {"X": "1"}) == expected


@pytest.mark.parametrize(("uid", "more"), [(0, ("--allow-root",)), (1000, ())])
def test_a_notebook_server_may_be_root_where_the_node_is(monkeypatch, uid, more):
    monkeypatch.setattr(recipe.os, "geteuid", lambda: uid)
    assert recipe.command({}, ("jupyterhub-singleuser",), {}) == ("jupyterhub-singleuser", *more)


def test_the_working_directory_is_the_manifests_or_home():
    assert recipe.working_directory({"workingDir": "/home/jovyan/w"}, {"HOME": "/h"}, MOUNTS) == Path("/claims/ada/w")
    assert recipe.working_directory({}, {"HOME": "/h"}, MOUNTS) == Path("/h")


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("busybox", "busybox:latest"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ("quay.io/a:1", "quay.io/a:1"),
        (f"a@sha256:{'0' * 64}", f"a@sha256:{'0' * 64}"),
    ],
)
def test_an_image_without_a_tag_is_the_latest(image, full):
    assert normalised(image) == full


@pytest.mark.parametrize("image", ["", "A", "a b", "a:", "a\n", "http://a/b", "a@sha256:0"])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(PullError) as raised:
        normalised(image)
    assert raised.value.reason == "InvalidImageName"


def test_the_pull_policy_follows_from_the_tag():
    assert pull_policy(None, "a:latest") == "Always"
    assert pull_policy(None, "a:1") == "IfNotPresent"
    assert pull_policy("Never", "a:latest") == "Never"


def test_the_first_rule_that_matches_says_how_an_image_runs():
    assert Images().rule("localhost/light:1").runs is Runs.LIGHT
    assert Images().rule("quay.io/light:1").runs is Runs.PROCESS


def test_addresses_of_two_nodes_differ_and_come_round():
    first, second = (open_addresses(AddressMode.AUTO, "seed") for _ in range(2))
    try:
        taken = [first.take() for _ in range(1021)]
        assert len(set(taken)) == 1021
        assert second.take() not in taken
        with pytest.raises(NoAddressError):
            first.take()
        first.give_back(taken[5])
        assert first.take() == taken[5]
    finally:
        first.close()
        second.close()


@pytest.mark.parametrize(
    ("metadata", "spec", "grace"),
    [
        ({}, {}, 30),
        ({}, {"terminationGracePeriodSeconds": 5}, 5),
        ({"deletionGracePeriodSeconds": 0}, {"terminationGracePeriodSeconds": 5}, 0),
    ],
)
def test_the_grace_is_the_deletions_then_the_pods(metadata, spec, grace):
    assert grace_of({"metadata": metadata, "spec": spec}) == grace
