"""The example tenancies in profiles/ are clean, and so is the schema beside them."""

import importlib
import json
from pathlib import Path

import pytest
import yaml

from tenantspawner.policy import option_problems
from tenantspawner.tenancy import Envelope, Source, documents, read, schema

PROFILES = Path(__file__).parents[2] / "profiles"
EXAMPLES = sorted(PROFILES.glob("*.yaml"))
BARE = [path for path in EXAMPLES if path.name != "configmap.yaml"]


@pytest.fixture(scope="module")
def validator():
    """Imported by whoever needs it: jsonschema's grammar of IRIs takes a second to build."""
    return importlib.import_module("jsonschema").Draft202012Validator(schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_clean(path):
    sources, problems = documents(Source(path.name, path.read_text()))
    result = read(sources, Envelope(), further=option_problems)
    assert [*problems, *result.problems, *result.warnings] == []


def test_ten_lines_are_ten():
    assert len((PROFILES / "ten-lines.yaml").read_text().splitlines()) == 10


def test_the_config_map_holds_the_ten_lines():
    held = yaml.safe_load((PROFILES / "configmap.yaml").read_text())["data"]["tenants.yaml"]
    assert held == (PROFILES / "ten-lines.yaml").read_text()


def test_the_schema_in_profiles_is_the_models_own():
    assert json.loads((PROFILES / "tenancy.schema.json").read_text()) == schema(), (
        "tenantspawner schema > profiles/tenancy.schema.json"
    )


@pytest.mark.parametrize("path", BARE, ids=lambda path: path.name)
def test_the_schema_allows_an_example(validator, path):
    plain = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
    validator.validate(plain)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"tenant": {}},
        {"tenants": {"A": {}}},
        {"profiles": {"a": {"cpu": True}}},
        {"profiles": {"a": {"gpu": -1}}},
    ],
)
def test_the_schema_refuses_what_reading_refuses(validator, change):
    document = yaml.safe_load((PROFILES / "ten-lines.yaml").read_text()) | change
    assert not validator.is_valid(document)


def test_every_file_is_named_in_the_readme():
    text = (PROFILES / "README.md").read_text()
    assert [path.name for path in PROFILES.iterdir() if path.name != "README.md" and path.name not in text] == []
