"""What people send, read by shape: every hostile form of options is a refusal that names the field, and at once."""

import json
import time
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.errors import Refused
from tenantspawner.policy import SpawnRequest, read_request


def deep(depth):
    value = {}
    for _ in range(depth):
        value = {"options": value}
    return value


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ([], "user_options"),
        ("text", "user_options"),
        (1, "user_options"),
        (True, "user_options"),
        ({"tenant": 1}, "tenant"),
        ({"tenant": ["a"]}, "tenant"),
        ({"profile": None, "image": {}}, "image"),
        ({"profile": True}, "profile"),
        ({"image": "a\nb"}, "image"),
        ({"image": "a\0b"}, "image"),
        ({"image": "x" * 2**20}, "image"),
        ({"options": []}, "options"),
        ({"options": "x"}, "options"),
        ({"options": {"a": 1}}, "options.a"),
        ({"options": {"a": None}}, "options.a"),
        ({"options": {"a": "\u202e"}}, "options.a"),
        ({"options": {f"k{number}": "" for number in range(10_000)}}, "options"),
        ({f"k{number}": "" for number in range(10_000)}, "user_options"),
        ({"bogus": 3}, "bogus"),
        ({"bogus": None}, "bogus"),
        ({"x" * 2**20: "1"}, "x" * 60 + "..."),
        ({"a\nb": "1"}, "a\N{REPLACEMENT CHARACTER}b"),
        ({"": "1"}, ""),
        ({3: "1"}, "int"),
        ({"profile-option-": "1"}, "profile-option-"),
        ({"profile": "a", "profile-option-b--size": "1"}, "profile-option-b--size"),
        ({"profile": "a", "profile-option-a--": "1"}, "profile-option-a--"),
        ({"profile-option-a--size": "1"}, "profile-option-a--size"),
        (deep(1000), "options.options"),
        *(
            ({"devices": value}, "devices")
            for value in [
                "2 ",
                " 2",
                "-1",
                "1.5",
                "1e2",
                "\u0663",
                "10**30",
                10**30,
                "9" * 5,
                True,
                False,
                -1,
                1.0,
                [],
                {},
                "1" * 2**20,
            ]
        ),
    ],
)
def test_hostile_options_are_refused_by_name_within_50_ms(sent, field):
    started = time.perf_counter()
    with pytest.raises(Refused) as refused:
        read_request(sent)
    assert time.perf_counter() - started < 0.05
    assert refused.value.field == field
    assert len(refused.value.sentence) < 300


@pytest.mark.parametrize(
    ("sent", "request_"),
    [
        (None, SpawnRequest()),
        ({}, SpawnRequest()),
        ({"tenant": "", "profile": None, "devices": "", "options": None}, SpawnRequest()),
        (
            {"tenant": "t", "profile": "p", "image": "i", "devices": "0002", "options": {"a": "b"}},
            SpawnRequest("t", "p", "i", 2, {"a": "b"}),
        ),
        ({"devices": 4}, SpawnRequest(devices=4)),
        (MappingProxyType({"devices": 0}), SpawnRequest(devices=0)),
        ({"profile": "demo", "size": "big"}, SpawnRequest(profile="demo", options={"size": "big"})),
        (
            {"profile": "hub:demo", "profile-option-demo--size": "big"},
            SpawnRequest(profile="hub:demo", options={"size": "big"}),
        ),
        ({"image--unlisted-choice": "x"}, SpawnRequest(options={"image--unlisted-choice": "x"})),
    ],
)
def test_what_is_understood(sent, request_):
    assert read_request(sent) == request_


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["tenant", "devices", "options"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(anything)
def test_anything_is_a_request_or_a_refusal(sent):
    try:
        request = read_request(sent)
    except Refused as refused:
        sentence = refused.sentence
    else:
        sentence = json.dumps(dict(request.options))
    assert sentence.isprintable()
