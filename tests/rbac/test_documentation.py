"""Covers the page about rights: it lists exactly the verbs that the manifests give, and every token that a policy can answer."""

import re

import pytest

from tenantspawner.cli.kustomize import build
from tenantspawner.cli.rbac import _read
from tests.rbac.world import BASES

PAGE = (BASES.parent / "docs" / "reference" / "rights.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)`(, by name)? \| ([a-z, ]+) \| (.+) \|$", re.MULTILINE)


def given():
    """Every rule of every role, by its kind and name; two are called `tenantspawner-hub`."""
    roles = {}
    for base in ("mode-1", "mode-2", "mode-3", "cluster-read"):
        for manifest in build(_read, base):
            if "rules" in manifest:
                roles[f"{manifest['kind']} `{manifest['metadata']['name']}`"] = manifest["rules"]
    return roles


def written(rules):
    rows = set()
    for rule in rules:
        (group,) = rule["apiGroups"]
        for resource in rule["resources"]:
            name = f"{resource}.{group}" if group else resource
            rows.add((name, ", by name" if "resourceNames" in rule else "", ", ".join(rule["verbs"])))
    return rows


@pytest.mark.parametrize("role", given())
def test_every_verb_is_explained(role):
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (found,) = [each for each in section if each.splitlines()[0].endswith(f": {role}")]
    assert {row[:3] for row in ROW.findall(found)} == written(given()[role])


def test_every_token_is_listed():
    table = PAGE[PAGE.index("## The policies") : PAGE.index("**Ceilings**")]
    listed = set()
    for row in re.findall(r"^\| `.*$", table, flags=re.MULTILINE):
        stem = ""
        for token in re.findall(r"`([a-z*-]+)`", row.rpartition(" | ")[2]):
            stem = stem if token.startswith("-") else token.split("-")[0]
            listed.add(stem + token if token.startswith("-") else token)
    said = set()
    for path in (BASES / "policies").glob("*.yaml"):
        said |= set(re.findall(r"\[tenantspawner:([a-z-]+)\]", path.read_text("utf-8")))
    families = {token.removesuffix("*") for token in listed if token.endswith("*")}
    assert {token for token in said if not token.startswith(tuple(families))} == listed - {
        f"{each}*" for each in families
    }
