"""Regular expressions on people's text: the same answers as Python's, never its backtracking."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.policy.patterns import MAX_TEXT, Pattern, Unsupported


@pytest.mark.parametrize(
    "pattern",
    [
        "abc", "a|b|", "(a|b)*c", "^a+$", r"\Aa\Z", "a{2}", "a{2,3}", "a{2,}", "a*?b", "[a-c]+", "[^a-c]", r"[\d\-x]+",
        r"\w\W\s\S\D", ".", "(?s).", "(?i)aB", "(?i:a)B", "(?-i:a)", "^", "$", "a$b", "a^", "", "(?:ab)?c", "[^^]", r"[\]\\]",
        "(?P<x>a)b", "x(?#no)", "[aA]", "[^a]b", "(a{1,2}){2}",
    ],
)  # fmt: skip
def test_agrees_with_python(pattern):
    ours = Pattern(pattern)
    texts = [
        "",
        "a",
        "b",
        "ab",
        "abc",
        "aa",
        "aaa",
        "aaaa",
        "AB",
        "ab c",
        "c",
        "1",
        "-x1",
        "a b 1",
        "\n",
        "aB",
        "]",
        "\\",
        "x",
        "_ a b",
        "d",
        "é",
        "acb",
    ]
    for text in texts:
        expected = re.fullmatch(pattern, text) is not None if pattern else True
        assert ours.fullmatch(text) is expected, text


@given(st.text("ab|()*+?.[]^", max_size=9), st.text("ab^", max_size=6))
def test_agrees_with_python_on_any_small_pattern(pattern, text):
    try:
        ours = Pattern(pattern)
    except Unsupported:
        return
    assert ours.fullmatch(text) is (re.fullmatch(pattern, text) is not None or not pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*.*.*.*)*x", "(a{1,9}){1,9}b"])
def test_no_text_is_slow(pattern):
    ours = Pattern(pattern)
    started = time.perf_counter()
    assert not ours.fullmatch("a" * (MAX_TEXT - 1) + "!")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "is not a regular expression"),
        ("a" * 1001, "is too long"),
        ("(?=a)a", "look-around"),
        (r"(a)\1", "back reference"),
        ("(?>a)", "atomic group"),
        ("a++", "look-around"),
        (r"\ba", "is not supported here"),
        ("a{9999}", "is too large"),
        ("(a{1000}){1000}", "is too large"),
        ("a{1,5000}", "is too large"),
    ],
)
def test_what_needs_backtracking_is_refused_when_it_is_read(pattern, why):
    with pytest.raises(Unsupported, match=why):
        Pattern(pattern)


def test_text_over_the_bound_never_matches():
    assert Pattern("a*").fullmatch("a" * MAX_TEXT)
    assert not Pattern("a*").fullmatch("a" * (MAX_TEXT + 1))
