"""Keys of objects in settings: both forms are taken, misspelt ones are found, and the tables are the client's."""

from datetime import UTC, datetime

import pytest
from kubernetes_asyncio.client import models

from tenantspawner.kube import fields
from tenantspawner.kube.fields import CONTAINER, VOLUME_MOUNT, Shape, keyed
from tenantspawner.kube.plain import plain

SHAPES = [shape for shape in vars(fields).values() if isinstance(shape, Shape)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.kind)
def test_the_fields_are_the_clients(shape):
    model = getattr(models, f"V1{shape.kind}")
    assert dict(shape.by_key) == model.attribute_map | {key: key for key in model.attribute_map.values()}


def test_both_forms_of_a_key_are_taken_at_the_first_level_only():
    found = keyed(CONTAINER, {"name": "x", "env_from": [], "envFrom": [{"config_map_ref": 1}], "image": None})
    assert found == {"name": "x", "envFrom": [{"config_map_ref": 1}]}


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ("text", "holds str where a VolumeMount object is meant"),
        ({"name": "x", "mountPaht": "/"}, "unknown field mountPaht; did you mean mountPath"),
        ({"name": "x", "zzz": 1}, "unknown field zzz"),
        ({"name": "x"}, "without mountPath"),
        ({"name": "x", "mountPath": None}, "without mountPath"),
    ],
)
def test_what_is_no_such_object_is_refused(obj, words):
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        keyed(VOLUME_MOUNT, obj)


def test_a_part_to_merge_may_lack_fields_and_take_some_away():
    assert keyed(CONTAINER, {"lifecycle": None}, complete=False) == {"lifecycle": None}


def test_model_objects_become_plain():
    when = models.V1ObjectMeta(name="n", creation_timestamp=datetime(2026, 1, 2, tzinfo=UTC))
    container = models.V1Container(name="{x}", env=[models.V1EnvVar(name="A", value="1")], args=("a",))
    assert plain({"m": when, "c": [container], "t": ("{y}", None)}, text=str.upper) == {
        "m": {"name": "N", "creationTimestamp": "2026-01-02T00:00:00+00:00"},
        "c": [{"name": "{X}", "env": [{"name": "A", "value": "1"}], "args": ["A"]}],
        "t": ["{y}", None],
    }


def test_the_copy_is_deep():
    value = {"a": [{"b": 1}]}
    copy = plain(value)
    copy["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}]}
