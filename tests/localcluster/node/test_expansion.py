"""``$(NAME)`` in texts, and the variables of a container: precedence, references, what is missing."""

import base64

import pytest

from tenantspawner.localcluster.node.environment import NotReadyError, Source, decoded, environment, sources
from tenantspawner.localcluster.node.expansion import expand, expand_all

POD = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "x"}, "annotations": {"a/b": "c"}},
    "spec": {"nodeName": "n1", "serviceAccountName": "sa"},
}
FOUND = {Source("Secret", "s"): {"key": "value", "bad name!": "x"}, Source("ConfigMap", "c"): {"key": "other"}}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)z", "x1y2z"),
        ("$(NOT)", "$(NOT)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$", "$"),
        ("a$", "a$"),
        ("$A ${A}", "$A ${A}"),
        ("$(A", "$(A"),
        ("$(A$(B)", "$(A$(B)"),
        ("$()", "$()"),
        ("$(C)", "$(A)"),
        ("", ""),
    ],
)
def test_references_are_expanded_once_and_dollars_escape(text, expanded):
    assert expand(text, {"A": "1", "B": "2", "C": "$(A)"}) == expanded


def test_each_word_of_a_command_is_expanded():
    assert expand_all(["a", "$(A)"], {"A": "b c"}) == ("a", "b c")


def test_values_see_the_entries_above_them_and_no_others():
    container = {
        "envFrom": [{"secretRef": {"name": "s"}}],
        "env": [
            {"name": "EARLY", "value": "$(LATE)"},
            {"name": "LATE", "value": "1"},
            {"name": "SEES", "value": "$(LATE) $(key)"},
            {"name": "key", "value": "wins"},
        ],
    }
    values = environment(container, POD, "127.1.1.1", FOUND)
    assert values == {"EARLY": "$(LATE)", "LATE": "1", "SEES": "1 $(key)", "key": "wins"}


def test_whole_objects_come_with_a_prefix_and_without_names_that_are_none():
    container = {"envFrom": [{"secretRef": {"name": "s"}, "prefix": "S_"}, {"configMapRef": {"name": "c"}}]}
    assert environment(container, POD, "", FOUND) == {"S_key": "value", "key": "other"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.namespace", "ns"),
        ("metadata.uid", "u"),
        ("metadata.labels['app']", "x"),
        ("metadata.annotations['a/b']", "c"),
        ("metadata.labels['none']", ""),
        ("metadata.labels", 'app="x"'),
        ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "sa"),
        ("status.podIP", "127.1.1.1"),
        ("status.hostIP", "127.0.0.1"),
    ],
)
def test_fields_of_the_pod_can_be_variables(path, value):
    container = {"env": [{"name": "F", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}
    assert environment(container, POD, "127.1.1.1", {}) == {"F": value}


def reference(kind, name, key, **more):
    return {"env": [{"name": "V", "valueFrom": {kind: {"name": name, "key": key, **more}}}]}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (reference("secretKeyRef", "none", "k"), 'secret "none" not found'),
        (reference("configMapKeyRef", "none", "k"), 'configmap "none" not found'),
        (reference("secretKeyRef", "s", "none"), "couldn't find key none in Secret ns/s"),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
        ({"env": [{"name": "F", "valueFrom": {"fieldRef": {"fieldPath": "x.y"}}}]}, "unsupported fieldPath: x.y"),
    ],
)
def test_what_is_missing_is_said_as_a_kubelet_says_it(container, message):
    with pytest.raises(NotReadyError) as raised:
        environment(container, POD, "", FOUND)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "container",
    [
        reference("secretKeyRef", "none", "k", optional=True),
        reference("secretKeyRef", "s", "none", optional=True),
        {"envFrom": [{"configMapRef": {"name": "none", "optional": True}}]},
    ],
)
def test_what_is_optional_is_left_out(container):
    assert environment(container, POD, "", FOUND) == {}


def test_the_objects_to_fetch_are_known_before():
    container = reference("secretKeyRef", "s", "k") | {"envFrom": [{"configMapRef": {"name": "c"}}]}
    assert sources(container) == {Source("Secret", "s"), Source("ConfigMap", "c")}


def test_secrets_are_decoded_and_config_maps_are_not():
    data = {"k": base64.b64encode(b"v").decode()}
    assert decoded({"kind": "Secret", "data": data}) == {"k": "v"}
    assert decoded({"kind": "ConfigMap", "data": data}) == data
    assert decoded({"kind": "Secret"}) == {}
