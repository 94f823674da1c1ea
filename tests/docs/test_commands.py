"""Every command shown in README and the documentation: it is run here, or the reason why not stands here.

`tenantspawner` commands run in a fresh folder with the files the pages speak of; of a pipe into kubectl the first half
runs. `make` targets are tried with ``make -n``, since `make demo` itself is the subject of tests/integration/test_demo.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import ROOT, blocks

READERS_CLUSTER = "needs a cluster of the reader's"
NOT_RUN = {
    "pip install tenantspawner": "installs a published release",
    "kubectl get pods --all-namespaces": READERS_CLUSTER,
    "kubectl get resourcequota,limitrange,networkpolicy,serviceaccount --namespace jupyterhub-physics--alice": READERS_CLUSTER,
    "kubectl --namespace jupyterhub edit configmap tenants": READERS_CLUSTER,
    "kubectl --namespace jupyterhub describe configmap tenants": READERS_CLUSTER,
    "kubectl apply --namespace jhub -f tenants-configmap.yaml": READERS_CLUSTER,
    "kubectl --namespace jhub logs deploy/hub | grep Tenancy": READERS_CLUSTER,
    "kubectl --namespace jhub describe configmap tenants": READERS_CLUSTER,
    "kubectl create configmap tenants --namespace jupyterhub --from-file=tenants.yaml": READERS_CLUSTER,
    "kubectl create configmap tenants --namespace jupyterhub --from-file=tenants.yaml --dry-run=client -o yaml "
    "| kubectl apply -f -": READERS_CLUSTER,
}
COMMANDS = sorted(
    {
        line.removeprefix("$ ")
        for block in blocks("console")
        for line in block.text.splitlines()
        if line.startswith("$ ")
    }
)
RUN = [command for command in COMMANDS if command not in NOT_RUN and not command.startswith("make ")]
MAKE = [command for command in COMMANDS if command.startswith("make ")]


@pytest.fixture
def folder(tmp_path):
    """The files that the pages name."""
    (tmp_path / "tenants.yaml").write_text(_two_teams())
    shutil.copy(ROOT / "profiles" / "configmap.yaml", tmp_path / "tenants-configmap.yaml")
    (tmp_path / "jupyterhub_config.py").write_text("c.TenantSpawner.tenancy_config_map = 'tenants'\n")
    return tmp_path


def _two_teams() -> str:
    (whole,) = (
        one.text for one in blocks("yaml") if one.page.endswith("first-tenancy.md") and "humanities" in one.text
    )
    return whole + "  everybody: {members: [{users: ['*']}], images: [scipy], profiles: [small]}\n"


@pytest.mark.parametrize("command", RUN)
def test_a_command_runs(command, folder):
    ours, _, behind = command.partition(" | ")
    assert behind in {"", "kubectl apply -f -"}, "say in NOT_RUN why this is not run"
    name, *arguments = shlex.split(ours.partition(" > ")[0])
    assert name == "tenantspawner", "say in NOT_RUN why this is not run"
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    call = [sys.executable, "-m", "tenantspawner", *arguments]
    done = subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if behind:
        assert all({"apiVersion", "kind", "metadata"} <= set(one) for one in yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("command", MAKE)
def test_a_make_target_exists_and_hands_its_arguments_on(command):
    _, target, *variables = shlex.split(command)
    done = subprocess.run(["make", "-n", target, *variables], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for variable in variables:
        assert variable.partition("=")[2] in done.stdout


def test_what_is_not_run_is_still_shown():
    assert sorted(set(NOT_RUN) - set(COMMANDS)) == []


def test_every_block_of_commands_holds_commands_only():
    others = [
        f"{block}: {line}"
        for block in blocks("console")
        for line in block.text.splitlines()
        if not line.startswith("$ ")
    ]
    assert others == []


def test_what_check_prints_in_the_tutorial_is_what_it_prints(tmp_path):
    (shown,) = (one.text for one in blocks("text") if one.page.endswith("first-tenancy.md"))
    ten = (ROOT / "profiles" / "ten-lines.yaml").read_text()
    Path(tmp_path / "tenants.yaml").write_text(ten.replace("members", "membres"))
    call = [sys.executable, "-m", "tenantspawner", "check", "tenants.yaml"]
    assert subprocess.run(call, cwd=tmp_path, capture_output=True, text=True).stdout == shown
