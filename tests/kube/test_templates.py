"""Templates are filled in one pass from a closed set; what a person typed comes through unchanged.

Compared with ``str.format`` where that is safe, and attacked where it is not.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube.templates import expand, expand_all, fill, literal

FIELDS = {"username": "ada", "userid": 7, "servername": "", "tricky": "{userid} {{ }}"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("claim-{username}", "claim-ada"),
        ("{username}--{servername}", "ada"),
        ("{username}-", "ada-"),
        ("{{username}}", "{username}"),
        ("{userid:04d}", "0007"),
        ("{username[0]}/{username}", "a/ada"),
        ("{username!r:>6}", " 'ada'"),
        ("{tricky}", "{userid} {{ }}"),
        ("", ""),
    ],
)
def test_fields_are_filled(template, text):
    assert expand(template, FIELDS) == text


@given(
    st.lists(
        st.sampled_from(["{username}", "{userid}", "{servername}", "{{", "}}", "-", "x", "{userid:>5}", "{username!s}"])
    )
)
def test_it_is_what_format_gives(pieces):
    template = "".join(pieces)
    expected = template.format(**FIELDS)
    assert expand(template, FIELDS) == (expected if template.endswith("-") else expected.rstrip("-"))


@pytest.mark.parametrize(
    "template",
    [
        "{unknown}", "{}", "{0}", "{username", "username}", "{username.__class__}", "{username[__class__]}",
        "{username[0].x}", "{username[99]}", "{userid:>300000000}", "{userid:{userid}}", "{username:d}",
        "{username!x}", '{"json": 1}', "{ username }", "{userid:.99999f}",
    ],
)  # fmt: skip
def test_anything_else_is_refused(template):
    with pytest.raises(ValueError):
        expand(template, FIELDS)


@given(st.text())
def test_a_literal_comes_out_as_it_went_in(text):
    assert expand(literal(text) + "-", FIELDS) == text + "-"


def test_values_are_filled_and_keys_stay():
    value = {"{username}": ["{username}", {"a": "{userid}"}, 3, None, True]}
    assert expand_all(value, FIELDS) == {"{username}": ["ada", {"a": "7"}, 3, None, True]}


@given(st.text(max_size=50))
def test_typed_text_reaches_a_template_as_it_is(text):
    override = fill({"extra_annotations": {"a": "{username}:{value}."}}, text)
    assert expand_all(override["extra_annotations"], FIELDS) == {"a": f"ada:{text}."}


@pytest.mark.parametrize(
    ("override", "filled"),
    [
        ({"image": "r/{value}"}, {"image": "r/$(A){b}"}),
        ({"image": "{username}{other!r:>3}"}, {"image": "{username}{other!r:>3}"}),
        ({"image": "{{value}}"}, {"image": "{value}"}),
        ({"cmd": ["{value}"]}, {"cmd": ["$$(A){b}"]}),
        ({"environment": {"X": "$(Y){value}"}}, {"environment": {"X": "$(Y)$$(A){{b}}"}}),
        ({"extra_container_config": {"env": [{"name": "n", "value": "{value}"}], "image": "{value}"}},
         {"extra_container_config": {"env": [{"name": "n", "value": "$$(A){b}"}], "image": "$(A){b}"}}),
        ({"extra_container_config": {"livenessProbe": {"exec": {"command": ["{value}"]}}, "command": ["{value}"]}},
         {"extra_container_config": {"livenessProbe": {"exec": {"command": ["$(A){b}"]}}, "command": ["$$(A){b}"]}}),
        ({"volume_mounts": [{"subPathExpr": "{value}"}]}, {"volume_mounts": [{"subPathExpr": "$$(A){{b}}"}]}),
        ({"extra_labels": {"{value}": "x"}, "uid": 5}, {"extra_labels": {"$(A){b}": "x"}, "uid": 5}),
    ],
)  # fmt: skip
def test_typed_text_is_made_literal_for_whoever_reads_it_next(override, filled):
    assert fill(override, "$(A){b}") == filled
