"""Covers the two ways to the manifests: `kubectl apply -k rbac/…` and `tenantspawner rbac` give the same, also under other names and from
an installed wheel; and the real API server takes all of it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.rbac.world import BASES

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

ROOT = BASES.parent
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: tenantspawner-settings
  annotations: {config.kubernetes.io/local-config: "true"}
data:
  namespace: lab
  serviceAccount: spawner
  user: system:serviceaccount:lab:spawner
  hubId: lab-7
  prefix: people-of-lab-
"""
NAMES = ("--namespace", "lab", "--service-account", "spawner", "--hub-id", "lab-7", "--prefix", "people-of-lab-")


def by_name(text):
    """Manifests by what they are; their order is kubectl's affair."""
    found = [each for each in yaml.safe_load_all(text) if each]
    named = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each for each in found}
    assert len(named) == len(found)
    return named


def overlay(directory, *resources, components=()):
    """Write an overlay as the README shows it, with the names of another hub."""
    (directory / "settings.yaml").write_text(SETTINGS)
    said = {
        "resources": [*(os.path.relpath(BASES / name, directory) for name in resources), "settings.yaml"],
        "components": [os.path.relpath(BASES / name, directory) for name in (*components, "settings")],
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(said))
    return str(directory)


@pytest.mark.parametrize("mode", ["1", "2", "3"])
def test_the_command_prints_what_kustomize_builds(plane, printed, mode):
    built = plane.kubectl("kustomize", str(BASES / f"mode-{mode}"))
    assert by_name(printed("--mode", mode, "--namespace", "jupyterhub")) == by_name(built)


@pytest.mark.parametrize(
    ("bases", "arguments"),
    [
        ((["mode-1"], []), ["--mode", "1"]),
        ((["mode-1"], ["services"]), ["--mode", "1", "--services"]),
        ((["mode-2"], []), ["--mode", "2"]),
        ((["mode-2", "policies"], ["services"]), ["--mode", "2", "--policies", "--services"]),
        ((["mode-3"], []), ["--mode", "3"]),
        ((["mode-3", "cluster-read"], []), ["--mode", "3", "--cluster-read"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_both_know_where_another_hubs_names_stand(plane, printed, tmp_path, bases, arguments):
    resources, components = bases
    built = plane.kubectl("kustomize", overlay(tmp_path, *resources, components=components))
    assert "jupyterhub" not in built
    assert by_name(printed(*arguments, *NAMES)) == by_name(built)


def test_a_tenants_namespace_of_mode_2_is_bound(plane, printed):
    built = plane.kubectl("kustomize", str(BASES / "mode-2" / "tenant"))
    said = by_name(printed("--mode", "2", "--namespace", "jupyterhub", "--tenant-namespace", "physics"))
    ours = {name: each for (kind, where, name), each in said.items() if where == "physics"}
    for name, each in ours.items():
        each["metadata"].pop("namespace")
        assert each == by_name(built)["RoleBinding", None, name]
    assert set(ours) == {"tenantspawner-hub", "tenantspawner-hub-tenant"}


@pytest.mark.parametrize("base", ["mode-1", "mode-2", "mode-2/tenant", "mode-3", "cluster-read", "policies"])
def test_the_api_server_takes_every_base(plane, base):
    at = ("-n", "other") if base == "mode-2/tenant" else ()
    answer = plane.kubectl("apply", "-k", str(BASES / base), "--dry-run=server", *at)
    assert "(server dry run)" in answer


def test_pull_secrets_are_named_and_never_all(plane, printed):
    said = printed("--mode", "3", "--namespace", "jupyterhub", "--pull-secret", "ours", "--pull-secret", "theirs")
    rules = [
        rule for each in yaml.safe_load_all(said) for rule in each.get("rules", []) if rule["resources"] == ["secrets"]
    ]
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in rules] == [
        (["get"], ["ours", "theirs"]),
        (["create"], None),
        (["get", "patch", "delete"], ["ours", "theirs"]),
    ]


def test_the_command_without_policies_leaves_them_out(printed):
    kinds = {kind for kind, _, _ in by_name(printed("--mode", "user", "--namespace", "jupyterhub", "--no-policies"))}
    assert kinds == {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_an_installed_wheel_prints_the_same(plane, printed, tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", installed, wheel], check=True)
    script = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import tenantspawner; "
        "from tenantspawner.cli import main; assert tenantspawner.__file__.startswith(sys.path[0]); main(sys.argv[1:])"
    )
    command = [sys.executable, "-P", "-c", script, str(installed), "rbac", "--mode", "3", "--namespace", "jupyterhub"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed("--mode", "3", "--namespace", "jupyterhub")
    assert Path(installed / "tenantspawner/data/rbac/mode-3/kustomization.yaml").is_file()
