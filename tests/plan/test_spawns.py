"""Every object of a spawn as a golden file, for each key of a document; all of them as Kubernetes knows them."""

import json

import pytest
import yaml

from tenantspawner.cluster.models import lost, roundtrip
from tests.plan.documents import SPAWNS
from tests.plan.drawing import drawn


def plan(case):
    said = {"name": "ada", "groups": [], "asked": {}, **SPAWNS[case]}
    document, name, groups, asked = (said.pop(key) for key in ("document", "name", "groups", "asked"))
    return drawn(document, name, *groups, **said, **asked)


@pytest.mark.parametrize("case", SPAWNS)
def test_the_objects_of_a_spawn_are_as_recorded(case, golden):
    golden(f"{case}.yaml", yaml.safe_dump_all(plan(case).objects(), sort_keys=False, width=120))


@pytest.mark.parametrize("case", SPAWNS)
def test_every_object_survives_the_clients_models(case):
    for obj in plan(case).objects():
        assert lost(obj, roundtrip(obj)) == [], obj["kind"]


@pytest.mark.parametrize("case", SPAWNS)
def test_no_secret_is_in_any_text_but_the_secrets(case):
    drawing = plan(case)
    shown = [obj for obj in drawing.objects() if obj["kind"] != "Secret"]
    assert "canary" not in json.dumps(shown)
    assert drawing.token["immutable"]
    assert set(drawing.token["data"]) == {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}


def test_a_whole_spawn_has_thirteen_objects_in_the_order_in_which_they_are_made():
    assert [(obj["kind"], obj["metadata"]["name"]) for obj in plan("whole").objects()] == [
        ("Namespace", "hub1-physics--ada"),
        ("RoleBinding", "tenantspawner-hub"),
        ("ResourceQuota", "tenantspawner"),
        ("LimitRange", "tenantspawner"),
        ("NetworkPolicy", "tenantspawner-ingress"),
        ("NetworkPolicy", "tenantspawner-egress"),
        ("ServiceAccount", "notebook"),
        ("RoleBinding", "notebook-tenantspawner-notebook"),
        ("Secret", "registry-example-edu"),
        ("PersistentVolumeClaim", "claim-ada"),
        ("Pod", "jupyter-ada"),
        ("Secret", "notebook-0123456789abcdef0123"),
        ("Service", "jupyter-ada"),
    ]
