"""From posted fields and links to options: only the chosen profile's controls count, and nothing sent can raise."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.errors import Refused
from tenantspawner.form import fields_to_options, query_to_options
from tenantspawner.policy import read_request

OTHER = "--unlisted-choice"


@pytest.mark.parametrize(
    ("posted", "options"),
    [
        ({}, {}),
        ({"server": ["physics/gpu"]}, {"tenant": "physics", "profile": "gpu"}),
        (
            {"server": ["physics/hub:a/b@c"], "image@physics/hub:a/b@c": ["x"]},
            {"tenant": "physics", "profile": "hub:a/b@c", "image": "x"},
        ),
        ({"server": ["gpu"]}, {"profile": "gpu"}),
        (
            {
                "server": ["t/a"],
                "image@t/a": ["x"],
                "image@t/b": ["y"],
                "devices@t/a": ["2"],
                "devices@t/b": ["4"],
                "option@t/b@size": ["l"],
            },
            {"tenant": "t", "profile": "a", "image": "x", "devices": "2"},
        ),
        (
            {"server": ["t/a"], "image@t/a": [OTHER], "image-text@t/a": [" r.io/x "]},
            {"tenant": "t", "profile": "a", "image": "r.io/x"},
        ),
        ({"server": ["t/a"], "image-text@t/a": ["r.io/x"]}, {"tenant": "t", "profile": "a", "image": "r.io/x"}),
        (
            {"server": ["t/a"], "image@t/a": ["x"], "image-text@t/a": ["ignored"]},
            {"tenant": "t", "profile": "a", "image": "x"},
        ),
        (
            {
                "server": ["t/a"],
                "option@t/a@size": ["l"],
                "option@t/a@note": [OTHER],
                "option-text@t/a@note": [" hi "],
                "option-text@t/a@size": ["no"],
            },
            {"tenant": "t", "profile": "a", "options": {"size": "l", f"note{OTHER}": "hi"}},
        ),
        (
            {"server": ["t/a"], "option@t/a@note": [OTHER]},
            {"tenant": "t", "profile": "a", "options": {f"note{OTHER}": ""}},
        ),
        (
            {"profile": ["demo"], "profile-option-demo--size": ["l"]},
            {"profile": "demo", "profile-option-demo--size": "l"},
        ),
        ({"_xsrf": ["token"], "server": ["t/a"]}, {"tenant": "t", "profile": "a"}),
        ({"bogus": ["1"], "server": ["t/a"]}, {"bogus": "1", "tenant": "t", "profile": "a"}),
        ({"server": [b"t/a"], "empty": [], "file_file": [{"body": b""}]}, {"tenant": "t", "profile": "a"}),
        ([], {}),
        (None, {}),
        ({f"k{number}": ["1"] for number in range(6000)}, {}),
    ],
)
def test_posted_fields_become_options(posted, options):
    assert fields_to_options(posted) == options


def test_too_many_unknown_fields_are_refused_in_the_end():
    with pytest.raises(Refused):
        read_request(fields_to_options({f"k{number}": ["1"] for number in range(500)}))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({"profile": [b"gpu"], "devices": [b"2"]}, {"profile": "gpu", "devices": "2"}),
        ({"opt-profile": ["gpu"], "opt-option.size": ["l"]}, {"profile": "gpu", "options": {"size": "l"}}),
        ({"server": ["t/a"], "image@t/a": ["x"]}, {"tenant": "t", "profile": "a", "image": "x"}),
        ({"next": ["/evil"], "display_name": ["x"], "utm_source": ["y"]}, {}),
        ("profile=gpu", {}),
    ],
)
def test_a_link_becomes_options(query, options):
    assert query_to_options(query) == options


fields = st.dictionaries(
    st.text(max_size=12) | st.sampled_from(["server", "image@t/a", "option@t/a@x", "option@t/a@"]) | st.integers(),
    st.lists(st.text(max_size=9) | st.binary(max_size=4) | st.none(), max_size=2) | st.text(max_size=5) | st.none(),
)


@given(fields)
def test_anything_posted_is_read_or_refused(posted):
    for options in (fields_to_options(posted), query_to_options(posted)):
        with suppress(Refused):
            read_request(options)
