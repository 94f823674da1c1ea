"""Covers patches as functions, without a server: merge, strategic merge by the schema, JSON patch; and quantities."""

import pytest

from tenantspawner.kube import kinds
from tenantspawner.localcluster.api.patch import json_patch, merge_patch, strategic_patch
from tenantspawner.localcluster.api.quantity import canonical
from tenantspawner.localcluster.api.types import root
from tenantspawner.localcluster.attributes import Refusal

POD = root(kinds.POD)


def containers(*items):
    return {"spec": {"containers": list(items)}}


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        (
            containers({"name": "a", "image": "1"}),
            containers({"name": "a", "image": "2"}, {"name": "b", "image": "3"}),
            containers({"name": "a", "image": "2"}, {"name": "b", "image": "3"}),
        ),
        (
            containers({"name": "a"}, {"name": "b"}),
            containers({"name": "a", "$patch": "delete"}),
            containers({"name": "b"}),
        ),
        (
            containers({"name": "a", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]}),
            containers({"name": "a", "env": [{"name": "B", "value": "2"}]}),
            containers({"name": "a", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
        ),
        ({"spec": {"tolerations": [{"key": "a"}]}}, {"spec": {"tolerations": [{"key": "b"}]}}, {"spec": {"tolerations": [{"key": "b"}]}}),
        ({"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b"]}}, {"metadata": {"finalizers": ["b", "a"]}}),
        (
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}},
            {"metadata": {"finalizers": ["b"]}},
        ),
        (
            containers({"name": "a"}, {"name": "b"}),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            containers({"name": "b"}, {"name": "a"}),
        ),
        ({"metadata": {"labels": {"a": "1", "b": "2"}}}, {"metadata": {"labels": {"a": None}}}, {"metadata": {"labels": {"b": "2"}}}),
        ({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"$patch": "replace", "b": "2"}}}, {"metadata": {"labels": {"b": "2"}}}),
    ],
)  # fmt: skip
def test_a_strategic_patch_goes_by_the_schema(target, patch, expected):
    before = repr(target)
    assert strategic_patch(target, patch, POD) == expected
    assert repr(target) == before


def test_a_merge_patch_replaces_lists_and_removes_nulls():
    target = {"a": [1, 2], "b": {"c": 1, "d": 2}}
    assert merge_patch(target, {"a": [3], "b": {"c": None}}) == {"a": [3], "b": {"d": 2}}


@pytest.mark.parametrize(
    "operation",
    [{"op": "test", "path": "/a", "value": 2}, {"op": "remove", "path": "/z"}, {"op": "zz", "path": "/a"}, {}, 5],
)
def test_a_json_patch_that_does_not_fit_is_422(operation):
    with pytest.raises(Refusal) as refused:
        json_patch({"a": 1}, [operation])
    assert refused.value.code == 422


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", "1500m"), ("1000m", "1"), ("1000", "1k"), ("1024", "1024"), ("1.5Gi", "1536Mi"), ("1024Mi", "1Gi"),
        ("0.1Ki", "102400m"), ("1e3", "1e3"), ("0", "0"), ("16000m", "16"), ("-1", "-1"), ("1500k", "1500k"),
    ],
)  # fmt: skip
def test_a_quantity_comes_back_in_its_canonical_form(text, expected):
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1 ", "1.5.5", "Gi", "1GiB", "٣", "1" * 100])
def test_what_is_no_quantity_is_told_in_the_real_servers_words(text):
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        canonical(text)
