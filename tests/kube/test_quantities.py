"""Quantities: what Kubernetes reads and writes, exactly, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube import quantities

# Text, value, and our canonical text; values from the Kubernetes documentation and resource/quantity_test.go's cases.
KNOWN = [
    ("0", "0", "0"),
    ("0n", "0", "0"),
    ("00", "0", "0"),
    ("-0", "0", "0"),
    ("1n", "1e-9", "1n"),
    ("80u", "0.00008", "80u"),
    ("1080m", "1.08", "1080m"),
    ("100m", "0.1", "100m"),
    ("0.1", "0.1", "100m"),
    (".5", "0.5", "500m"),
    ("5.", "5", "5"),
    ("1.5Gi", "1610612736", "1536Mi"),
    ("128974848", "128974848", "123Mi"),
    ("129e6", "129000000", "129M"),
    ("129M", "129000000", "129M"),
    ("128974848000m", "128974848", "123Mi"),
    ("123Mi", "128974848", "123Mi"),
    ("10Ki", "10240", "10240"),
    ("64Gi", "68719476736", "64Gi"),
    ("7Ei", "8070450532247928832", "7Ei"),
    ("1E", "1e18", "1E"),
    ("1E3", "1000", "1k"),
    ("1e-3", "0.001", "1m"),
    ("1e+3", "1000", "1k"),
    ("16000m", "16", "16"),
    ("2048", "2048", "2048"),
    ("100k", "100000", "100k"),
    ("10P", "1e16", "10P"),
    ("3T", "3e12", "3T"),
    ("2Ti", "2199023255552", "2Ti"),
    ("1Pi", "1125899906842624", "1Pi"),
    ("+3", "3", "3"),
    ("-250m", "-0.25", "-250m"),
    ("9223372036854775807", "9223372036854775807", "9223372036854775807"),
    ("0.1n", "1e-9", "1n"),  # finer than a nano: up
    ("-0.1n", "-1e-9", "-1n"),
    ("1.0000000001", "1.000000001", "1000000001n"),
    ("1e-999999999999", "1e-9", "1n"),
]

NOT_QUANTITIES = [
    "", " ", "2 ", " 2", "2\n", "\x002", "1K", "1ki", "1kI", "1mi", "1gb", "1GiB", "1e", "1e2.5", "e3", ".", "+", "-", "--1", "1.2.3",
    "1,5", "1_000", "0x10", "inf", "nan", ".inf", "1 Gi", "1Gi ", "٣", "１", "1e٣", "1Kii", "1e3k", "1nn", "1:30", "true",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "canonical"), KNOWN)
def test_a_quantity_is_read_exactly_and_written_in_one_form(text, value, canonical):
    assert quantities.parse(text) == Decimal(value)
    assert quantities.format(quantities.parse(text)) == canonical


@pytest.mark.parametrize("text", NOT_QUANTITIES)
def test_what_is_no_quantity_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="is not a quantity; expected a number"):
        quantities.parse(text)


@pytest.mark.parametrize("text", ["8Ei", "10E", "9223372036854775808", "1e30", "1e999999999999", "-1e30", "9" * 30])
def test_more_than_kubernetes_can_hold_is_refused(text):
    with pytest.raises(ValueError, match="more than Kubernetes can hold"):
        quantities.parse(text)


def test_thousands_of_digits_are_refused_before_any_arithmetic():
    with pytest.raises(ValueError, match="too long for a quantity: 5000 characters"):
        quantities.parse("9" * 5000)


def test_a_fraction_prints_without_trailing_zeros():
    assert str(quantities.parse("500m")) == "0.5"
    assert str(quantities.parse("1e3")) == "1000"


@given(st.decimals(min_value=-(2**62), max_value=2**62, places=9))
def test_writing_and_reading_is_the_identity(value):
    assert quantities.parse(quantities.format(value)) == value


@given(st.lists(st.integers(min_value=0, max_value=2**40).map(lambda nanos: Decimal(nanos).scaleb(-9)), max_size=20))
def test_sums_are_exact(values):
    whole = sum(int(value.scaleb(9)) for value in values)
    assert sum(values, Decimal(0)).scaleb(9) == whole


@given(st.text(max_size=80))
def test_any_text_is_a_quantity_or_a_sentence(text):
    answer = answer_to(text)
    assert len(answer) < 200 if isinstance(answer, str) else answer.is_finite() and text.isascii()


def answer_to(text: str) -> Decimal | str:
    try:
        return quantities.parse(text)
    except ValueError as refusal:
        return str(refusal)
