"""Covers what `tenantspawner rbac` says to what does not exist or does not fit: one sentence, exit status 1, nothing printed."""

import itertools

import pytest

from tenantspawner.cli import TenantSpawnerApp, main
from tenantspawner.cli.kustomize import apply_component, build
from tenantspawner.cli.rbac import Rbac

HUB = ["--namespace", "jupyterhub"]


@pytest.fixture(autouse=True)
def _another_process():
    """An application is one for a whole process."""
    yield
    TenantSpawnerApp.clear_instance()
    Rbac.clear_instance()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "there is no mode ''; there are 1 (hub), 2 (tenant) and 3 (user), given with --mode"),
        (["--mode", "4", *HUB], "there is no mode '4'"),
        (["--mode", "admin", *HUB], "there is no mode 'admin'"),
        (["--mode", "3"], "--namespace '' is not the name of a namespace"),
        (["--mode", "3", "--namespace", "Jupyter_Hub"], "--namespace 'Jupyter_Hub' is not the name of a namespace"),
        (["--mode", "3", "--namespace", "a" * 64], "is not the name of a namespace"),
        (["--mode", "3", "--namespace", "hub-"], "ending in no hyphen"),
        (["--mode", "3", *HUB, "--hub-id", "My Hub"], "--hub-id 'My Hub' is not fit for names"),
        (["--mode", "3", *HUB, "--prefix", "-x"], "--prefix '-x' is not the beginning of a namespace's name"),
        (["--mode", "3", *HUB, "--prefix", "' || true || '"], "--prefix"),
        (["--mode", "3", *HUB, "--service-account", "hub:x"], "--service-account 'hub:x' is not"),
        (["--mode", "3", *HUB, "--pull-secret", "A"], "--pull-secret 'A' is not the name of a Secret"),
        (["--mode", "2", *HUB, "--tenant-namespace", "."], "--tenant-namespace '.' is not the name of a namespace"),
        (["--mode", "3", *HUB, "--tenant-namespace", "a"], "--tenant-namespace is for mode 2"),
        (["--mode", "1", *HUB, "--policies"], "mode 1 has no policies"),
        (["--mode", "2", *HUB, "--cluster-read"], "--cluster-read is for mode 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(capsys, arguments, sentence):
    with pytest.raises(SystemExit) as ended:
        main(["rbac", *(f"{key}={value}" for key, value in pairs(arguments)), *flags(arguments)])
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def pairs(arguments):
    return [
        (key, value)
        for key, value in itertools.pairwise(arguments)
        if key.startswith("--") and key not in flags(arguments)
    ]


def flags(arguments):
    return [each for each in arguments if each in {"--policies", "--cluster-read"}]


def test_what_only_kubectl_can_build_is_refused():
    files = {
        "a/kustomization.yaml": "namePrefix: x",
        "b/kustomization.yaml": "patches: [{target: {labelSelector: a=b}, patch: '[{op: remove, path: /x}]'}]",
    }
    with pytest.raises(ValueError, match="namePrefix: only kubectl kustomize can do that"):
        build(files.__getitem__, "a")
    with pytest.raises(ValueError, match="remove /x: only kubectl kustomize can do that"):
        apply_component(files.__getitem__, "b", [], {})
