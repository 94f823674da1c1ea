"""Every YAML and Python example of README and the documentation: documents are checked, settings exist."""

import subprocess
import sys

import pytest
import yaml
from jupyterhub.app import JupyterHub
from traitlets.config import Config

from tenantspawner import TenantSpawner
from tests.docs.blocks import ROOT, blocks

CLASSES = {"JupyterHub": JupyterHub, "TenantSpawner": TenantSpawner, "KubeSpawner": TenantSpawner}
AROUND = """\
version: 1
images:
  scipy: {image: quay.io/jupyter/scipy-notebook:2026-10-20}
  pytorch: {image: quay.io/jupyter/pytorch-notebook:cuda12-2026-10-20}
profiles:
  small: {cpu: 1, memory: 2Gi}
  gpu: {cpu: 8, memory: 64Gi, gpu: {choices: [1, 2], default: 1}}
tenants:
"""
YAML = blocks("yaml")


@pytest.mark.parametrize("block", YAML, ids=str)
def test_an_example_in_yaml_is_what_it_says(block, tmp_path):
    content = yaml.safe_load(block.text)
    if "hub" in content:
        _settings_exist(content["hub"]["config"])
        return
    if "components" in content:
        _bases_exist(content)
        return
    if content.get("metadata", {}).get("name") == "tenantspawner-settings":
        known = (ROOT / "rbac" / "settings" / "kustomization.yaml").read_text()
        assert [key for key in content["data"] if f"data.{key}" not in known] == []
        return
    text = block.text if {"version", "kind"} & set(content) else AROUND + _indented(block.text)
    (tmp_path / "tenants.yaml").write_text(text)
    call = [sys.executable, "-m", "tenantspawner", "check", "tenants.yaml"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_settings_in_python_exist(block):
    config = Config()
    exec(compile(block.text, str(block), "exec"), {"c": config})  # noqa: S102 - our own page
    _settings_exist(config)


def test_the_ten_lines_are_the_same_everywhere():
    ten = (ROOT / "profiles" / "ten-lines.yaml").read_text()
    shown = {block.page: yaml.safe_load(block.text) for block in YAML if "  everybody:\n" in block.text}
    assert shown.pop("docs/howto/from-kubespawner.md")["tenants"], "that one is about the hub's own profiles"
    assert shown.pop("docs/howto/zero-to-jupyterhub.md")["data"] == {"tenants.yaml": ten}
    assert list(shown) == ["README.md", "docs/tutorial/first-tenancy.md"]
    assert all(document == yaml.safe_load(ten) for document in shown.values())


def _settings_exist(config) -> None:
    for section, settings in config.items():
        for name, value in settings.items():
            trait = CLASSES[section].class_traits(config=True)[name]
            trait.validate(CLASSES[section].__new__(CLASSES[section]), value)


def _bases_exist(kustomization) -> None:
    """The folder beside the overlay is a checkout of this project; what is no path of it is the reader's own file."""
    named = [*kustomization["resources"], *kustomization["components"]]
    bases = [name.removeprefix("../tenantspawner/") for name in named if name.startswith("..")]
    assert bases
    assert [base for base in bases if not (ROOT / base / "kustomization.yaml").exists()] == []


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())
